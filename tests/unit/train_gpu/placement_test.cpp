// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "base/error.hpp"
#include "train/gpu/placement.hpp"

namespace hpo::train::gpu {
namespace {

VisibleGpus some_gpus(int count, int major = 9) {
  VisibleGpus visible{.gpus = {}, .driver = 13000, .runtime = 13000};
  for (int i = 0; i < count; ++i) visible.gpus.push_back({"GPU", major, 0});
  return visible;
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("each rank on a host takes the GPU of its number") {
  for (int rank = 0; rank < 4; ++rank) CHECK(place(some_gpus(4), {.rank = rank, .size = 4}).gpu == rank);
  CHECK(place(some_gpus(8), {.rank = 3, .size = 4}).gpu == 3);
}

TEST_CASE("a rank that sees one GPU takes it: tasks with a GPU bound to each all see one") {
  for (int rank = 0; rank < 4; ++rank) CHECK(place(some_gpus(1), {.rank = rank, .size = 4}).gpu == 0);
}

TEST_CASE("ranks with the same GPU are refused by name, ranks with their own are not") {
  CHECK_NOTHROW(check_distinct({"a", "b", "c"}));
  try {
    check_distinct({"a", "b", "c", "b"});
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(says(error.reason(), "ranks 1 and 3"));
    CHECK(says(error.next(), "--gpus-per-task=1"));
  }
}

TEST_CASE("a rank without a GPU of its own is refused with what to ask Slurm for, unless ranks share") {
  const Placement refused = place(some_gpus(2), {.rank = 2, .size = 4});
  CHECK(refused.gpu < 0);
  CHECK(says(refused.reason, "rank 2 of 4 on this host has no GPU of its own: 2 visible"));
  CHECK(says(refused.next, "--gres=gpu:4"));
  CHECK(says(refused.next, "gpu.share = true"));
  CHECK(place(some_gpus(2), {.rank = 1, .size = 4}).gpu == 1);
  for (int rank = 0; rank < 4; ++rank)
    CHECK(place(some_gpus(2), {.rank = rank, .size = 4, .share = true}).gpu == rank % 2);
}

TEST_CASE("no driver, an old driver, no GPU and an old GPU are told apart") {
  CHECK(says(place({}, {}).reason, "no NVIDIA driver"));
  VisibleGpus old_driver{.gpus = {}, .driver = 12040, .runtime = 13000};
  CHECK(says(place(old_driver, {}).reason, "driver is for CUDA 12.4, and this build needs 13.0"));
  CHECK(says(place(some_gpus(0), {}).reason, "no GPU is visible"));
  const Placement old_gpu = place(some_gpus(1, 7), {.needs_bf16 = true});
  CHECK(old_gpu.gpu < 0);
  CHECK(says(old_gpu.reason, "compute capability 7.0"));
}

TEST_CASE("a driver runs what an older CUDA or another of its own major version has built") {
  VisibleGpus visible = some_gpus(1);
  visible.runtime = 13020;
  CHECK(place(visible, {}).gpu == 0);
  visible.runtime = 12040;
  CHECK(place(visible, {}).gpu == 0);
}

}  // namespace hpo::train::gpu
