// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "train/cuda/abi.hpp"

namespace hpo::train::cuda {

/// The engine of this rank on GPU `number` among the visible ones, in the precision that the configuration
/// asks for; several ranks add up by NCCL. Collective. Throws Error.
[[nodiscard]] std::unique_ptr<Engine> make_cuda_engine(const Request& request, int number);

}  // namespace hpo::train::cuda
