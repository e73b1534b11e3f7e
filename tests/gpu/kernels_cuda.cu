// SPDX-License-Identifier: Apache-2.0
// Every kernel on a GPU against the host. Exits with 77, and says why, where there is none.
#include <cstdio>

#include "base/error.hpp"
#include "gpu/kernel_cases.hpp"
#include "train/cuda/module/device.hpp"

namespace {

using hpo::train::cuda::CudaDevice;
namespace checks = hpo::train::gpu::checks;

constexpr int kSkipped = 77;
bool all_good = true;

void report(const char* type, const char* what, const checks::Failures& failures) {
  std::printf("%s %s: %s\n", type, what, failures.empty() ? "good" : "WRONG");
  for (const std::string& failure : failures) std::printf("  %s\n", failure.c_str());
  all_good = all_good && failures.empty();
}

template <class T>
void run_all(CudaDevice& device, const char* type) {
  report(type, "elements", checks::elements_are_the_hosts<T>(device));
  report(type, "losses", checks::losses_are_the_hosts<T>(device));
  report(type, "column sums", checks::column_sums_are_the_hosts<T>(device));
  report(type, "batch norm", checks::batch_norm_is_the_hosts<T>(device));
  report(type, "layer norm", checks::layer_norm_is_the_hosts<T>(device));
  report(type, "images", checks::images_are_the_hosts<T>(device));
}

}  // namespace

int main() {
  using hpo::train::gpu::Bfloat16;
  try {
    const auto placement = hpo::train::gpu::place(hpo::train::cuda::visible_gpus(), {.needs_bf16 = true});
    if (placement.gpu < 0) {
      std::printf("skipped: %s\n", placement.reason.c_str());
      return kSkipped;
    }
    CudaDevice device(placement.gpu);
    run_all<float>(device, "float32");
    run_all<Bfloat16>(device, "bfloat16");
    run_all<double>(device, "float64");
    report("float32", "optimisers", checks::steps_are_the_hosts<float, float>(device));
    report("mixed", "optimisers", checks::steps_are_the_hosts<float, Bfloat16>(device));
    report("float64", "optimisers", checks::steps_are_the_hosts<double, double>(device));
    report("float32", "culprit", checks::the_culprit_is_the_hosts(device));
    return all_good ? 0 : 1;
  } catch (const hpo::Error& error) {
    std::printf("%s: %s\n", error.culprit().c_str(), error.reason().c_str());
    return 1;
  }
}
