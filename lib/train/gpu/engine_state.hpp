// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "train/gpu/engine.hpp"

/// How the engine is made, and how its state comes and goes.
namespace hpo::train::gpu {

template <class Device, class Numbers>
GpuEngine<Device, Numbers>::GpuEngine(const Setup& setup, Device& device, CollectiveLog<Device>& collectives)
    : setup_(setup),
      device_(device),
      collectives_(collectives),
      optimizer_(optim::find_optimizer(setup.optimizer.kind)),
      plan_(plan_buckets(tables().parameters, collectives.size(), setup.link, sizeof(Master))),
      shards_(plan_shards(plan_, collectives.size(), collectives.rank())),
      compute_(device.make_stream()),
      copies_(device.make_stream()),
      collective_stream_(device.make_stream(Priority::high)),
      parameters_(device, plan_.extent),
      gradients_(device, plan_.extent),
      statistics_(device, tables().statistics.extent()),
      decay_(device, plan_.extent / 16),
      loss_parts_(device, 2 * kLossBlocks),
      check_parts_(device, static_cast<std::int64_t>(plan_.buckets.size()) * 2 * kCheckBlocks),
      shard_parts_(device, 2),
      order_(device, 1),
      scalars_(device, 1),
      outcome_(device, 1),
      stamps_(device, 2),
      host_parameters_(plan_.extent),
      host_statistics_(tables().statistics.extent()) {
  const std::int64_t own = is_sharded() ? shards_.own_extent : plan_.extent;
  if (collectives.size() > 1) reduced_ = {device, own};
  if (!std::is_same_v<T, Master>) copy_ = {device, plan_.extent};
  for (std::size_t i = 0; i < optimizer_.state.size(); ++i) {
    optimizer_state_.emplace_back(device, own);
    host_optimizer_state_.emplace_back(plan_.extent);
  }
  std::vector<std::uint8_t> decay(static_cast<std::size_t>(plan_.extent / 16));
  for (const Tensor& tensor : tables().parameters.tensors())
    std::fill_n(decay.begin() + tensor.offset / 16, tensor.decay ? (tensor.size + 15) / 16 : 0,
                std::uint8_t{1});
  device.copy(compute_, decay_.data(), decay.data(), decay.size());
  device.synchronize(compute_);

  make_slots();
  const T* weights = copy_.size() > 0 ? copy_.data() : weights_of(parameters_.data());
  network_ = std::make_unique<Network<Device, Numbers>>(
      setup_.architecture, setup_.rows, setup_.products, device,
      Buffers<Numbers>{.parameters = parameters_.data(),
                       .weights = weights,
                       .gradients = gradients_.data(),
                       .statistics = statistics_.data(),
                       .samples = &order_.data()->samples,
                       .dropout_key = &order_.data()->dropout_key,
                       .apply = &scalars_.data()->apply},
      [this](double* sums, std::int64_t size) { sum_over_ranks(sums, size); });

  initialize(tables().parameters, host_parameters_.span(), setup_.seed);
  initialize(tables().statistics, host_statistics_.span(), setup_.seed);
  state_changed();
}

template <class Device, class Numbers>
GpuEngine<Device, Numbers>::~GpuEngine() = default;

template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::make_slots() {
  const auto rows = static_cast<std::size_t>(setup_.rows);
  const auto place = [this](std::size_t bytes) {
    const std::size_t begin = places_.end;
    places_.end = (begin + bytes + 255) / 256 * 256;
    return begin;
  };
  places_.inputs = place(rows * static_cast<std::size_t>(features()) * sizeof(float));
  places_.targets = place(rows * target_bytes());
  places_.ids = place(rows * sizeof(std::uint64_t));
  places_.rows = place(rows * sizeof(std::uint32_t));
  places_.order = place(sizeof(StepOrder));
  for (Slot& slot : slots_) {
    slot.device = {device_, static_cast<std::int64_t>(places_.end)};
    slot.host = device_.pinned(places_.end);
    slot.outcome = device_.pinned(sizeof(StepOutcome) + stamps_.bytes());
    slot.copied = device_.make_event();
    slot.done = device_.make_event();
  }
}

template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::keep(const SampleTable& table) {
  HPO_CHECK(under_way_.empty() && !slots_[0].has_run, "samples after the first step");
  const std::int64_t row_bytes =
      table.features * (table.bytes != nullptr ? 1 : static_cast<std::int64_t>(sizeof(float)));
  const std::int64_t bytes = table.count * (row_bytes + static_cast<std::int64_t>(target_bytes()));
  // The rest stays for what libraries take later, and for other ranks that share the device.
  if (bytes > static_cast<std::int64_t>(device_.free_memory() / 4)) return;
  samples_.emplace();
  samples_->table = table;
  samples_->inputs = {device_, table.count * row_bytes};
  samples_->targets = {device_, table.count * static_cast<std::int64_t>(target_bytes())};
  samples_->batch_inputs = {device_, setup_.rows * table.features};
  samples_->batch_targets = {device_, setup_.rows * static_cast<std::int64_t>(target_bytes())};
  device_.copy(compute_, samples_->inputs.data(),
               table.bytes != nullptr ? static_cast<const void*>(table.bytes) : table.values,
               samples_->inputs.bytes());
  device_.copy(compute_, samples_->targets.data(),
               table.labels != nullptr ? static_cast<const void*>(table.labels) : table.targets,
               samples_->targets.bytes());
  device_.synchronize(compute_);
}

template <class Device, class Numbers>
std::vector<StateView> GpuEngine<Device, Numbers>::state() {
  HPO_CHECK(under_way_.empty(), "the state while a step is under way");
  next_event_ = 0;
  download(host_parameters_.span(), parameters_.data());
  download(host_statistics_.span(), statistics_.data());
  for (std::size_t i = 0; i < optimizer_state_.size(); ++i) {
    if (!is_sharded()) {
      download(host_optimizer_state_[i].span(), optimizer_state_[i].data());
      continue;
    }
    Array<Device, Master> whole(device_, plan_.extent);
    order(compute_, collective_stream_);
    gather_shards(collectives_, collective_stream_, shards_, optimizer_state_[i].data(), whole.data());
    collectives_.synchronize(collective_stream_);
    download(host_optimizer_state_[i].span(), whole.data());
  }
  StepScalars scalars;
  device_.copy(compute_, &scalars, scalars_.data(), sizeof scalars);
  device_.synchronize(compute_);
  step_parts_ = optim::split_step(scalars.step);

  std::vector<StateView> views;
  const auto add = [&](const TensorTable& table, const AlignedBuffer& buffer, const std::string& prefix) {
    for (const Tensor& tensor : table.tensors())
      views.push_back({prefix + tensor.name, tensor.shape,
                       buffer.span().subspan(static_cast<std::size_t>(tensor.offset),
                                             static_cast<std::size_t>(tensor.size))});
  };
  add(tables().parameters, host_parameters_, "");
  add(tables().statistics, host_statistics_, "");
  for (std::size_t i = 0; i < optimizer_state_.size(); ++i)
    add(tables().parameters, host_optimizer_state_[i], optimizer_.name + "." + optimizer_.state[i] + ".");
  views.push_back({optimizer_.name + ".step", {2}, step_parts_});
  return views;
}

template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::state_changed() {
  HPO_CHECK(under_way_.empty(), "a new state while a step is under way");
  upload(parameters_.data(), host_parameters_.span());
  upload(statistics_.data(), host_statistics_.span());
  for (std::size_t i = 0; i < optimizer_state_.size(); ++i) {
    if (!is_sharded()) {
      upload(optimizer_state_[i].data(), host_optimizer_state_[i].span());
      continue;
    }
    Array<Device, Master> whole(device_, plan_.extent);
    upload(whole.data(), host_optimizer_state_[i].span());
    take_shards(device_, compute_, shards_, static_cast<const Master*>(whole.data()),
                optimizer_state_[i].data());
    device_.synchronize(compute_);
  }
  const StepScalars scalars{.step = optim::join_step(step_parts_)};
  device_.copy(compute_, scalars_.data(), &scalars, sizeof scalars);
  if (copy_.size() > 0) launch(compute_, Convert<Master, T>{plan_.extent, parameters_.data(), copy_.data()});
  device_.synchronize(compute_);
}

template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::upload(Master* to, std::span<const float> from) {
  const std::vector<Master> values(from.begin(), from.end());
  device_.copy(compute_, to, values.data(), values.size() * sizeof(Master));
  device_.synchronize(compute_);
}

template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::download(std::span<float> to, const Master* from) {
  std::vector<Master> values(to.size());
  device_.copy(compute_, values.data(), from, values.size() * sizeof(Master));
  device_.synchronize(compute_);
  std::transform(values.begin(), values.end(), to.begin(), [](Master x) { return static_cast<float>(x); });
}

template <class Device, class Numbers>
std::vector<double> GpuEngine<Device, Numbers>::gradient() {
  std::vector<Master> values(static_cast<std::size_t>(tables().parameters.extent()));
  device_.copy(compute_, values.data(), gradients_.data(), values.size() * sizeof(Master));
  device_.synchronize(compute_);
  return {values.begin(), values.end()};
}

template <class Device, class Numbers>
std::string GpuEngine<Device, Numbers>::describe() const {
  return fmt::format("{}; {}; {} of {} activations in products; {}{}; {}{}", device_.describe(),
                     collectives_.name(), network_->fused(), network_->fusible(),
                     gpu::describe(plan_, sizeof(Master)), is_sharded() ? ", sharded optimiser" : "",
                     setup_.gpu.graph ? "one graph a step" : "no graph",
                     launches_ == 0 ? "" : fmt::format("; launches {}", setup_.gpu.graph ? 1 : launches_));
}

}  // namespace hpo::train::gpu
