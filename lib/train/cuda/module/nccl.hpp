// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "train/comm/communicator.hpp"
#include "train/gpu/collectives.hpp"

namespace hpo::train::cuda {

/// What NCCL reads from the environment. Only what the user has not set is set, before the first NCCL call.
struct NcclEnvironment {
  int rank = 0;
  /// Ranks may share a GPU. NCCL before 2.30 takes ranks on one GPU for a mistake unless they say that they
  /// are on different hosts, so each says so, and they talk through sockets: right numbers, no speed.
  bool share_gpu = false;
  /// Where NCCL's warnings go, as nccl.HOST.PID; empty: stderr.
  std::string directory{};
};
/// NCCL_NVLS_ENABLE=0: sums made by the NVLink switch may differ in their last bits from call to call.
/// NCCL_RAS_ENABLE=0: its service listens on one port, and several trials may run on a node.
void set_nccl_environment(const NcclEnvironment& environment);

/// A NCCL communicator that never waits inside NCCL: it is nonblocking, every call is polled until it has
/// been enqueued, with a deadline, and any thread may abort it between two calls. One GPU a process, the
/// current device when it is made.
///
/// Failures throw Error with NCCL's last words: try_again, unless NCCL says that the call was wrong. After
/// one, or when it ends while an exception passes, it aborts; else it flushes and waits for all ranks to do
/// so. Graphs that hold calls of it must be gone before it goes.
class NcclCommunicator {
 public:
  struct Setup {
    int rank = 0, size = 1;
    double timeout_s = 120;  ///< for all ranks to come, to enqueue a call, to end
    bool is_small = false;   ///< for short messages: one block of the GPU, little memory
  };

  /// One rank makes it and gives it to all.
  [[nodiscard]] static ncclUniqueId make_id();
  /// Collective over the ranks that have `id`.
  NcclCommunicator(const ncclUniqueId& id, const Setup& setup);
  ~NcclCommunicator();
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;

  [[nodiscard]] int rank() const { return setup_.rank; }
  [[nodiscard]] int size() const { return setup_.size; }

  // Asynchronous on `stream`, enqueued when they return; may be captured once a like call has been made.
  void all_reduce(const void* from, void* to, std::int64_t n, ncclDataType_t type, ncclRedOp_t op,
                  cudaStream_t stream);
  void reduce_scatter(const void* from, void* to, std::int64_t n_each, ncclDataType_t type,
                      cudaStream_t stream);
  void all_gather(const void* from, void* to, std::int64_t n_each, ncclDataType_t type, cudaStream_t stream);
  void broadcast(void* data, std::int64_t bytes, int root, cudaStream_t stream);

  /// Throws when NCCL has found a failure since, or another thread has aborted.
  void check();
  /// Ends what runs on the GPU; all calls throw from now on. For any thread.
  void abort() noexcept;
  /// The same for all communicators of this process.
  static void abort_all() noexcept;

 private:
  using Lock = std::unique_lock<std::timed_mutex>;
  using Function = std::function<ncclResult_t(ncclComm_t)>;

  void call(const char* name, const Function& f);
  void settle(const char* name, ncclResult_t result, Lock& lock);
  [[noreturn]] void fail(const char* name, ncclResult_t result);
  void finish();
  [[nodiscard]] ncclComm_t handle() const;

  const Setup setup_;
  std::timed_mutex mutex_;       ///< nobody may be in NCCL while it aborts
  ncclComm_t handle_ = nullptr;  ///< null: aborted
  bool has_failed_ = false;
};

/// Makes a communicator among the ranks of `world` and has the watchdog abort it. Collective.
[[nodiscard]] std::unique_ptr<NcclCommunicator> make_nccl(comm::Communicator& world,
                                                          const NcclEnvironment& environment);

/// "2.28.9", of the library that is loaded.
[[nodiscard]] std::string nccl_version();

/// A device's collectives over NCCL; Device::Stream has get().
template <class Device>
class NcclCollectives final : public gpu::Collectives<Device> {
 public:
  using Stream = typename Device::Stream;

  explicit NcclCollectives(std::unique_ptr<NcclCommunicator> communicator)
      : communicator_(std::move(communicator)) {}

  [[nodiscard]] int rank() const override { return communicator_->rank(); }
  [[nodiscard]] int size() const override { return communicator_->size(); }
  void all_reduce(Stream& stream, const float* from, float* to, std::int64_t n) override {
    communicator_->all_reduce(from, to, n, ncclFloat32, ncclSum, stream.get());
  }
  void all_reduce(Stream& stream, const double* from, double* to, std::int64_t n) override {
    communicator_->all_reduce(from, to, n, ncclFloat64, ncclSum, stream.get());
  }
  void reduce_scatter(Stream& stream, const float* from, float* to, std::int64_t n_each) override {
    communicator_->reduce_scatter(from, to, n_each, ncclFloat32, stream.get());
  }
  void reduce_scatter(Stream& stream, const double* from, double* to, std::int64_t n_each) override {
    communicator_->reduce_scatter(from, to, n_each, ncclFloat64, stream.get());
  }
  void all_gather(Stream& stream, const float* from, float* to, std::int64_t n_each) override {
    communicator_->all_gather(from, to, n_each, ncclFloat32, stream.get());
  }
  void all_gather(Stream& stream, const double* from, double* to, std::int64_t n_each) override {
    communicator_->all_gather(from, to, n_each, ncclFloat64, stream.get());
  }
  void check() override { communicator_->check(); }
  [[nodiscard]] std::string name() const override { return "NCCL " + nccl_version(); }

 private:
  std::unique_ptr<NcclCommunicator> communicator_;
};

}  // namespace hpo::train::cuda
