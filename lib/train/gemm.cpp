// SPDX-License-Identifier: Apache-2.0
#include "train/gemm.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"
#include "train/gemm_backends.hpp"

namespace hpo::train {
namespace {
std::vector<GemmBackend> find_backends() {
  std::vector<GemmBackend> found;
  for (const std::optional<GemmBackend>& backend :
       {gemm_onednn(), gemm_openblas(), std::optional(gemm_eigen())})
    if (backend) found.push_back(*backend);
  std::stable_partition(found.begin(), found.end(),
                        [](const GemmBackend& backend) { return backend.name == HPO_GEMM_PREFERRED; });
  return found;
}

const GemmBackend& choose() {
  const auto& backends = gemm_backends();
  const char* wanted = std::getenv("HPO_GEMM");
  if (wanted == nullptr || *wanted == '\0') return backends.front();
  std::vector<std::string> names;
  for (const GemmBackend& backend : backends) {
    if (backend.name == wanted) return backend;
    names.push_back(backend.name);
  }
  throw Error("HPO_GEMM", std::string("this build has no matrix product '") + wanted + "' that works here",
              "one of: " + join(names, ", "));
}
}  // namespace

const std::vector<GemmBackend>& gemm_backends() {
  static const std::vector<GemmBackend> backends = find_backends();
  return backends;
}

const GemmBackend& gemm_backend() {
  static const GemmBackend& chosen = choose();
  return chosen;
}

void sgemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
           float alpha, const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float beta,
           float* c, std::int64_t ldc) {
  static SgemmFunction* const function = gemm_backend().sgemm;
  if (m == 0 || n == 0) return;
  // Libraries differ in what they do with an empty sum; scaling C is what the formula says.
  if (k == 0) {
    for (std::int64_t i = 0; i < m; ++i)
      std::transform(c + i * ldc, c + i * ldc + n, c + i * ldc,
                     [&](float x) { return beta == 0 ? 0 : beta * x; });
    return;
  }
  function(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

}  // namespace hpo::train
