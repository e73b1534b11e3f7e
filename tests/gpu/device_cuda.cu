// SPDX-License-Identifier: Apache-2.0
// The checks of a device on a GPU. Exits with 77, and says why, where there is none.
#include <cstdio>
#include <functional>
#include <string>

#include "base/error.hpp"
#include "gpu/device_checks.hpp"
#include "gpu/device_products.hpp"
#include "train/cuda/module/device.hpp"

namespace {

using hpo::train::cuda::CudaDevice;
namespace checks = hpo::train::gpu::checks;
using checks::Failures;

constexpr int kSkipped = 77;

struct Check {
  const char* name;
  std::function<Failures(CudaDevice&)> run;
};

int run_all(CudaDevice& device) {
  Failures notes;
  const Check all[] = {
      {"memory", checks::memory_comes_zeroed_and_copies_arrive<CudaDevice>},
      {"kernels", checks::kernels_run_on_their_stream<CudaDevice>},
      {"events", checks::events_order_streams<CudaDevice>},
      {"graphs", checks::graphs_read_memory_when_they_run<CudaDevice>},
      {"captures that fail", checks::a_capture_that_fails_leaves_the_stream_usable<CudaDevice>},
      {"products",
       [](CudaDevice& d) { return checks::products_are_right_however_their_sides_lie(d, checks::kShapes); }},
      {"large products",
       [](CudaDevice& d) {
         return checks::products_are_right_however_their_sides_lie(d, checks::kLargeShapes);
       }},
      {"epilogues",
       [&](CudaDevice& d) { return checks::epilogues_do_what_they_say(d, checks::kShapes, notes); }},
      {"large epilogues",
       [&](CudaDevice& d) { return checks::epilogues_do_what_they_say(d, checks::kLargeShapes, notes); }},
      {"convolutions", checks::convolutions_are_right<CudaDevice>},
  };
  bool good = true;
  for (const Check& check : all) {
    const Failures failures = check.run(device);
    std::printf("%s: %s\n", check.name, failures.empty() ? "good" : "WRONG");
    for (const std::string& failure : failures) std::printf("  %s\n", failure.c_str());
    good = good && failures.empty();
  }
  for (const std::string& note : notes) std::printf("not in one: %s\n", note.c_str());
  for (const std::string& choice : device.choices()) std::printf("chosen: %s\n", choice.c_str());
  std::printf("%s\n", device.describe().c_str());
  return good ? 0 : 1;
}

}  // namespace

int main() {
  try {
    const auto placement = hpo::train::gpu::place(hpo::train::cuda::visible_gpus(), {.needs_bf16 = true});
    if (placement.gpu < 0) {
      std::printf("skipped: %s\n", placement.reason.c_str());
      return kSkipped;
    }
    CudaDevice device(placement.gpu);
    return run_all(device);
  } catch (const hpo::Error& error) {
    std::printf("%s: %s\n", error.culprit().c_str(), error.reason().c_str());
    return 1;
  }
}
