// SPDX-License-Identifier: Apache-2.0
// Ranks that have no MPI.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/identity.hpp"
#include "base/text.hpp"
#include "train/comm/envelope.hpp"
#include "train/comm/watchdog.hpp"
#include "train/cuda/module/device.hpp"
#include "train/cuda/module/nccl.hpp"
#include "train/cuda/module/ranks.hpp"

namespace hpo::train::cuda {
namespace {

using comm::Op;
using comm::Watchdog;

constexpr std::size_t kStagingBytes = std::size_t{1} << 20;

/// This rank's number among those on its host, as the launcher says: before the ranks can talk nobody else
/// knows.
std::optional<int> launched_local_rank() {
  for (const char* name : {"LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"})
    if (const auto number = parse_int(environment(name)); number && *number >= 0)
      return static_cast<int>(*number);
  return std::nullopt;
}

int choose_gpu(const WorldRequest& request, std::optional<int> local_rank) {
  const gpu::VisibleGpus visible = visible_gpus();
  if (!local_rank && visible.gpus.size() > 1)
    throw Error(
        "LOCAL_RANK",
        fmt::format("is not set, and {} GPUs are visible: which is this rank's?", visible.gpus.size()),
        "set it for each rank on a host, from 0 on, or let each see one GPU (CUDA_VISIBLE_DEVICES)");
  gpu::RankOnHost rank;
  rank.rank = local_rank.value_or(0);
  rank.size = rank.rank + 1;  // at least
  rank.share = request.share_gpu;
  const gpu::Placement placement = gpu::place(visible, rank);
  if (placement.gpu < 0) throw Error("device", placement.reason, placement.next);
  return placement.gpu;
}

/// Makes the GPU the thread's before anything is made on it.
int taken(int number) {
  check(cudaSetDevice(number), "cudaSetDevice");
  return number;
}

std::string meet(const WorldRequest& request) {
  return comm::meet(request.place, request.rendezvous, [] {
    const ncclUniqueId id = NcclCommunicator::make_id();
    return std::string(id.internal, sizeof id.internal);
  });
}

ncclUniqueId id_from(const std::string& text) {
  ncclUniqueId id{};
  if (text.size() != sizeof id.internal)
    throw Error(ExitCode::try_again, "rendezvous", "the other ranks have met for something else",
                "start all ranks from one build, with HPO_RENDEZVOUS of their own");
  std::memcpy(id.internal, text.data(), text.size());
  return id;
}

ncclRedOp_t nccl_op(Op op) {
  switch (op) {
    case Op::sum:
      return ncclSum;
    case Op::min:
      return ncclMin;
    case Op::max:
      return ncclMax;
  }
  std::abort();
}

class NcclWorld final : public comm::Communicator {
 public:
  explicit NcclWorld(const WorldRequest& request)
      : place_(request.place),
        launched_local_rank_(launched_local_rank()),
        gpu_(taken(choose_gpu(request, launched_local_rank_))),
        device_memory_(CudaMemory::on_device(kStagingBytes)),
        host_memory_(CudaMemory::pinned(kStagingBytes)) {
    watchdog_.set_rank(place_.rank, place_.size);
    watchdog_.on_expiry(&NcclCommunicator::abort_all);
    set_nccl_environment({.rank = place_.rank, .share_gpu = request.share_gpu});
    const Watchdog::Collective recorded(watchdog_, "ncclCommInitRankConfig", 0);
    NcclCommunicator::Setup setup;
    setup.rank = place_.rank;
    setup.size = place_.size;
    setup.is_small = true;
    nccl_ = std::make_unique<NcclCommunicator>(id_from(meet(request)), setup);
    find_neighbours();
  }

  [[nodiscard]] int rank() const override { return place_.rank; }
  [[nodiscard]] int size() const override { return place_.size; }
  [[nodiscard]] int local_rank() const override { return local_rank_; }
  [[nodiscard]] int local_size() const override { return local_size_; }
  [[nodiscard]] Watchdog* watchdog() override { return &watchdog_; }
  [[nodiscard]] std::string name() const override { return "nccl"; }

  void all_reduce(std::span<float> data, Op op) override {
    reduce(data, {comm::Type::float32, ncclFloat32}, op);
  }
  void all_reduce(std::span<double> data, Op op) override {
    reduce(data, {comm::Type::float64, ncclFloat64}, op);
  }
  void all_reduce(std::span<std::int64_t> data, Op op) override {
    reduce(data, {comm::Type::int64, ncclInt64}, op);
  }

  void broadcast(std::span<std::byte> data, int root) override {
    const Watchdog::Collective recorded(watchdog_, "broadcast", static_cast<std::int64_t>(data.size()));
    for (std::size_t begin = 0; begin < data.size(); begin += kStagingBytes) {
      const auto part = data.subspan(begin, std::min(kStagingBytes, data.size() - begin));
      stage(part, part, [&](void* staged) {
        nccl_->broadcast(staged, static_cast<std::int64_t>(part.size()), root, stream_.get());
      });
    }
  }

