// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "train/tensor.hpp"

namespace hpo::train::layers {

enum class Kind { linear, channels_last, convolution_pool, relu, gelu, dropout, batch_norm, layer_norm };

/// One layer as every backend is told of it. Samples are rows, row-major; images are height x width x
/// channels (channels last, so that loops over channels are contiguous). What each kind computes: layer.hpp.
struct Spec {
  Kind kind = Kind::linear;
  Shape input, output;  ///< of one sample
  /// Where its tensors begin in the flat buffers, in floats; -1: it has none. `weight` and `bias` among the
  /// parameters, the running ones among the statistics.
  std::int64_t weight = -1, bias = -1, running_mean = -1, running_variance = -1;
  double rate = 0;          ///< dropout: the share that is set to 0
  std::uint32_t place = 0;  ///< in the chain, from 0: with the sample it keys the dropout mask
};

/// Where layers enter the tensors they own while a network is put together.
struct Tables {
  TensorTable parameters;  ///< trained: there is a gradient of the same layout
  TensorTable statistics;  ///< kept: batch norm's running mean and variance
};

}  // namespace hpo::train::layers
