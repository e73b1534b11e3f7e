// SPDX-License-Identifier: Apache-2.0
// gpu_rates: what this machine's GPU reaches at best, for steps to be measured against. Lines of JSON: a
// large copy on the device (bytes read and bytes written both count), and a large square matrix product in
// each precision by cuBLASLt. Medians, by device events, on random numbers: zeros would cost less power and
// run faster.
#include <cublasLt.h>
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/random.hpp"

namespace {

constexpr int kRounds = 9;

void check(cudaError_t code, const char* what) {
  if (code != cudaSuccess) throw std::runtime_error(fmt::format("{}: {}", what, cudaGetErrorString(code)));
}
void check(cublasStatus_t code, const char* what) {
  if (code != CUBLAS_STATUS_SUCCESS)
    throw std::runtime_error(fmt::format("{}: {}", what, cublasLtGetStatusString(code)));
}

struct Free {
  void operator()(void* memory) const { cudaFree(memory); }
};
using Memory = std::unique_ptr<void, Free>;

Memory allocate(std::size_t bytes) {
  void* memory = nullptr;
  check(cudaMalloc(&memory, bytes), "cudaMalloc");
  return Memory(memory);
}

/// Median seconds of one call of `work`, which only enqueues; `calls` of them a round.
double seconds(const std::function<void()>& work, int calls) {
  cudaEvent_t start = nullptr, end = nullptr;
  check(cudaEventCreate(&start), "cudaEventCreate");
  check(cudaEventCreate(&end), "cudaEventCreate");
  for (int i = 0; i < calls; ++i) work();
  std::vector<double> times;
  for (int round = 0; round < kRounds; ++round) {
    check(cudaEventRecord(start), "cudaEventRecord");
    for (int i = 0; i < calls; ++i) work();
    check(cudaEventRecord(end), "cudaEventRecord");
    check(cudaEventSynchronize(end), "cudaEventSynchronize");
    float ms = 0;
    check(cudaEventElapsedTime(&ms, start, end), "cudaEventElapsedTime");
    times.push_back(1e-3 * static_cast<double>(ms) / calls);
  }
  cudaEventDestroy(start);
  cudaEventDestroy(end);
  std::sort(times.begin(), times.end());
  return times[kRounds / 2];
}

void measure_copy() {
  constexpr std::size_t kBytes = std::size_t{2} << 30;
  const Memory from = allocate(kBytes), to = allocate(kBytes);
  check(cudaMemset(from.get(), 0x5A, kBytes), "cudaMemset");
  const double time = seconds(
      [&] {
        check(cudaMemcpyAsync(to.get(), from.get(), kBytes, cudaMemcpyDeviceToDevice, nullptr),
              "cudaMemcpyAsync");
      },
      5);
  fmt::print("{{\"rate\":\"copy\",\"bytes_per_s\":{:.4g}}}\n", 2 * static_cast<double>(kBytes) / time);
}

/// `count` numbers in [-1, 1), as float or bf16.
Memory random_numbers(std::int64_t count, bool is_bf16) {
  hpo::Stream stream(1, hpo::Purpose::test, 0);
  // A block of them over and over: the rate knows no difference, and drawing takes longer than the products.
  std::vector<float> block(1 << 20);
  for (float& x : block) x = static_cast<float>(2 * stream.uniform() - 1);
  std::vector<__nv_bfloat16> narrow(block.size());
  for (std::size_t i = 0; i < block.size(); ++i) narrow[i] = __float2bfloat16(block[i]);
  const void* source = is_bf16 ? static_cast<const void*>(narrow.data()) : block.data();
  const std::size_t size = is_bf16 ? 2 : 4;
  Memory memory = allocate(static_cast<std::size_t>(count) * size);
  for (std::int64_t done = 0; done < count; done += static_cast<std::int64_t>(block.size())) {
    const auto part = std::min<std::int64_t>(count - done, static_cast<std::int64_t>(block.size()));
    check(cudaMemcpy(static_cast<std::byte*>(memory.get()) + static_cast<std::size_t>(done) * size, source,
                     static_cast<std::size_t>(part) * size, cudaMemcpyHostToDevice),
          "cudaMemcpy");
  }
  return memory;
}

void measure_product(cublasLtHandle_t handle, const std::string& precision) {
  const bool is_bf16 = precision == "bf16";
  const std::int64_t n = precision == "fp32" ? 4096 : 8192;
  const cudaDataType_t type = is_bf16 ? CUDA_R_16BF : CUDA_R_32F;
  const cublasComputeType_t compute = precision == "tf32" ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
  const Memory a = random_numbers(n * n, is_bf16), b = random_numbers(n * n, is_bf16),
               c = random_numbers(n * n, is_bf16);
  constexpr std::size_t kWorkspace = std::size_t{64} << 20;
  const Memory workspace = allocate(kWorkspace);

  cublasLtMatmulDesc_t product = nullptr;
  check(cublasLtMatmulDescCreate(&product, compute, CUDA_R_32F), "cublasLtMatmulDescCreate");
  cublasLtMatrixLayout_t layout = nullptr;
  const auto rows = static_cast<std::uint64_t>(n);
  check(cublasLtMatrixLayoutCreate(&layout, type, rows, rows, n), "cublasLtMatrixLayoutCreate");
  cublasLtMatmulPreference_t preference = nullptr;
  check(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
  check(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                             &kWorkspace, sizeof kWorkspace),
        "cublasLtMatmulPreferenceSetAttribute");
  std::vector<cublasLtMatmulHeuristicResult_t> found(8);
  int count = 0;
  check(cublasLtMatmulAlgoGetHeuristic(handle, product, layout, layout, layout, layout, preference,
                                       static_cast<int>(found.size()), found.data(), &count),
        "cublasLtMatmulAlgoGetHeuristic");
  const float one = 1, zero = 0;
  double best = 0;
  for (int i = 0; i < count; ++i) {
    const auto run = [&] {
      check(cublasLtMatmul(handle, product, &one, a.get(), layout, b.get(), layout, &zero, c.get(), layout,
                           c.get(), layout, &found[static_cast<std::size_t>(i)].algo, workspace.get(),
                           kWorkspace, nullptr),
            "cublasLtMatmul");
    };
    const auto side = static_cast<double>(n);
    best = std::max(best, 2 * side * side * side / seconds(run, 3));
  }
  if (best == 0) throw std::runtime_error("cuBLASLt has no algorithm for a square product");
  fmt::print("{{\"rate\":\"{}\",\"flops_per_s\":{:.4g}}}\n", precision, best);
  std::fflush(stdout);
  cublasLtMatmulPreferenceDestroy(preference);
  cublasLtMatrixLayoutDestroy(layout);
  cublasLtMatmulDescDestroy(product);
}

}  // namespace

int main() {
  try {
    measure_copy();
    cublasLtHandle_t handle = nullptr;
    check(cublasLtCreate(&handle), "cublasLtCreate");
    for (const char* precision : {"bf16", "tf32", "fp32"}) measure_product(handle, precision);
    cublasLtDestroy(handle);
  } catch (const std::exception& error) {
    fmt::print(stderr, "gpu_rates: {}\n", error.what());
    return 1;
  }
  return 0;
}
