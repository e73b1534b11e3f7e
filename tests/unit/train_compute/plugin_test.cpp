// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "train/cuda/plugin.hpp"
#include "unit/train_compute/samples.hpp"

namespace hpo::train {
namespace {

/// What the loader says; libm stands in for NVIDIA's driver where the test is about what comes after it.
cuda::Refusal attempt(const std::string& driver, const std::string& plugin) {
  const Config config = small_config();
  const std::vector<std::int64_t> inputs = {6};
  const auto world = comm::make_self();
  return cuda::Plugin({config, inputs, 4, 0, *world}, driver, plugin).refusal();
}

}  // namespace

TEST_CASE("train: without NVIDIA's driver there is no GPU engine, and the plugin is not opened") {
  const cuda::Refusal result = attempt("libno_such_driver.so.1", HPO_OTHER_PLUGIN);
  CHECK(result.reason.find("there is no NVIDIA driver on this machine: libno_such_driver.so.1") == 0);
  CHECK(result.next == "use device = \"cpu\", or a node with a GPU");
}

TEST_CASE("train: a build without its GPU half says how to get it") {
  const cuda::Refusal result = attempt("libm.so.6", "/nowhere/libhpo_cuda.so");
  CHECK(result.reason.find("the GPU half of the trainer does not load: /nowhere/libhpo_cuda.so") == 0);
  CHECK(result.next.find("cmake -DHPO_CUDA=ON") != std::string::npos);
}

TEST_CASE("train: a plugin of another build is refused") {
  const cuda::Refusal result = attempt("libm.so.6", HPO_OTHER_PLUGIN);
  const std::string interfaces = fmt::format("(interface 999, this one has {})", cuda::kAbi);
  CHECK(result.reason.find("is of another build " + interfaces) != std::string::npos);
  CHECK(attempt("libm.so.6", "libm.so.6").reason.find("(interface unknown") != std::string::npos);
}

TEST_CASE("train: this build's plugin speaks the same interface") {
  if (std::string(HPO_BUILT_PLUGIN).empty()) return;
  const cuda::Refusal result = attempt("libm.so.6", HPO_BUILT_PLUGIN);
  CHECK(result.reason.find("another build") == std::string::npos);
}

TEST_CASE("train: device cuda without a GPU is an error, auto is the CPU, another word is refused") {
  const auto world = comm::make_self();
  setenv("HPO_CUDA_PLUGIN", "/nowhere/libhpo_cuda.so", 1);
  Config config = small_config();
  config.device = "cuda";
  CHECK_THROWS_AS((void)make_engine(config, {6}, 4, 0, *world), Error);  // no driver, or then no plugin
  config.device = "auto";
  CHECK(make_engine(config, {6}, 4, 0, *world)->describe().find("cpu, ") == 0);
  config.device = "gpu";
  CHECK_THROWS_WITH_AS((void)make_engine(config, {6}, 4, 0, *world),
                       doctest::Contains("there is no device 'gpu' (auto, cpu, cuda)"), Error);
  unsetenv("HPO_CUDA_PLUGIN");
}

TEST_CASE("train: a build describes its matrix products, MPI and GPU half") {
  const std::string text = describe_build();
  for (const char* part : {"matrix product  ", "eigen (", "\nMPI             ", "\nGPU             "})
    CHECK(text.find(part) != std::string::npos);
}

}  // namespace hpo::train
