// SPDX-License-Identifier: Apache-2.0
#include "train/cuda/module/device.hpp"

#include <fmt/format.h>

#include <string_view>

namespace hpo::train::cuda {
namespace {

int driver_version() {
  int version = 0;
  check(cudaDriverGetVersion(&version), "cudaDriverGetVersion");
  return version;
}

int runtime_version() {
  int version = 0;
  check(cudaRuntimeGetVersion(&version), "cudaRuntimeGetVersion");
  return version;
}

/// Makes the GPU the thread's before anything is made on it.
int taken(int number) {
  check(cudaSetDevice(number), "cudaSetDevice");
  return number;
}

}  // namespace

gpu::VisibleGpus visible_gpus() {
  gpu::VisibleGpus visible{.gpus = {}, .driver = driver_version(), .runtime = runtime_version()};
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorNoDevice || status == cudaErrorInsufficientDriver) {
    static_cast<void>(cudaGetLastError());
    return visible;
  }
  check(status, "cudaGetDeviceCount");
  for (int number = 0; number < count; ++number) {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, number), "cudaGetDeviceProperties");
    visible.gpus.push_back({properties.name, properties.major, properties.minor});
  }
  return visible;
}

CudaDevice::CudaDevice(int number, const CudaDeviceOptions& options)
    : number_(taken(number)), options_(options), cublas_(make_cublas()) {
  check(cudaGetDeviceProperties(&properties_, number), "cudaGetDeviceProperties");
  trials_.emplace();
}

std::size_t CudaDevice::free_memory() const {
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return free;
}

void CudaDevice::copy(const Stream& stream, void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream.get()), "cudaMemcpyAsync");
}

void CudaDevice::zero(const Stream& stream, void* to, std::size_t bytes) {
  if (bytes == 0) return;
  check(cudaMemsetAsync(to, 0, bytes, stream.get()), "cudaMemsetAsync");
}

void CudaDevice::record(const Event& event, const Stream& stream) {
  check(cudaEventRecord(event.get(), stream.get()), "cudaEventRecord");
}

void CudaDevice::wait(const Stream& stream, const Event& event) {
  check(cudaStreamWaitEvent(stream.get(), event.get(), cudaEventWaitDefault), "cudaStreamWaitEvent");
}

bool CudaDevice::is_done(const Event& event) {
  const cudaError_t status = cudaEventQuery(event.get());
  if (status == cudaErrorNotReady) return false;
  check(status, "cudaEventQuery");
  return true;
}

std::optional<CudaDevice::Product> CudaDevice::make_product(const gpu::ProductSpec& spec) {
  constexpr int kFuses = 9;  // compute capability
  auto product =
      CudaProduct::make(cublas_.get(), spec, *trials_,
                        {.measure = options_.measure, .fuse_activations = properties_.major >= kFuses});
  if (product) choices_.push_back(product->choice());
  return product;
}

CudaDevice::Convolution CudaDevice::make_convolution(const gpu::ConvolutionSpec& spec) {
  if (!asked_for_cudnn_) cudnn_ = open_cudnn();
  asked_for_cudnn_ = true;
  CudaConvolution convolution(cudnn_, spec, *trials_, options_.measure);
  choices_.push_back(convolution.choice());
  return convolution;
}

std::string CudaDevice::identity() const {
  std::string words;
  for (const char byte : std::string_view(properties_.uuid.bytes, sizeof properties_.uuid.bytes))
    words += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return words;
}

std::string CudaDevice::describe() const {
  const std::size_t cublas = cublasLtGetVersion();
  std::string words =
      fmt::format("{}, {} multiprocessors, CUDA {} (driver {}), cuBLASLt {}.{}.{}", properties_.name,
                  properties_.multiProcessorCount, gpu::cuda_version(runtime_version()),
                  gpu::cuda_version(driver_version()), cublas / 10000, cublas / 100 % 100, cublas % 100);
  if (cudnn_) words += ", " + cuda::describe(*cudnn_);
  return words;
}

}  // namespace hpo::train::cuda
