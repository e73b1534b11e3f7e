// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "train/cpu_network.hpp"
#include "train/engine.hpp"
#include "train/layers/layer.hpp"
#include "train/optim/optimizer.hpp"
#include "train/tensor.hpp"

namespace hpo::train {

/// The engine in the calling thread, float32.
class CpuEngine : public Engine {
 public:
  /// As make_engine.
  CpuEngine(const Config& config, const Shape& inputs, std::int64_t outputs, std::uint64_t seed,
            comm::Communicator& world);

  [[nodiscard]] std::int64_t parameter_count() const override;
  void begin_step(const StepInput& input) override;
  [[nodiscard]] StepReport end_step() override;
  BatchSums evaluate(const Batch& batch) override;
  [[nodiscard]] std::vector<StateView> state() override;
  void state_changed() override;
  [[nodiscard]] std::string describe() const override;

  /// The halves of a step. The first leaves the SUM over its samples of the gradient in the flat buffer; the
  /// second adds the other ranks' to it, divides by `global_count`, clips, and applies the optimiser.
  BatchSums forward_backward(const Batch& batch);
  StepReport step(std::int64_t global_count, double lr, double clip_norm);
  /// The gradient of the last forward_backward, until step() adds the other ranks' to it, by tensor.
  [[nodiscard]] std::vector<StateView> gradients();

 private:
  [[nodiscard]] layers::Pass pass(const Batch& batch, bool training);
  [[nodiscard]] BatchSums loss(const Batch& batch, const float* outputs, float* gradient) const;
  [[nodiscard]] std::pair<std::int64_t, std::string> own_non_finite() const;
  void update(double factor, double lr);

  OptimizerConfig config_;
  Task task_;
  std::int64_t outputs_;
  std::uint64_t seed_;
  comm::Communicator& world_;
  CpuNetwork network_;
  const optim::Optimizer& optimizer_;
  AlignedBuffer parameters_, gradients_, statistics_;
  std::vector<AlignedBuffer> optimizer_state_;
  std::int64_t step_ = 0;
  std::array<float, 2> step_parts_{};  ///< step_ for state()
  StepReport report_;                  ///< of the step begun last
};

}  // namespace hpo::train
