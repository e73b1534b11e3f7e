// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(__CUDACC__)
/// A function for the GPU and for the CPU: kernels are written with these alone, so that what they compute is
/// tested where there is no GPU.
#define HPO_BOTH __host__ __device__
#else
#define HPO_BOTH
#endif
