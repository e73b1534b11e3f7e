// SPDX-License-Identifier: Apache-2.0
#include "train/cuda/module/nccl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "train/comm/flight_recorder.hpp"
#include "train/comm/together.hpp"
#include "train/comm/watchdog.hpp"

namespace hpo::train::cuda {
namespace {

using namespace std::chrono_literals;

constexpr const char* kResume = "run the same task again: it resumes from its last checkpoint";
/// As long as an abort waits for a thread to come out of NCCL; then the end of the process must do.
constexpr auto kAbortPatience = 5s;
/// Several ranks may share a GPU.
constexpr int kSharesGpu = NCCL_VERSION(2, 30, 0);

int version_number() {
  int version = 0;
  return ncclGetVersion(&version) == ncclSuccess ? version : 0;
}

/// "unhandled system error: Call to connect returned Connection refused"
std::string words(ncclResult_t result) {
  std::string text = ncclGetErrorString(result);
  if (const char* last = ncclGetLastError(nullptr); last != nullptr && *last != '\0')
    text += fmt::format(": {}", last);
  return text;
}

bool is_misuse(ncclResult_t result) {
  return result == ncclInvalidArgument || result == ncclInvalidUsage;
}

[[noreturn]] void throw_nccl(const char* name, ncclResult_t result) {
  if (is_misuse(result))
    throw Error(name, words(result),
                "set NCCL_DEBUG=INFO to see more; ranks that share a GPU need gpu.share = true");
  throw Error(ExitCode::try_again, name, words(result), kResume);
}

/// All communicators of this process. Never destroyed: a watchdog may still look.
struct Registry {
  std::timed_mutex mutex;
  std::vector<NcclCommunicator*> all;
};
Registry& registry() {
  static auto* const registry = new Registry;
  return *registry;
}

std::size_t count(std::int64_t n) {
  return static_cast<std::size_t>(n);
}

}  // namespace

void set_nccl_environment(const NcclEnvironment& environment) {
  const auto set = [](const char* name, const std::string& value) {
    constexpr int kKeep = 0;
    if (::setenv(name, value.c_str(), kKeep) != 0) throw Error(name, "cannot be set in the environment");
  };
  set("NCCL_NVLS_ENABLE", "0");
  set("NCCL_RAS_ENABLE", "0");
  set("NCCL_DEBUG", "WARN");
  // By itself NCCL writes to stdout, which belongs to the results.
  set("NCCL_DEBUG_FILE",
      environment.directory.empty() ? "/dev/stderr" : environment.directory + "/nccl.%h.%p");
  if (!environment.share_gpu) return;
  if (version_number() >= kSharesGpu)
    set("NCCL_MULTI_RANK_GPU_ENABLE", "1");
  else
    set("NCCL_HOSTID", fmt::format("hpo-{}", environment.rank));
}

std::string nccl_version() {
  const int version = version_number();
  return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

ncclUniqueId NcclCommunicator::make_id() {
  ncclUniqueId id;
  if (const ncclResult_t result = ncclGetUniqueId(&id); result != ncclSuccess)
    throw_nccl("ncclGetUniqueId", result);
  return id;
}

NcclCommunicator::NcclCommunicator(const ncclUniqueId& id, const Setup& setup) : setup_(setup) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  if (setup.is_small) config.minCTAs = config.maxCTAs = 1;
  try {
    Lock lock(mutex_);
    const ncclResult_t result = ncclCommInitRankConfig(&handle_, setup.size, id, setup.rank, &config);
    settle("ncclCommInitRankConfig", result, lock);
  } catch (...) {
    abort();
    throw;
  }
  const std::lock_guard lock(registry().mutex);
  registry().all.push_back(this);
}

NcclCommunicator::~NcclCommunicator() {
  {
    const std::lock_guard lock(registry().mutex);
    std::erase(registry().all, this);
  }
  if (has_failed_ || std::uncaught_exceptions() != 0) {
    abort();
    return;
  }
  try {
    finish();
  } catch (const std::exception&) {
    abort();  // a rank has gone: what it had to say it has said, and the results are complete
  }
}

/// Flushes, meets the others, frees.
void NcclCommunicator::finish() {
  call("ncclCommFinalize", [](ncclComm_t comm) { return ncclCommFinalize(comm); });
  const Lock lock(mutex_);
  if (const ncclResult_t result = ncclCommDestroy(std::exchange(handle_, nullptr)); result != ncclSuccess)
    throw_nccl("ncclCommDestroy", result);
}

ncclComm_t NcclCommunicator::handle() const {
  if (handle_ == nullptr) throw Error(ExitCode::try_again, "NCCL", "the communicator was aborted", kResume);
  return handle_;
}

void NcclCommunicator::call(const char* name, const Function& f) {
  Lock lock(mutex_);
  settle(name, f(handle()), lock);
}

/// A nonblocking call is over when its communicator says so. The lock is held whenever NCCL is called.
void NcclCommunicator::settle(const char* name, ncclResult_t result, Lock& lock) {
  const double end = comm::monotonic_seconds() + setup_.timeout_s;
  auto pause = 1us;
  while (result == ncclInProgress) {
    if (comm::monotonic_seconds() > end) {
      has_failed_ = true;
      throw Error(ExitCode::try_again, name,
                  fmt::format("not over after {} s on rank {} of {}: a rank is dead, stopped or hangs",
                              setup_.timeout_s, setup_.rank, setup_.size),
                  kResume);
    }
    lock.unlock();
    std::this_thread::sleep_for(pause);
    pause = std::min<std::chrono::microseconds>(2 * pause, 1ms);
    lock.lock();
    if (const ncclResult_t asked = ncclCommGetAsyncError(handle(), &result); asked != ncclSuccess)
      fail("ncclCommGetAsyncError", asked);
  }
  if (result != ncclSuccess) fail(name, result);
}

void NcclCommunicator::fail(const char* name, ncclResult_t result) {
  has_failed_ = true;
  throw_nccl(name, result);
}

void NcclCommunicator::all_reduce(const void* from, void* to, std::int64_t n, ncclDataType_t type,
                                  ncclRedOp_t op, cudaStream_t stream) {
  call("ncclAllReduce",
       [&](ncclComm_t comm) { return ncclAllReduce(from, to, count(n), type, op, comm, stream); });
}

void NcclCommunicator::reduce_scatter(const void* from, void* to, std::int64_t n_each, ncclDataType_t type,
                                      cudaStream_t stream) {
  call("ncclReduceScatter", [&](ncclComm_t comm) {
    return ncclReduceScatter(from, to, count(n_each), type, ncclSum, comm, stream);
  });
}

void NcclCommunicator::all_gather(const void* from, void* to, std::int64_t n_each, ncclDataType_t type,
                                  cudaStream_t stream) {
  call("ncclAllGather",
       [&](ncclComm_t comm) { return ncclAllGather(from, to, count(n_each), type, comm, stream); });
}

void NcclCommunicator::broadcast(void* data, std::int64_t bytes, int root, cudaStream_t stream) {
  call("ncclBroadcast", [&](ncclComm_t comm) {
    return ncclBroadcast(data, data, count(bytes), ncclUint8, root, comm, stream);
  });
}

void NcclCommunicator::check() {
  const Lock lock(mutex_);
  ncclResult_t state = ncclSuccess;
  if (const ncclResult_t asked = ncclCommGetAsyncError(handle(), &state); asked != ncclSuccess)
    fail("ncclCommGetAsyncError", asked);
  if (state != ncclSuccess && state != ncclInProgress) fail("NCCL", state);
}

void NcclCommunicator::abort() noexcept {
  const Lock lock(mutex_, kAbortPatience);
  if (!lock.owns_lock() || handle_ == nullptr) return;
  has_failed_ = true;
  // There is nobody to tell of a failure to give up.
  static_cast<void>(ncclCommAbort(std::exchange(handle_, nullptr)));
}

void NcclCommunicator::abort_all() noexcept {
  const Lock lock(registry().mutex, kAbortPatience);
  if (!lock.owns_lock()) return;
  for (NcclCommunicator* one : registry().all) one->abort();
}

std::unique_ptr<NcclCommunicator> make_nccl(comm::Communicator& world, const NcclEnvironment& environment) {
  ncclUniqueId id{};
  comm::together(world, [&] {
    set_nccl_environment(environment);
    if (world.rank() == 0) id = NcclCommunicator::make_id();
  });
  world.broadcast(std::as_writable_bytes(std::span(id.internal)), 0);
  NcclCommunicator::Setup setup;
  setup.rank = world.rank();
  setup.size = world.size();
  comm::Watchdog* watchdog = world.watchdog();
  std::optional<comm::Watchdog::Collective> recorded;
  if (watchdog != nullptr) {
    setup.timeout_s = watchdog->deadline();
    watchdog->on_expiry(&NcclCommunicator::abort_all);
    recorded.emplace(*watchdog, "ncclCommInitRankConfig", 0);
  }
  return std::make_unique<NcclCommunicator>(id, setup);
}

}  // namespace hpo::train::cuda
