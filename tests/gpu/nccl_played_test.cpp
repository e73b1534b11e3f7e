// SPDX-License-Identifier: Apache-2.0
// How NCCL is spoken to, with a NCCL that is played.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "gpu/played_nccl.hpp"
#include "train/cuda/module/nccl.hpp"

namespace hpo::train::cuda {
namespace {

using Calls = std::vector<std::string>;

NcclCommunicator::Setup setup(double timeout_s = 60) {
  NcclCommunicator::Setup setup;
  setup.rank = 1;
  setup.size = 3;
  setup.timeout_s = timeout_s;
  return setup;
}

/// All ranks' sum of something.
void sum(NcclCommunicator& communicator) {
  communicator.all_reduce(nullptr, nullptr, 8, ncclFloat32, ncclSum, nullptr);
}

template <class F>
Error error_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error;
  }
  return Error("nothing", "was thrown");
}

TEST_CASE("nccl: a call is over when its communicator says so, and not before") {
  for (const int rounds : {0, 1, 20}) {
    played::Nccl& nccl = played::begin();
    nccl.rounds = rounds;
    NcclCommunicator communicator(NcclCommunicator::make_id(), setup());
    CHECK(nccl.asked == rounds);
    sum(communicator);
    CHECK(nccl.asked == 2 * rounds);
    communicator.reduce_scatter(nullptr, nullptr, 8, ncclFloat32, nullptr);
    communicator.all_gather(nullptr, nullptr, 8, ncclFloat32, nullptr);
    communicator.broadcast(nullptr, 8, 0, nullptr);
    CHECK(nccl.calls == Calls{"init", "all_reduce", "reduce_scatter", "all_gather", "broadcast"});
    CHECK(nccl.asked == 5 * rounds);
  }
}

TEST_CASE("nccl: communicators are nonblocking; a small one takes one block of the GPU") {
  const played::Nccl& nccl = played::begin();
  const NcclCommunicator large(NcclCommunicator::make_id(), setup());
  CHECK(nccl.config.blocking == 0);
  CHECK(nccl.config.maxCTAs == NCCL_CONFIG_UNDEF_INT);
  NcclCommunicator::Setup of_small = setup();
  of_small.is_small = true;
  const NcclCommunicator small(NcclCommunicator::make_id(), of_small);
  CHECK(nccl.config.maxCTAs == 1);
}

TEST_CASE("nccl: it ends by flushing and meeting the others") {
  const played::Nccl& nccl = played::begin();
  { const NcclCommunicator communicator(NcclCommunicator::make_id(), setup()); }
  CHECK(nccl.calls == Calls{"init", "finalize", "destroy"});
}

TEST_CASE("nccl: others that do not come to the end are not waited for for ever") {
  played::Nccl& nccl = played::begin();
  {
    const NcclCommunicator communicator(NcclCommunicator::make_id(), setup(0.05));
    nccl.rounds = -1;
  }
  CHECK(nccl.calls == Calls{"init", "finalize", "abort"});
}

TEST_CASE("nccl: ranks that do not come are given up after the deadline") {
  played::Nccl& nccl = played::begin();
  nccl.rounds = -1;
  const Error error =
      error_of([] { const NcclCommunicator communicator(NcclCommunicator::make_id(), setup(0.05)); });
  CHECK(error.code() == ExitCode::try_again);
  CHECK(error.culprit() == "ncclCommInitRankConfig");
  CHECK(error.reason() == "not over after 0.05 s on rank 1 of 3: a rank is dead, stopped or hangs");
  CHECK(nccl.calls == Calls{"init", "abort"});
}

TEST_CASE("nccl: a call that fails says NCCL's last words, is infrastructure, and the end is an abort") {
  for (const int rounds : {0, 3}) {
    played::Nccl& nccl = played::begin();
    nccl.rounds = rounds;
    {
      NcclCommunicator communicator(NcclCommunicator::make_id(), setup());
      nccl.fails_with = ncclRemoteError;
      nccl.last_error = "socket closed by n3";
      const Error error = error_of([&] { sum(communicator); });
      CHECK(error.code() == ExitCode::try_again);
      CHECK(error.culprit() == "ncclAllReduce");
      CHECK(error.reason() == "remote process exited or there was a network error: socket closed by n3");
    }
    CHECK(nccl.calls == Calls{"init", "all_reduce", "abort"});
  }
}

TEST_CASE("nccl: a call that NCCL calls wrong is not tried again") {
  played::Nccl& nccl = played::begin();
  nccl.fails_with = ncclInvalidUsage;
  nccl.last_error = "Duplicate GPU detected";
  const Error error =
      error_of([] { const NcclCommunicator communicator(NcclCommunicator::make_id(), setup()); });
  CHECK(error.code() == ExitCode::failed);
  CHECK(error.reason() == "another error: Duplicate GPU detected");
  CHECK(error.next().find("gpu.share = true") != std::string::npos);
}

