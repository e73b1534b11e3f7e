// SPDX-License-Identifier: Apache-2.0
#include "train/gemm_backends.hpp"

namespace hpo::train {

SgemmFunction sgemm_eigen_other;

GemmBackend gemm_eigen() {
  return {"eigen", "eigen (as compiled)", sgemm_eigen_other};
}

}  // namespace hpo::train
