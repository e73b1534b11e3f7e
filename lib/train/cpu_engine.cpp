// SPDX-License-Identifier: Apache-2.0
#include "train/cpu_engine.hpp"

#include <array>
#include <chrono>
#include <cmath>

#include "base/error.hpp"
#include "train/gemm.hpp"
#include "train/gradient_check.hpp"
#include "train/layers/loss.hpp"
#include "train/models/model.hpp"

namespace hpo::train {
namespace {

std::span<float> values_of(const Tensor& tensor, const AlignedBuffer& buffer) {
  return buffer.span().subspan(static_cast<std::size_t>(tensor.offset),
                               static_cast<std::size_t>(tensor.size));
}

void add_views(const TensorTable& table, const AlignedBuffer& buffer, const std::string& prefix,
               std::vector<StateView>& views) {
  for (const Tensor& tensor : table.tensors())
    views.push_back({prefix + tensor.name, tensor.shape, values_of(tensor, buffer)});
}

}  // namespace

CpuEngine::CpuEngine(const Config& config, const Shape& inputs, std::int64_t outputs, std::uint64_t seed,
                     comm::Communicator& world)
    : config_(config.optimizer),
      task_(config.data.task),
      outputs_(outputs),
      seed_(seed),
      world_(world),
      network_(models::make_architecture(config.model, inputs, outputs)),
      optimizer_(optim::find_optimizer(config.optimizer.kind)) {
  const layers::Tables& tables = network_.tables();
  parameters_ = AlignedBuffer(tables.parameters.extent());
  gradients_ = AlignedBuffer(tables.parameters.extent());
  statistics_ = AlignedBuffer(tables.statistics.extent());
  for (std::size_t i = 0; i < optimizer_.state.size(); ++i)
    optimizer_state_.emplace_back(tables.parameters.extent());
  initialize(tables.parameters, parameters_.span(), seed);
  initialize(tables.statistics, statistics_.span(), seed);
}

std::int64_t CpuEngine::parameter_count() const {
  return network_.tables().parameters.element_count();
}

layers::Pass CpuEngine::pass(const Batch& batch, bool training) {
  return {.training = training,
          .count = batch.count,
          .sample_ids = batch.sample_ids,
          .epoch = batch.epoch,
          .seed = seed_,
          .world = &world_,
          .parameters = parameters_.data(),
          .gradients = gradients_.data(),
          .statistics = statistics_.data()};
}

BatchSums CpuEngine::loss(const Batch& batch, const float* outputs, float* gradient) const {
  return task_ == Task::classification
             ? layers::cross_entropy(batch.count, outputs_, outputs, batch.labels, gradient)
             : layers::half_squared_error(batch.count, outputs_, outputs, batch.targets, gradient);
}

BatchSums CpuEngine::forward_backward(const Batch& batch) {
  const layers::Pass training = pass(batch, true);
  float* outputs = network_.forward(training, batch.inputs);
  const BatchSums sums = loss(batch, outputs, outputs);
  network_.backward(training, batch.inputs, outputs);
  return sums;
}

BatchSums CpuEngine::evaluate(const Batch& batch) {
  return loss(batch, network_.forward(pass(batch, false), batch.inputs), nullptr);
}

void CpuEngine::begin_step(const StepInput& input) {
  const auto started = std::chrono::steady_clock::now();
  const BatchSums mine = forward_backward(input.batch);
  const std::chrono::duration<double, std::milli> own = std::chrono::steady_clock::now() - started;
  std::array<double, 6> sums{mine.loss,      mine.errors,    static_cast<double>(mine.samples),
                             input.votes[0], input.votes[1], input.votes[2]};
  world_.all_reduce(std::span<double>(sums), comm::Op::sum);
  report_ = step(static_cast<std::int64_t>(sums[2]), input.lr, input.clip_norm);
  report_.sums = {.loss = sums[0], .errors = sums[1], .samples = static_cast<std::int64_t>(sums[2])};
  report_.votes = {sums[3], sums[4], sums[5]};
  report_.own_ms = own.count();
}

StepReport CpuEngine::end_step() {
  return report_;
}

StepReport CpuEngine::step(std::int64_t global_count, double lr, double clip_norm) {
  HPO_CHECK(global_count > 0, "a step over no samples");
  // Afterwards every rank has everybody's infinities, so whose they were is found out before.
  const auto [own_count, own_culprit] = own_non_finite();
  world_.all_reduce(gradients_.span(), comm::Op::sum);
  const GradientCheck check = check_gradient(gradients_.span());
  StepReport report;
  report.own_non_finite = own_count;
  report.own_culprit = own_culprit;
  report.non_finite = check.non_finite;
  report.gradient_norm = std::sqrt(check.sum_of_squares) / static_cast<double>(global_count);
  if (report.non_finite > 0) return report;
  report.clipped = clip_norm > 0 && report.gradient_norm > clip_norm;
  update((report.clipped ? clip_norm / report.gradient_norm : 1) / static_cast<double>(global_count), lr);
  network_.commit(statistics_.data());
  return report;
}

std::pair<std::int64_t, std::string> CpuEngine::own_non_finite() const {
  const std::int64_t count = check_gradient(gradients_.span()).non_finite;
  if (count == 0) return {0, ""};
  for (const Tensor& tensor : network_.tables().parameters.tensors())
    if (check_gradient(values_of(tensor, gradients_)).non_finite > 0) return {count, tensor.name};
  return {count, ""};
}

void CpuEngine::update(double factor, double lr) {
  ++step_;
  std::vector<float*> state(optimizer_state_.size());
  for (const Tensor& tensor : network_.tables().parameters.tensors()) {
    for (std::size_t i = 0; i < state.size(); ++i) state[i] = optimizer_state_[i].data() + tensor.offset;
    optimizer_.update(config_, {.size = tensor.size,
                                .parameters = parameters_.data() + tensor.offset,
                                .gradients = gradients_.data() + tensor.offset,
                                .state = state,
                                .factor = static_cast<float>(factor),
                                .lr = lr,
                                .weight_decay = tensor.decay ? config_.weight_decay : 0,
                                .step = step_});
  }
  step_parts_ = optim::split_step(step_);
}

std::vector<StateView> CpuEngine::state() {
  std::vector<StateView> views;
  add_views(network_.tables().parameters, parameters_, "", views);
  add_views(network_.tables().statistics, statistics_, "", views);
  for (std::size_t i = 0; i < optimizer_state_.size(); ++i)
    add_views(network_.tables().parameters, optimizer_state_[i],
              optimizer_.name + "." + optimizer_.state[i] + ".", views);
  views.push_back({optimizer_.name + ".step", {2}, step_parts_});
  return views;
}

std::vector<StateView> CpuEngine::gradients() {
  std::vector<StateView> views;
  add_views(network_.tables().parameters, gradients_, "", views);
  return views;
}

void CpuEngine::state_changed() {
  step_ = optim::join_step(step_parts_);
}

std::string CpuEngine::describe() const {
  return "cpu, " + gemm_backend().describe + " matrix product";
}

}  // namespace hpo::train
