// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/device.hpp"

/// Products and convolutions as device.hpp defines them, on the CPU: float64 in plain loops, float32 by the
/// trainer's sgemm, bfloat16 from exact inputs with float32 sums, each result rounded once.
namespace hpo::train::gpu {

void multiply_on_host(const ProductSpec& spec, const ProductCall& call);
void convolve_on_host(const ConvolutionSpec& spec, ConvolutionPass pass, const ConvolutionCall& call);

}  // namespace hpo::train::gpu
