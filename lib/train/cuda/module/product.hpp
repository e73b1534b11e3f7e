// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cublasLt.h>

#include <optional>
#include <string>

#include "train/cuda/module/device_handles.hpp"
#include "train/gpu/device.hpp"

/// Products by cuBLASLt, their epilogues fused. Row-major matrices go in as gpu::by_columns says.
///
///   float32  exact: compute type 32F; tf32: 32F_FAST_TF32
///   bfloat16 products of bfloat16, sums in float32, results float32 or bfloat16
///
/// Pointers are multiples of 16 bytes; rows may have any length.
namespace hpo::train::cuda {

/// Throws Error unless `status` is success.
void check(cublasStatus_t status, const char* call);

using CublasHandle = Owned<cublasLtHandle_t, cublasLtDestroy>;
[[nodiscard]] CublasHandle make_cublas();

struct CudaProductOptions {
  /// Takes the fastest of the first few algorithms instead of the first.
  bool measure = false;
  /// Off: cuBLASLt does the plain product and the bias only. Before compute capability 9.0 it works
  /// activations out in kernels that cost more than one of ours (reported for llm.c, 2024; not measured by
  /// us).
  bool fuse_activations = true;
};

class CudaProduct {
 public:
  /// Nothing where cuBLASLt has no algorithm for it (float64, an epilogue whose types it does not know). The
  /// algorithm is the first of its heuristic that runs, which is the same on equal GPUs with equal libraries;
  /// with `measure` the fastest of the first few on this GPU, which may be another one the next time: results
  /// may then differ in their last bits from run to run. Ranks need not take the same: their gradients are
  /// added up, and that sum is the same on all. Memory for a trial is taken and given back.
  [[nodiscard]] static std::optional<CudaProduct> make(cublasLtHandle_t cublas, const gpu::ProductSpec& spec,
                                                       const CudaStream& stream,
                                                       const CudaProductOptions& options);
  void run(const CudaStream& stream, const gpu::ProductCall& call) const;
  /// "gelu_bias 1024 x 4096 x 784 bfloat16: the 2nd of 8, 31 us", for the log.
  [[nodiscard]] const std::string& choice() const { return choice_; }

 private:
  using Layout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;

  CudaProduct(cublasLtHandle_t cublas, const gpu::ProductSpec& spec);
  void describe_epilogue();
  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T& value) const;
  void set_pointers(const gpu::ProductCall& call) const;
  [[nodiscard]] cublasStatus_t multiply(const CudaStream& stream, const gpu::ProductCall& call,
                                        const cublasLtMatmulAlgo_t& algorithm) const;
  [[nodiscard]] bool choose(const CudaStream& stream, bool measure);

  cublasLtHandle_t cublas_;
  gpu::ProductSpec spec_;
  Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy> operation_;
  Layout first_, second_, result_;
  cublasLtMatmulAlgo_t algorithm_{};
  std::string choice_;
};

}  // namespace hpo::train::cuda