  [[nodiscard]] std::vector<double> all_gather(std::span<const double> mine) override {
    const auto bytes = static_cast<std::int64_t>(mine.size_bytes());
    const Watchdog::Collective recorded(watchdog_, "all_gather double", bytes);
    const auto ranks = static_cast<std::size_t>(place_.size);
    std::vector<double> all(mine.size() * ranks);
    const std::size_t most = kStagingBytes / sizeof(double) / ranks;
    for (std::size_t begin = 0; begin < mine.size(); begin += most) {
      const auto part = mine.subspan(begin, std::min(most, mine.size() - begin));
      std::vector<double> gathered(part.size() * ranks);
      const auto own = static_cast<std::ptrdiff_t>(part.size()) * place_.rank;
      std::ranges::copy(part, gathered.begin() + own);
      const auto whole = std::as_writable_bytes(std::span(gathered));
      stage(whole, whole, [&](void* staged) {
        nccl_->all_gather(static_cast<double*>(staged) + own, staged, static_cast<std::int64_t>(part.size()),
                          ncclFloat64, stream_.get());
      });
      for (std::size_t rank = 0; rank < ranks; ++rank)
        std::copy_n(gathered.begin() + static_cast<std::ptrdiff_t>(rank * part.size()), part.size(),
                    all.begin() + static_cast<std::ptrdiff_t>(rank * mine.size() + begin));
    }
    return all;
  }

  void barrier() override {
    std::int64_t nothing = 0;
    all_reduce(std::span(&nothing, 1), Op::sum);
  }

  [[noreturn]] void abort(int exit_code) override {
    NcclCommunicator::abort_all();
    std::_Exit(exit_code);
  }

 private:
  struct Kind {
    comm::Type type;
    ncclDataType_t nccl;
  };

  template <class T>
  void reduce(std::span<T> data, Kind kind, Op op) {
    const comm::Call call{.kind = comm::Kind::all_reduce, .type = kind.type, .op = op};
    const Watchdog::Collective recorded(watchdog_, comm::name_of(call),
                                        static_cast<std::int64_t>(data.size_bytes()));
    constexpr std::size_t kMost = kStagingBytes / sizeof(T);
    for (std::size_t begin = 0; begin < data.size(); begin += kMost) {
      const auto part = data.subspan(begin, std::min(kMost, data.size() - begin));
      const auto bytes = std::as_writable_bytes(part);
      stage(bytes, bytes, [&](void* staged) {
        nccl_->all_reduce(staged, staged, static_cast<std::int64_t>(part.size()), kind.nccl, nccl_op(op),
                          stream_.get());
      });
    }
  }

  /// Brings `give` to the GPU, has `work` done with it there, and fetches what came out.
  void stage(std::span<const std::byte> give, std::span<std::byte> take,
             const std::function<void(void*)>& work) {
    std::memcpy(host_memory_.data(), give.data(), give.size());
    // The engine may have made another GPU the thread's.
    check(cudaSetDevice(gpu_), "cudaSetDevice");
    copy(device_memory_, host_memory_, give.size());
    work(device_memory_.data());
    copy(host_memory_, device_memory_, take.size());
    constexpr auto kPause = std::chrono::microseconds(20);
    for (cudaError_t state = cudaStreamQuery(stream_.get()); state != cudaSuccess;
         state = cudaStreamQuery(stream_.get())) {
      if (state != cudaErrorNotReady) check(state, "cudaStreamQuery");
      nccl_->check();
      std::this_thread::sleep_for(kPause);
    }
    std::memcpy(take.data(), host_memory_.data(), take.size());
  }

  void copy(const CudaMemory& to, const CudaMemory& from, std::size_t bytes) {
    check(cudaMemcpyAsync(to.data(), from.data(), bytes, cudaMemcpyDefault, stream_.get()),
          "cudaMemcpyAsync");
  }

  /// Who else is on this host.
  void find_neighbours() {
    // 53 bits of a hash are a double as they are.
    const std::size_t hash = std::hash<std::string>()(host_name()) >> 11;
    const std::vector<double> hosts = all_gather(std::vector{static_cast<double>(hash)});
    const auto own = hosts.begin() + place_.rank;
    local_rank_ = launched_local_rank_.value_or(static_cast<int>(std::count(hosts.begin(), own, *own)));
    local_size_ = static_cast<int>(std::count(hosts.begin(), hosts.end(), *own));
  }

  const comm::Place place_;
  const std::optional<int> launched_local_rank_;
  Watchdog watchdog_;
  const int gpu_;
  CudaStream stream_{gpu::Priority::high};
  CudaMemory device_memory_, host_memory_;
  std::unique_ptr<NcclCommunicator> nccl_;
  int local_rank_ = 0, local_size_ = 1;
};

}  // namespace

std::unique_ptr<comm::Communicator> make_nccl_world(const WorldRequest& request) {
  return std::make_unique<NcclWorld>(request);
}

}  // namespace hpo::train::cuda
