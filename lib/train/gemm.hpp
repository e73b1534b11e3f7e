// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hpo::train {

enum class Transpose : bool { no, yes };

/// C = alpha op(A) op(B) + beta C, all row-major float32: op(A) is m x k, op(B) k x n, C m x n; lda, ldb, ldc
/// are the distances between rows as stored. With beta = 0, C is not read (it may hold anything). Runs in the
/// calling thread.
using SgemmFunction = void(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
                           std::int64_t k, float alpha, const float* a, std::int64_t lda, const float* b,
                           std::int64_t ldb, float beta, float* c, std::int64_t ldc);

/// One way to multiply matrices. `describe` adds what it runs on: "eigen (x86-64-v4)".
struct GemmBackend {
  std::string name;
  std::string describe;
  SgemmFunction* sgemm;
};

/// Those that were built and work on this machine, the build's preferred one (CMake: HPO_GEMM) first. Eigen
/// is always among them.
[[nodiscard]] const std::vector<GemmBackend>& gemm_backends();

/// The one in use: the first, or the one named by the environment variable HPO_GEMM. Throws Error when that
/// names none.
[[nodiscard]] const GemmBackend& gemm_backend();

/// The product by the backend in use. m, n or k may be 0.
SgemmFunction sgemm;

}  // namespace hpo::train
