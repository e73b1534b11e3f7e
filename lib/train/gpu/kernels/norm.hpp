// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/kernels/columns.hpp"

/// Batch norm and layer norm, as layers::batch_norm and layer_norm compute them. A row is one position of one
/// sample; `samples` in device memory says how many samples of `rows / positions` are there, the rows behind
/// them count for nothing and get a derivative of 0. Sums are doubles.
namespace hpo::train::gpu {

constexpr double kNormEpsilon = 1e-5;
constexpr double kNormMomentum = 0.1;

/// parts (kColumnChunks x 2 channels): sums of x, then of x^2, of each chunk of rows.
template <class T>
struct Moments {
  std::int64_t rows, channels, positions;
  const std::int64_t* samples;
  const T* x;
  double* parts;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// sums (2 channels + 1) = the parts of Moments added up, then the number of rows that are there: what the
/// ranks add up.
struct FinishMoments {
  std::int64_t channels, positions;
  const std::int64_t* samples;
  const double* parts;
  double* sums;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// y = (x - mean) / deviation * weight + bias. From `sums` of all ranks in training, from the running
/// statistics (sums = null) in evaluation.
template <class T, class Master>
struct BatchNormForward {
  std::int64_t rows, channels;
  const double* sums;
  const Master* running_mean;
  const Master* running_variance;
  const Master* weight;
  const Master* bias;
  const T* x;
  T* y;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// parts (kColumnChunks x 2 channels): sums of dy, then of dy (x - mean) / deviation, of each chunk of rows.
template <class T>
struct BatchNormGradientSums {
  std::int64_t rows, channels, positions;
  const std::int64_t* samples;
  const double* sums;  ///< of Moments, all ranks'
  const T* x;
  const T* dy;
  double* parts;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// From the parts of this rank: gradient_sums (2 channels, what the ranks add up), and the parameters' own
/// gradients: bias_gradient = sums of dy, weight_gradient = sums of dy (x - mean) / deviation.
template <class Master>
struct FinishBatchNormGradient {
  std::int64_t channels;
  const double* parts;
  double* gradient_sums;
  Master* weight_gradient;
  Master* bias_gradient;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// dx = weight / deviation (dy - mean(dy) - (x - mean) / deviation mean(dy (x - mean) / deviation)), means
/// over all ranks' rows. dx may be dy.
template <class T, class Master>
struct BatchNormBackward {
  std::int64_t rows, channels, positions;
  const std::int64_t* samples;
  const double* sums;           ///< of Moments, all ranks'
  const double* gradient_sums;  ///< all ranks'
  const Master* weight;
  const T* x;
  const T* dy;
  T* dx;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// Running statistics move by kNormMomentum towards those of the batch, the variance unbiased; not at all
/// when *apply is 0 (the step was not taken).
template <class Master>
struct BatchNormCommit {
  std::int64_t channels;
  const std::int32_t* apply;
  const double* sums;
  Master* running_mean;
  Master* running_variance;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// normal = (x - mean) / deviation of its row; y = normal * weight + bias; inverse (rows) = 1 / deviation.
template <class T, class Master>
struct LayerNormForward {
  std::int64_t rows, channels;
  const Master* weight;
  const Master* bias;
  const T* x;
  T* y;
  T* normal;
  Work<T>* inverse;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// dx = inverse (dy weight - mean(dy weight) - normal mean(dy weight normal)), means over the row. dx may be
/// dy.
template <class T, class Master>
struct LayerNormBackward {
  std::int64_t rows, channels;
  const Master* weight;
  const T* normal;
  const Work<T>* inverse;
  const T* dy;
  T* dx;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// parts (kColumnChunks x 2 channels): sums of dy, then of dy normal, by chunks of rows: layer norm's
/// bias and weight gradients before FinishBatchNormGradient adds them up (gradient_sums = null).
template <class T>
struct LayerNormGradientSums {
  std::int64_t rows, channels;
  const T* normal;
  const T* dy;
  double* parts;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

}  // namespace hpo::train::gpu
