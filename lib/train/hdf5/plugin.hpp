// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/data.hpp"

namespace hpo::train::hdf5 {

inline constexpr const char* kPluginFile = "libhpo_hdf5_data.so";
/// The one symbol of the plug-in, with the number of its interface: to be raised when DataConfig or Samples
/// change.
inline constexpr const char* kReadSymbol = "hpo_read_hdf5_1";

/// Reads config.inputs and config.target of the file config.path. Inputs: numbers, samples along the first
/// dimension, 2 dimensions (features), 3 (images) or 4 (images with channels first); unsigned bytes stay
/// bytes. Targets: class numbers in one dimension, or for regression numbers in one or two. Throws Error
/// naming file and data set.
using ReadFunction = void(const DataConfig& config, Samples& samples);

}  // namespace hpo::train::hdf5
