// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>

#include "train/gpu/device.hpp"

/// What CUDA hands out, owned. All belongs to the device that was current when it was made.
namespace hpo::train::cuda {

/// Throws Error unless `status` is success: the call's name and CUDA's words. Memory that is short is the
/// run's fault, all else the machine's (try_again).
void check(cudaError_t status, const char* call);

/// A deleter that calls `destroy`; what it returns cannot be told to anyone.
template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* handle) const {
    static_cast<void>(destroy(handle));
  }
};
template <class Handle, auto destroy>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Destroy<destroy>>;

/// Zeroed memory of the device, or pinned memory of the host.
class CudaMemory {
 public:
  CudaMemory() = default;
  [[nodiscard]] static CudaMemory on_device(std::size_t bytes);
  [[nodiscard]] static CudaMemory pinned(std::size_t bytes);
  /// Takes over what cudaMalloc gave.
  [[nodiscard]] static CudaMemory adopt(void* memory, std::size_t bytes);
  [[nodiscard]] std::byte* data() const { return device_ ? device_.get() : host_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  Owned<std::byte*, cudaFree> device_;
  Owned<std::byte*, cudaFreeHost> host_;
  std::size_t size_ = 0;
};

class CudaEvent {
 public:
  /// A timed one costs a little more.
  explicit CudaEvent(bool timed = false);
  [[nodiscard]] cudaEvent_t get() const { return event_.get(); }

 private:
  Owned<cudaEvent_t, cudaEventDestroy> event_;
};

/// A stream and the memory that products and convolutions on it may use while they run.
class CudaStream {
 public:
  static constexpr std::size_t kWorkspaceBytes = std::size_t{64} << 20;

  explicit CudaStream(gpu::Priority priority = gpu::Priority::normal);
  [[nodiscard]] cudaStream_t get() const { return stream_.get(); }
  /// kWorkspaceBytes, made when first asked for; also while the stream is captured, and then the stream must
  /// outlive the graph.
  [[nodiscard]] void* workspace() const;
  void synchronize() const;

 private:
  // Members go in reverse: the stream first, and freeing memory waits for the device.
  mutable CudaMemory workspace_;
  Owned<cudaStream_t, cudaStreamDestroy> stream_;
};

/// A captured graph, ready to run.
class CudaGraph {
 public:
  CudaGraph() = default;
  /// Captures what f enqueues on `stream` and on those that it forks.
  CudaGraph(const CudaStream& stream, const std::function<void()>& f);
  void launch(const CudaStream& stream) const;

 private:
  Owned<cudaGraphExec_t, cudaGraphExecDestroy> graph_;
};

/// Seconds that what f enqueues on `stream` takes: the least of some runs.
[[nodiscard]] double seconds_of(const CudaStream& stream, const std::function<void()>& f);

}  // namespace hpo::train::cuda
