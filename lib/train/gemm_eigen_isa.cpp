// SPDX-License-Identifier: Apache-2.0
// Compiled once for each instruction set, with HPO_EIGEN_SGEMM naming the function and Eigen's namespace
// renamed: else the linker would take one of the three copies of each inline function for all, and that one
// might not run here.
#include <Eigen/Core>

#include "train/gemm.hpp"

namespace hpo::train {

SgemmFunction HPO_EIGEN_SGEMM;

void HPO_EIGEN_SGEMM(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
                     std::int64_t k, float alpha, const float* a, std::int64_t lda, const float* b,
                     std::int64_t ldb, float beta, float* c, std::int64_t ldc) {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Rows = Eigen::OuterStride<>;
  const bool ta = transpose_a == Transpose::yes;
  const bool tb = transpose_b == Transpose::yes;
  const Eigen::Map<const Matrix, 0, Rows> ma(a, ta ? k : m, ta ? m : k, Rows(lda));
  const Eigen::Map<const Matrix, 0, Rows> mb(b, tb ? n : k, tb ? k : n, Rows(ldb));
  Eigen::Map<Matrix, 0, Rows> mc(c, m, n, Rows(ldc));
  if (beta == 0)
    mc.setZero();
  else if (beta != 1)
    mc *= beta;
  if (ta && tb)
    mc.noalias() += alpha * ma.transpose() * mb.transpose();
  else if (ta)
    mc.noalias() += alpha * ma.transpose() * mb;
  else if (tb)
    mc.noalias() += alpha * ma * mb.transpose();
  else
    mc.noalias() += alpha * ma * mb;
}

}  // namespace hpo::train