TEST_CASE("nccl: a failure that comes between calls is found by asking") {
  played::Nccl& nccl = played::begin();
  NcclCommunicator communicator(NcclCommunicator::make_id(), setup());
  CHECK_NOTHROW(communicator.check());
  nccl.async = ncclInProgress;
  CHECK_NOTHROW(communicator.check());
  nccl.async = ncclRemoteError;
  CHECK(error_of([&] { communicator.check(); }).code() == ExitCode::try_again);
}

TEST_CASE("nccl: another thread aborts a call that hangs, and is never in NCCL beside it") {
  played::Nccl& nccl = played::begin();
  NcclCommunicator communicator(NcclCommunicator::make_id(), setup());
  nccl.rounds = -1;
  std::thread watchdog([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    NcclCommunicator::abort_all();
  });
  const Error error = error_of([&] { sum(communicator); });
  watchdog.join();
  CHECK(error.code() == ExitCode::try_again);
  CHECK(error.reason() == "the communicator was aborted");
  CHECK(nccl.calls == Calls{"init", "all_reduce", "abort"});
  CHECK(!nccl.was_entered_twice);
  CHECK(error_of([&] { communicator.check(); }).reason() == "the communicator was aborted");
}

TEST_CASE("nccl: what was aborted is neither ended nor aborted again") {
  const played::Nccl& nccl = played::begin();
  {
    NcclCommunicator communicator(NcclCommunicator::make_id(), setup());
    communicator.abort();
    communicator.abort();
  }
  CHECK(nccl.calls == Calls{"init", "abort"});
}

TEST_CASE("nccl: a rank that leaves by an exception does not wait for the others") {
  const played::Nccl& nccl = played::begin();
  CHECK_THROWS_AS(([] {
                    const NcclCommunicator communicator(NcclCommunicator::make_id(), setup());
                    throw Error("rank 1", "leaves");
                  }()),
                  Error);
  CHECK(nccl.calls == Calls{"init", "abort"});
}

TEST_CASE("nccl: ranks of a world agree on a communicator") {
  const played::Nccl& nccl = played::begin();
  const auto world = comm::make_self();
  const auto communicator = make_nccl(*world, {});
  CHECK(communicator->rank() == 0);
  CHECK(communicator->size() == 1);
  CHECK(nccl.calls == Calls{"init"});
  CHECK(nccl_version() == "2.28.9");
}

/// NCCL's variables are unset before and after.
struct Clean {
  Clean() { clear(); }
  ~Clean() { clear(); }
  Clean(const Clean&) = delete;
  Clean& operator=(const Clean&) = delete;
  static void clear() {
    for (const char* name : {"NCCL_NVLS_ENABLE", "NCCL_RAS_ENABLE", "NCCL_DEBUG", "NCCL_DEBUG_FILE",
                             "NCCL_HOSTID", "NCCL_MULTI_RANK_GPU_ENABLE"})
      unsetenv(name);
  }
  static std::string value(const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? "unset" : text;
  }
};

TEST_CASE("nccl: its environment is what repeats sums and keeps stdout clean, where the user says nothing") {
  const Clean clean;
  played::begin();
  setenv("NCCL_NVLS_ENABLE", "1", 1);
  set_nccl_environment({.directory = "/run/7"});
  CHECK(Clean::value("NCCL_NVLS_ENABLE") == "1");
  CHECK(Clean::value("NCCL_RAS_ENABLE") == "0");
  CHECK(Clean::value("NCCL_DEBUG_FILE") == "/run/7/nccl.%h.%p");
  CHECK(Clean::value("NCCL_HOSTID") == "unset");
}

TEST_CASE("nccl: ranks that share a GPU say so in the way of the version") {
  const Clean clean;
  played::Nccl& nccl = played::begin();
  set_nccl_environment({.rank = 2, .share_gpu = true});
  CHECK(Clean::value("NCCL_HOSTID") == "hpo-2");
  CHECK(Clean::value("NCCL_DEBUG_FILE") == "/dev/stderr");
  Clean::clear();
  nccl.version = NCCL_VERSION(2, 30, 7);
  set_nccl_environment({.rank = 2, .share_gpu = true});
  CHECK(Clean::value("NCCL_HOSTID") == "unset");
  CHECK(Clean::value("NCCL_MULTI_RANK_GPU_ENABLE") == "1");
}

}  // namespace
}  // namespace hpo::train::cuda
