// SPDX-License-Identifier: Apache-2.0
#include <dnnl.h>

#include <cstdlib>

#include "base/error.hpp"
#include "train/gemm_backends.hpp"
#include "train/shared_library.hpp"

namespace hpo::train {
namespace {
decltype(dnnl_sgemm)* library_sgemm = nullptr;

char letter(Transpose transpose) {
  return transpose == Transpose::yes ? 'T' : 'N';
}

void onednn_sgemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
                  std::int64_t k, float alpha, const float* a, std::int64_t lda, const float* b,
                  std::int64_t ldb, float beta, float* c, std::int64_t ldc) {
  const dnnl_status_t status =
      library_sgemm(letter(transpose_a), letter(transpose_b), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  HPO_CHECK(status == dnnl_success, "dnnl_sgemm refused its arguments");
}
}  // namespace

std::optional<GemmBackend> gemm_onednn() {
  const SharedLibrary library(HPO_ONEDNN_LIBRARY);
  library_sgemm = library.function<decltype(dnnl_sgemm)>("dnnl_sgemm");
  if (library_sgemm == nullptr) return std::nullopt;
  // Ranks share the cores: one thread each, unless the user has said otherwise. Idle OpenMP threads would
  // spin.
  auto* set_threads = library.function<void(int)>("omp_set_num_threads");
  if (set_threads != nullptr && std::getenv("OMP_NUM_THREADS") == nullptr) set_threads(1);
  return GemmBackend{"onednn", "onednn (" HPO_ONEDNN_LIBRARY ")", onednn_sgemm};
}

}  // namespace hpo::train
