// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "train/cuda/module/device_handles.hpp"
#include "train/cuda/module/product.hpp"

namespace hpo::train::gpu::checks {

/// CudaDevice without its kernels, on CUDA as played_cuda.cpp and played_cublas.cpp play it.
class Played {
 public:
  using Stream = cuda::CudaStream;
  using Memory = cuda::CudaMemory;

  explicit Played(const cuda::CudaProductOptions& options = {}) : options_(options) {}
  [[nodiscard]] Memory allocate(std::size_t bytes) { return cuda::CudaMemory::on_device(bytes); }
  [[nodiscard]] Stream make_stream() { return cuda::CudaStream(); }
  void copy(const Stream& stream, void* to, const void* from, std::size_t bytes) {
    cuda::check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream.get()), "cudaMemcpyAsync");
  }
  void synchronize(const Stream& stream) { stream.synchronize(); }
  [[nodiscard]] std::optional<cuda::CudaProduct> make_product(const ProductSpec& spec) {
    return cuda::CudaProduct::make(cublas_.get(), spec, trials_, options_);
  }
  void run(const Stream& stream, const cuda::CudaProduct& product, const ProductCall& call) {
    product.run(stream, call);
  }

 private:
  cuda::CublasHandle cublas_ = cuda::make_cublas();
  cuda::CudaStream trials_;
  cuda::CudaProductOptions options_;
};

}  // namespace hpo::train::gpu::checks
