// SPDX-License-Identifier: Apache-2.0
#include "train/gemm_backends.hpp"
#include "train/processor.hpp"

namespace hpo::train {

SgemmFunction sgemm_eigen_v2, sgemm_eigen_v3, sgemm_eigen_v4;

GemmBackend gemm_eigen() {
  switch (x86_64_level()) {
    case 4:
      return {"eigen", "eigen (x86-64-v4)", sgemm_eigen_v4};
    case 3:
      return {"eigen", "eigen (x86-64-v3)", sgemm_eigen_v3};
    default:
      return {"eigen", "eigen (x86-64-v2)", sgemm_eigen_v2};
  }
}

}  // namespace hpo::train
