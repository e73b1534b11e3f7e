// SPDX-License-Identifier: Apache-2.0
#include "train/gemm_backends.hpp"

namespace hpo::train {

std::optional<GemmBackend> gemm_openblas() {
  return std::nullopt;
}

}  // namespace hpo::train
