// SPDX-License-Identifier: Apache-2.0
#include "train/cuda/module/device_handles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/error.hpp"

namespace hpo::train::cuda {
namespace {

constexpr double kMegabyte = 1e6;

[[noreturn]] void out_of_memory(const char* call, std::size_t bytes) {
  static_cast<void>(cudaGetLastError());  // it is told here; the device goes on
  std::size_t free = 0, all = 0;
  std::string left;
  if (cudaMemGetInfo(&free, &all) == cudaSuccess)
    left = fmt::format("; {:.0f} of {:.0f} MB are free", static_cast<double>(free) / kMegabyte,
                       static_cast<double>(all) / kMegabyte);
  throw Error("GPU",
              fmt::format("{}: no {:.0f} MB of memory{}", call, static_cast<double>(bytes) / kMegabyte, left),
              "use a smaller batch or model, more ranks, or a GPU that nobody else uses");
}

}  // namespace

void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  throw Error(ExitCode::try_again, "GPU",
              fmt::format("{}: {} ({})", call, cudaGetErrorString(status), cudaGetErrorName(status)),
              "look at the node's GPU (nvidia-smi, dmesg), then run again");
}

CudaMemory CudaMemory::on_device(std::size_t bytes) {
  void* memory = nullptr;
  // An engine with nothing to keep still gets an address.
  const cudaError_t status = cudaMalloc(&memory, std::max<std::size_t>(bytes, 1));
  if (status == cudaErrorMemoryAllocation) out_of_memory("cudaMalloc", bytes);
  check(status, "cudaMalloc");
  CudaMemory made = adopt(memory, bytes);
  if (bytes == 0) return made;
  check(cudaMemset(memory, 0, bytes), "cudaMemset");
  // The streams here do not wait for the one that zeroes.
  check(cudaStreamSynchronize(cudaStreamLegacy), "cudaStreamSynchronize");
  return made;
}

CudaMemory CudaMemory::adopt(void* memory, std::size_t bytes) {
  CudaMemory made;
  made.device_.reset(static_cast<std::byte*>(memory));
  made.size_ = bytes;
  return made;
}

CudaMemory CudaMemory::pinned(std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t status = cudaHostAlloc(&memory, std::max<std::size_t>(bytes, 1), cudaHostAllocDefault);
  if (status == cudaErrorMemoryAllocation) out_of_memory("cudaHostAlloc", bytes);
  check(status, "cudaHostAlloc");
  CudaMemory made;
  made.host_.reset(static_cast<std::byte*>(memory));
  made.size_ = bytes;
  std::memset(memory, 0, bytes);
  return made;
}

CudaEvent::CudaEvent(bool timed) {
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, timed ? cudaEventDefault : cudaEventDisableTiming),
        "cudaEventCreateWithFlags");
  event_.reset(event);
}

CudaStream::CudaStream(gpu::Priority priority) {
  int least = 0, greatest = 0;  // the greatest has the lowest number
  check(cudaDeviceGetStreamPriorityRange(&least, &greatest), "cudaDeviceGetStreamPriorityRange");
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking,
                                     priority == gpu::Priority::high ? greatest : least),
        "cudaStreamCreateWithPriority");
  stream_.reset(stream);
}

void* CudaStream::workspace() const {
  if (workspace_.size() > 0) return workspace_.data();
  cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
  check(cudaThreadExchangeStreamCaptureMode(&mode), "cudaThreadExchangeStreamCaptureMode");
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, kWorkspaceBytes);
  check(cudaThreadExchangeStreamCaptureMode(&mode), "cudaThreadExchangeStreamCaptureMode");
  if (status == cudaErrorMemoryAllocation) out_of_memory("cudaMalloc", kWorkspaceBytes);
  check(status, "cudaMalloc");
  workspace_ = CudaMemory::adopt(memory, kWorkspaceBytes);
  return memory;
}

void CudaStream::synchronize() const {
  check(cudaStreamSynchronize(get()), "cudaStreamSynchronize");
}

CudaGraph::CudaGraph(const CudaStream& stream, const std::function<void()>& f) {
  check(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
  cudaGraph_t captured = nullptr;
  try {
    f();
  } catch (...) {
    if (cudaStreamEndCapture(stream.get(), &captured) == cudaSuccess && captured != nullptr)
      static_cast<void>(cudaGraphDestroy(captured));
    static_cast<void>(cudaGetLastError());  // what f threw says more than what the capture thinks of it
    throw;
  }
  check(cudaStreamEndCapture(stream.get(), &captured), "cudaStreamEndCapture");
  const Owned<cudaGraph_t, cudaGraphDestroy> graph(captured);
  cudaGraphExec_t ready = nullptr;
  check(cudaGraphInstantiateWithFlags(&ready, captured, cudaGraphInstantiateFlagUseNodePriority),
        "cudaGraphInstantiateWithFlags");
  graph_.reset(ready);
  check(cudaGraphUpload(ready, stream.get()), "cudaGraphUpload");
}

void CudaGraph::launch(const CudaStream& stream) const {
  HPO_CHECK(graph_ != nullptr, "a graph that was never captured");
  check(cudaGraphLaunch(graph_.get(), stream.get()), "cudaGraphLaunch");
}

double seconds_of(const CudaStream& stream, const std::function<void()>& f) {
  constexpr int kRounds = 5, kCalls = 4;
  const CudaEvent begin(true), end(true);
  f();  // the first call loads the code
  double least = std::numeric_limits<double>::infinity();
  for (int round = 0; round < kRounds; ++round) {
    check(cudaEventRecord(begin.get(), stream.get()), "cudaEventRecord");
    for (int call = 0; call < kCalls; ++call) f();
    check(cudaEventRecord(end.get(), stream.get()), "cudaEventRecord");
    check(cudaEventSynchronize(end.get()), "cudaEventSynchronize");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin.get(), end.get()), "cudaEventElapsedTime");
    least = std::min(least, static_cast<double>(milliseconds) / 1e3 / kCalls);
  }
  return least;
}

}  // namespace hpo::train::cuda
