// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.hpp"
#include "train/gpu/engine.hpp"

/// How the engine makes its steps.
namespace hpo::train::gpu {

inline OptimizerKind optimizer_kind(const std::string& name) {
  if (name == "sgd") return OptimizerKind::sgd;
  if (name == "adam") return OptimizerKind::adam;
  if (name == "adamw") return OptimizerKind::adamw;
  HPO_CHECK(name == "rmsprop", "an optimiser that the GPU half does not know");
  return OptimizerKind::rmsprop;
}

template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::begin_step(const StepInput& input) {
  const Batch& batch = input.batch;
  HPO_CHECK(under_way_.size() < kSlots, "a step is begun before the one two steps earlier has ended");
  HPO_CHECK(batch.count <= setup_.rows, "a share larger than the engine was made for");
  Slot& slot = slots_[next_slot_];
  next_slot_ = (next_slot_ + 1) % kSlots;
  load(slot, batch,
       {.samples = batch.count,
        .dropout_key = mix(setup_.seed, Purpose::dropout, batch.epoch),
        .lr = input.lr,
        .clip_norm = input.clip_norm,
        .votes = {input.votes[0], input.votes[1], input.votes[2]}});
  device_.record(*slot.copied, copies_);
  device_.wait(compute_, *slot.copied);
  // A slot's first step is enqueued as it is: libraries load and allocate then, which a capture must not do.
  if (!setup_.gpu.graph || !std::exchange(slot.has_run, true)) {
    enqueue(slot);
  } else {
    if (!slot.graph) {
      collectives_.begin_list();
      slot.graph = device_.capture(compute_, [&] { enqueue(slot); });
      slot.collectives = collectives_.end_list();
    }
    device_.replay(compute_, *slot.graph);
    collectives_.replayed(slot.collectives);
  }
  device_.record(*slot.done, compute_);
  under_way_.push_back(&slot);
}

template <class Device, class Numbers>
StepReport GpuEngine<Device, Numbers>::end_step() {
  HPO_CHECK(!under_way_.empty(), "no step is under way");
  const Slot& slot = *under_way_.front();
  collectives_.wait(*slot.done);
  under_way_.pop_front();
  StepOutcome outcome;
  std::array<std::uint64_t, 2> stamps{};
  std::memcpy(&outcome, slot.outcome->data(), sizeof outcome);
  std::memcpy(stamps.data(), slot.outcome->data() + sizeof outcome, sizeof stamps);
  StepReport report;
  report.sums = {.loss = outcome.sums.loss,
                 .errors = outcome.sums.errors,
                 .samples = static_cast<std::int64_t>(outcome.sums.samples)};
  report.votes = {outcome.sums.votes[0], outcome.sums.votes[1], outcome.sums.votes[2]};
  report.gradient_norm = std::sqrt(outcome.sum_of_squares) / outcome.sums.samples;
  report.non_finite = outcome.non_finite;
  report.own_non_finite = outcome.own_non_finite;
  for (const Tensor& tensor : tables().parameters.tensors())
    if (outcome.own_culprit >= tensor.offset && outcome.own_culprit < tensor.offset + tensor.size)
      report.own_culprit = tensor.name;
  report.clipped = outcome.non_finite == 0 && slot.clip_norm > 0 && report.gradient_norm > slot.clip_norm;
  report.own_ms = 1e-6 * static_cast<double>(stamps[1] - stamps[0]);
  return report;
}

template <class Device, class Numbers>
BatchSums GpuEngine<Device, Numbers>::evaluate(const Batch& batch) {
  HPO_CHECK(under_way_.empty(), "an evaluation while a step is under way");
  BatchSums sums;
  const auto width = static_cast<std::int64_t>(features());
  for (std::int64_t first = 0; first < batch.count; first += setup_.rows) {
    Batch piece = batch;
    piece.count = std::min(setup_.rows, batch.count - first);
    if (piece.inputs != nullptr) piece.inputs += first * width;
    if (piece.rows != nullptr) piece.rows += first;
    if (piece.labels != nullptr) piece.labels += first;
    if (piece.targets != nullptr) piece.targets += first * setup_.outputs;
    if (piece.sample_ids != nullptr) piece.sample_ids += first;
    Slot& slot = slots_[0];
    load(slot, piece, {.samples = piece.count});
    order(copies_, compute_);
    begin_operations(slot);
    network_->enqueue_forward(compute_, false);
    enqueue_loss(slot, false);
    device_.copy(compute_, slot.outcome->data(), outcome_.data(), sizeof(StepOutcome));
    device_.synchronize(compute_);
    StepOutcome outcome;
    std::memcpy(&outcome, slot.outcome->data(), sizeof outcome);
    sums.loss += outcome.sums.loss;
    sums.errors += outcome.sums.errors;
    sums.samples += piece.count;
  }
  return sums;
}

/// The slot's step has ended, so neither its host nor its device memory is read any more.
template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::load(Slot& slot, const Batch& batch, const StepOrder& order) {
  const auto count = static_cast<std::size_t>(batch.count);
  std::byte* host = slot.host->data();
  const auto bring = [&](const void* from, std::size_t place, std::size_t row_bytes) {
    if (from != nullptr && count > 0) {
      std::memcpy(host + place, from, count * row_bytes);
      device_.copy(copies_, slot.device.data() + place, host + place, count * row_bytes);
    }
    // What an earlier, larger share has left in the dead rows might not be finite.
    if (slot.filled > batch.count)
      device_.zero(copies_, slot.device.data() + place + count * row_bytes,
                   static_cast<std::size_t>(slot.filled - batch.count) * row_bytes);
  };
  if (samples_) {
    HPO_CHECK(batch.rows != nullptr || count == 0, "a batch without rows for an engine that has the samples");
    for (std::int64_t i = 0; i < batch.count; ++i)
      HPO_CHECK(batch.rows[i] < samples_->table.count, "a row that is not in the table");
    bring(batch.rows, places_.rows, sizeof(std::uint32_t));
  } else if (setup_.task == Task::classification) {
    for (std::int64_t i = 0; i < batch.count; ++i)
      HPO_CHECK(batch.labels[i] >= 0 && batch.labels[i] < setup_.outputs, "a label is not a class number");
    bring(batch.labels, places_.targets, sizeof(std::int32_t));
  } else {
    bring(batch.targets, places_.targets, static_cast<std::size_t>(setup_.outputs) * sizeof(float));
  }
  if (!samples_) bring(batch.inputs, places_.inputs, static_cast<std::size_t>(features()) * sizeof(float));
  bring(batch.sample_ids, places_.ids, sizeof(std::uint64_t));
  std::memcpy(host + places_.order, &order, sizeof order);
  device_.copy(copies_, slot.device.data() + places_.order, host + places_.order, sizeof order);
  slot.filled = batch.count;
  slot.clip_norm = order.clip_norm;
}

template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::begin_operations(Slot& slot) {
  next_event_ = 0;
  std::byte* device = slot.device.data();
  network_->set_batch(
      samples_ ? samples_->batch_inputs.data() : reinterpret_cast<const float*>(device + places_.inputs),
      reinterpret_cast<const std::uint64_t*>(device + places_.ids));
  launch(compute_, EnterOrder{reinterpret_cast<const StepOrder*>(device + places_.order), order_.data(),
                              outcome_.data()});
  if (samples_) enqueue_gather(slot);
}

template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::enqueue_gather(const Slot& slot) {
  const auto* rows = reinterpret_cast<const std::uint32_t*>(slot.device.data() + places_.rows);
  const std::int64_t* samples = &order_.data()->samples;
  const SampleTable& table = samples_->table;
  const auto gather = [&]<class From, class To>(std::int64_t width, const std::byte* from, To* to) {
    launch(compute_, Gather<From, To>{setup_.rows, width, samples, rows, reinterpret_cast<const From*>(from),
                                      table.scale, table.shift, to});
  };
  if (table.bytes != nullptr)
    gather.template operator()<std::uint8_t>(features(), samples_->inputs.data(),
                                             samples_->batch_inputs.data());
  else
    gather.template operator()<float>(features(), samples_->inputs.data(), samples_->batch_inputs.data());
  std::byte* targets = samples_->batch_targets.data();
  if (setup_.task == Task::classification)
    gather.template operator()<std::int32_t>(1, samples_->targets.data(),
                                             reinterpret_cast<std::int32_t*>(targets));
  else
    gather.template operator()<float>(setup_.outputs, samples_->targets.data(),
                                      reinterpret_cast<float*>(targets));
}

template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::enqueue(Slot& slot) {
  launches_ = network_->launches();
  launch(compute_, Stamp{stamps_.data()});
  begin_operations(slot);
  network_->enqueue_forward(compute_, true);
  enqueue_loss(slot, true);
  // While the backward pass runs, and ahead of the gradient on the same stream: one order on all ranks.
  order(compute_, collective_stream_);
  auto* sums = reinterpret_cast<double*>(&outcome_.data()->sums);
  if (ranks() > 1) collectives_.all_reduce(collective_stream_, sums, sums, sizeof(StepSums) / sizeof(double));
  next_bucket_ = 0;
  network_->enqueue_backward(compute_, [&](std::int64_t offset) {
    const auto& tensors = tables().parameters.tensors();
    const std::size_t first = next_bucket_;
    while (next_bucket_ < plan_.buckets.size() &&
           tensors[plan_.buckets[next_bucket_].last_tensor].offset >= offset) {
      if (next_bucket_ == first) order(compute_, collective_stream_);
      enqueue_bucket(next_bucket_++);
    }
  });
  HPO_CHECK(next_bucket_ == plan_.buckets.size(), "a bucket that no layer completes");
  launch(compute_, Stamp{stamps_.data() + 1});
  order(collective_stream_, compute_);
  enqueue_update();
  device_.copy(compute_, slot.outcome->data(), outcome_.data(), sizeof(StepOutcome));
  device_.copy(compute_, slot.outcome->data() + sizeof(StepOutcome), stamps_.data(), stamps_.bytes());
}

template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::enqueue_loss(Slot& slot, bool training) {
  const std::byte* targets = targets_of(slot);
  T* gradient = training ? network_->output_gradient() : nullptr;
  const std::int64_t* samples = &order_.data()->samples;
  if (setup_.task == Task::classification)
    launch(compute_,
           CrossEntropy<T>{setup_.rows, setup_.outputs, samples, network_->outputs(),
                           reinterpret_cast<const std::int32_t*>(targets), gradient, loss_parts_.data()});
  else
    launch(compute_,
           SquaredError<T, float>{setup_.rows, setup_.outputs, samples, network_->outputs(),
                                  reinterpret_cast<const float*>(targets), gradient, loss_parts_.data()});
  launch(compute_, AddUp{kLossBlocks, 2, loss_parts_.data(), &outcome_.data()->sums.loss});
}

/// On the collectives' stream: the sum over the ranks, and whether it is finite and how long.
template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::enqueue_bucket(std::size_t index) {
  const Bucket& bucket = plan_.buckets[index];
  double* parts = check_parts_.data() + static_cast<std::int64_t>(index) * 2 * kCheckBlocks;
  const Master* own = gradients_.data() + bucket.offset;
  collectives_.next_is_bucket(static_cast<std::int32_t>(index));
  if (is_sharded()) {
    const Shard& shard = shards_.shards[index];
    collectives_.reduce_scatter(collective_stream_, own, reduced_.data() + shard.own_offset, shard.size);
    launch(collective_stream_, CheckGradient<Master>{shard.size, reduced_.data() + shard.own_offset, parts});
    return;
  }
  if (ranks() > 1)
    collectives_.all_reduce(collective_stream_, own, reduced_.data() + bucket.offset, bucket.size);
  launch(collective_stream_, CheckGradient<Master>{bucket.size, sum_of_gradients() + bucket.offset, parts});
}

template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::enqueue_update() {
  auto parts_count = static_cast<std::int64_t>(plan_.buckets.size()) * kCheckBlocks;
  const double* parts = check_parts_.data();
  if (is_sharded()) {
    launch(compute_, AddUp{parts_count, 2, parts, shard_parts_.data()});
    sum_over_ranks(shard_parts_.data(), 2);
    parts_count = 1;
    parts = shard_parts_.data();
  }
  launch(compute_, Decide{parts_count, parts, &outcome_.data()->sums.samples, order_.data(),
                          setup_.optimizer.beta1, setup_.optimizer.beta2, scalars_.data(), outcome_.data()});
  launch(compute_, FindCulprit<Master>{plan_.extent, gradients_.data(), outcome_.data()});
  if (!is_sharded()) {
    update_range(0, plan_.extent, sum_of_gradients(), 0);
  } else {
    for (const Shard& shard : shards_.shards)
      update_range(shard.offset, shard.size, reduced_.data() + shard.own_offset, shard.own_offset);
    order(compute_, collective_stream_);
    for (const Shard& shard : shards_.shards)
      collectives_.all_gather(collective_stream_, parameters_.data() + shard.offset,
                              parameters_.data() + shard.bucket_offset, shard.size);
    order(collective_stream_, compute_);
    if (copy_.size() > 0)
      launch(compute_, Convert<Master, T>{plan_.extent, parameters_.data(), copy_.data()});
  }
  network_->enqueue_commit(compute_);
}

/// `gradients` of the range, and where the range's state lies.
template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::update_range(std::int64_t offset, std::int64_t size, const Master* gradients,
                                              std::int64_t state_offset) {
  const OptimizerConfig& config = setup_.optimizer;
  const auto state = [&](std::size_t i) {
    return i < optimizer_state_.size() ? optimizer_state_[i].data() + state_offset : nullptr;
  };
  T* copy = copy_.size() > 0 && !is_sharded() ? copy_.data() + offset : nullptr;
  launch(compute_, Update<Master, T>{size, optimizer_kind(config.kind), static_cast<float>(config.momentum),
                                     static_cast<float>(config.alpha), static_cast<float>(config.beta1),
                                     static_cast<float>(config.beta2), static_cast<float>(config.eps),
                                     static_cast<float>(config.weight_decay), config.nesterov,
                                     scalars_.data(), decay_.data() + offset / 16, gradients,
                                     parameters_.data() + offset, state(0), state(1), copy});
}

/// In the middle of the compute stream, but on the collectives' stream: they have one order.
template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::sum_over_ranks(double* sums, std::int64_t size) {
  if (ranks() == 1) return;
  order(compute_, collective_stream_);
  collectives_.all_reduce(collective_stream_, sums, sums, size);
  order(collective_stream_, compute_);
}

template <class Device, class Numbers>
void GpuEngine<Device, Numbers>::order(Stream& earlier, Stream& later) {
  if (next_event_ == events_.size())
    events_.push_back(std::make_unique<typename Device::Event>(device_.make_event()));
  const auto& event = *events_[next_event_++];
  device_.record(event, earlier);
  device_.wait(later, event);
}

}  // namespace hpo::train::gpu
