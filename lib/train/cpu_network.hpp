// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "train/layers/layer.hpp"
#include "train/models/architecture.hpp"
#include "train/tensor.hpp"

namespace hpo::train {

/// An architecture on the CPU: its layers and the memory between them.
class CpuNetwork {
 public:
  explicit CpuNetwork(models::Architecture architecture);

  [[nodiscard]] const layers::Tables& tables() const { return architecture_.tables(); }

  /// The last layer's output, pass.count rows; belongs to the network until the next call, and may be
  /// overwritten.
  float* forward(const layers::Pass& pass, const float* inputs);
  /// After forward with the same pass and inputs, from the derivative by its output: sets all of
  /// pass.gradients.
  void backward(const layers::Pass& pass, const float* inputs, const float* output_gradient);
  void commit(float* statistics);

 private:
  /// The values that layer i reads and writes.
  [[nodiscard]] const float* input_of(std::size_t i, const float* inputs) const;
  [[nodiscard]] float* output_of(std::size_t i) const { return values_[slots_[i]].data(); }

  models::Architecture architecture_;
  std::vector<std::unique_ptr<layers::Layer>> layers_;
  std::vector<std::size_t> slots_;  ///< by layer: its output's place in values_; an in-place layer shares
  std::vector<AlignedBuffer> values_;
  std::int64_t widest_ = 0;     ///< of all outputs, floats a sample
  AlignedBuffer gradients_[2];  ///< of values: the one coming in and the one going out
};

}  // namespace hpo::train
