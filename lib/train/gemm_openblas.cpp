// SPDX-License-Identifier: Apache-2.0
#include <cblas.h>

#include <cstdlib>
#include <string>

#include "train/gemm_backends.hpp"
#include "train/processor.hpp"
#include "train/shared_library.hpp"

namespace hpo::train {
namespace {
decltype(cblas_sgemm)* library_sgemm = nullptr;

CBLAS_TRANSPOSE word(Transpose transpose) {
  return transpose == Transpose::yes ? CblasTrans : CblasNoTrans;
}
blasint narrow(std::int64_t extent) {
  return static_cast<blasint>(extent);
}

void openblas_sgemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
                    std::int64_t k, float alpha, const float* a, std::int64_t lda, const float* b,
                    std::int64_t ldb, float beta, float* c, std::int64_t ldc) {
  library_sgemm(CblasRowMajor, word(transpose_a), word(transpose_b), narrow(m), narrow(n), narrow(k), alpha,
                a, narrow(lda), b, narrow(ldb), beta, c, narrow(ldc));
}
}  // namespace

std::optional<GemmBackend> gemm_openblas() {
  // OpenBLAS takes processors that are younger than itself for Haswells and leaves AVX-512 idle: a third
  // slower. It reads both settings while it loads; what the user has set stays.
  if (x86_64_level() == 4) setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
  setenv("OPENBLAS_NUM_THREADS", "1", 0);
  const SharedLibrary library(HPO_OPENBLAS_LIBRARY);
  library_sgemm = library.function<decltype(cblas_sgemm)>("cblas_sgemm");
  if (library_sgemm == nullptr) return std::nullopt;
  auto* core_name = library.function<char*()>("openblas_get_corename");
  return GemmBackend{"openblas", std::string("openblas (") + (core_name != nullptr ? core_name() : "?") + ")",
                     openblas_sgemm};
}

}  // namespace hpo::train
