// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "train/cuda/module/convolution.hpp"
#include "train/cuda/module/device_handles.hpp"
#include "train/cuda/module/product.hpp"
#include "train/gpu/device.hpp"
#include "train/gpu/placement.hpp"
#if defined(__CUDACC__)
#include "train/cuda/module/block.cuh"
#endif

namespace hpo::train::cuda {

/// The GPUs that this process sees, asked without taking one into use.
[[nodiscard]] gpu::VisibleGpus visible_gpus();

struct CudaDeviceOptions {
  /// Products and convolutions take what was measured to be fastest when they were made. Off: what equal
  /// GPUs with equal libraries choose alike, so that a run that is resumed goes on with the same bits.
  bool measure = false;
};

/// A GPU as gpu/device.hpp asks for it. Used by one thread, whose current device it becomes.
class CudaDevice {
 public:
  using Stream = CudaStream;
  using Event = CudaEvent;
  using Graph = CudaGraph;
  using Memory = CudaMemory;
  using Product = CudaProduct;
  using Convolution = CudaConvolution;

  /// `number`: among the visible ones (gpu::place).
  explicit CudaDevice(int number, const CudaDeviceOptions& options = {});

  [[nodiscard]] Memory allocate(std::size_t bytes) { return CudaMemory::on_device(bytes); }
  [[nodiscard]] Memory pinned(std::size_t bytes) { return CudaMemory::pinned(bytes); }
  [[nodiscard]] std::size_t free_memory() const;
  [[nodiscard]] Stream make_stream(gpu::Priority priority = gpu::Priority::normal) {
    return Stream(priority);
  }
  [[nodiscard]] Event make_event() { return Event(); }
  void copy(const Stream& stream, void* to, const void* from, std::size_t bytes);
  void zero(const Stream& stream, void* to, std::size_t bytes);
#if defined(__CUDACC__)
  template <class Kernel>
  void launch(const Stream& stream, const gpu::Grid& grid, const Kernel& kernel) {
    check(cuda::launch(grid, kernel, stream.get()), "kernel launch");
  }
#endif
  void record(const Event& event, const Stream& stream);
  void wait(const Stream& stream, const Event& event);
  [[nodiscard]] bool is_done(const Event& event);
  void synchronize(const Stream& stream) {
    stream.synchronize();
  }
  [[nodiscard]] Graph capture(const Stream& stream, const std::function<void()>& f) {
    return {stream, f};
  }
  void replay(const Stream& stream, const Graph& graph) {
    graph.launch(stream);
  }
  [[nodiscard]] std::optional<Product> make_product(const gpu::ProductSpec& spec);
  void run(const Stream& stream, const Product& product, const gpu::ProductCall& call) {
    product.run(stream, call);
  }
  [[nodiscard]] Convolution make_convolution(const gpu::ConvolutionSpec& spec);
  void run(const Stream& stream, Convolution& convolution, gpu::ConvolutionPass pass,
           const gpu::ConvolutionCall& call) {
    convolution.run(stream, pass, call);
  }
  /// "NVIDIA H100 80GB HBM3, 132 multiprocessors, CUDA 13.0 (driver 13.0), cuBLASLt 13.0.2, cuDNN 9.19.0"
  [[nodiscard]] std::string describe() const;

  /// The GPU's UUID, the same for every process that has it.
  [[nodiscard]] std::string identity() const;
  [[nodiscard]] int number() const {
    return number_;
  }
  /// Which algorithms products and convolutions have taken, a line each.
  [[nodiscard]] const std::vector<std::string>& choices() const {
    return choices_;
  }

 private:
  int number_;
  CudaDeviceOptions options_;
  cudaDeviceProp properties_{};
  CublasHandle cublas_;
  std::shared_ptr<Cudnn> cudnn_;
  bool asked_for_cudnn_ = false;
  std::optional<CudaStream> trials_;
  std::vector<std::string> choices_;
};

}  // namespace hpo::train::cuda
