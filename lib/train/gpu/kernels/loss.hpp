// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"

/// Losses. `samples` in device memory says how many of the `rows` are there: the rows behind them have no
/// loss and a derivative of 0, so a launch of one shape serves every share of a batch. Sums are doubles and
/// come in a fixed order: partial sums of each block, then AddUp.
namespace hpo::train::gpu {

constexpr std::int64_t kLossBlocks = 256;

/// Cross-entropy of softmax(logits) (rows x classes) with the labels, in nats; gradient = softmax - one-hot,
/// which may be `logits`; null in evaluation. parts (kLossBlocks x 2): loss and errors of each block; a
/// sample whose largest logit (the first of equals) is not its label, or that has a NaN, is an error. A label
/// that is no class gives a NaN.
template <class T>
struct CrossEntropy {
  std::int64_t rows, classes;
  const std::int64_t* samples;
  const T* logits;
  const std::int32_t* labels;
  T* gradient;
  double* parts;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// |prediction - target|^2 / 2 summed over outputs; gradient = prediction - target; errors: squared error.
template <class T, class Target>
struct SquaredError {
  std::int64_t rows, outputs;
  const std::int64_t* samples;
  const T* predictions;
  const Target* targets;
  T* gradient;
  double* parts;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// sums[j] = the sum over i of parts[i * width + j], in one block.
struct AddUp {
  std::int64_t parts_count, width;
  const double* parts;
  double* sums;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

}  // namespace hpo::train::gpu
