// SPDX-License-Identifier: Apache-2.0
#include "train/gemm_backends.hpp"

namespace hpo::train {

SgemmFunction sgemm_eigen_v2, sgemm_eigen_v3, sgemm_eigen_v4;

GemmBackend gemm_eigen() {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return {"eigen", "eigen (x86-64-v4)", sgemm_eigen_v4};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {"eigen", "eigen (x86-64-v3)", sgemm_eigen_v3};
  return {"eigen", "eigen (x86-64-v2)", sgemm_eigen_v2};
}

}  // namespace hpo::train
