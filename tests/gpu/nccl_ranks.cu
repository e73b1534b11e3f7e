// SPDX-License-Identifier: Apache-2.0
// One rank of a run over NCCL, which may share its GPU with others. nccl_test.py starts them.
//   nccl_ranks probe   77 and why where there is no GPU
//   nccl_ranks check   every collective against what the world says on the host, eager and from a graph
//   nccl_ranks loop    sums without end; says "going" when the others are there
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/identity.hpp"
#include "base/random.hpp"
#include "train/cuda/module/device.hpp"
#include "train/cuda/module/ranks.hpp"
#include "train/gpu/collective_log.hpp"
#include "train/gpu/link.hpp"

namespace {

using namespace hpo::train;
using cuda::CudaDevice;

constexpr int kSkipped = 77;
constexpr std::size_t kCount = 300'007;

int g_faults = 0;

void expect(bool is_so, const char* what) {
  if (is_so) return;
  std::fprintf(stderr, "not so: %s\n", what);
  ++g_faults;
}

std::unique_ptr<comm::Communicator> make_world_of_ranks() {
  const std::string directory = hpo::environment("HPO_RENDEZVOUS_DIR");
  if (directory.empty()) return comm::make_from_environment();
  cuda::WorldRequest request;
  request.place = comm::place_from_environment();
  if (request.place.size == 1) return comm::make_self();
  request.rendezvous.directory = directory;
  request.rendezvous.name = comm::launch_name_from_environment();
  request.share_gpu = true;
  return cuda::make_nccl_world(request);
}

/// A rank with its device and everything between it and the others.
struct Rank {
  Rank()
      : world(make_world_of_ranks()),
        device(gpu::place(cuda::visible_gpus(), {world->local_rank(), world->local_size(), true, false}).gpu),
        collectives(cuda::make_collectives(device, *world, shared())),
        log(device, *collectives, world->watchdog()) {}

  static GpuConfig shared() {
    GpuConfig config;
    config.share = true;
    return config;
  }
  template <class T>
  T* put(const std::vector<T>& values) {
    memory.push_back(device.allocate(values.size() * sizeof(T)));
    device.copy(stream, memory.back().data(), values.data(), values.size() * sizeof(T));
    device.synchronize(stream);
    return reinterpret_cast<T*>(memory.back().data());
  }
  template <class T>
  std::vector<T> get(const T* from, std::size_t n) {
    std::vector<T> values(n);
    log.synchronize(stream);
    device.copy(stream, values.data(), from, n * sizeof(T));
    device.synchronize(stream);
    return values;
  }

  std::unique_ptr<comm::Communicator> world;
  CudaDevice device;
  std::unique_ptr<gpu::Collectives<CudaDevice>> collectives;
  gpu::CollectiveLog<CudaDevice> log;
  CudaDevice::Stream stream = device.make_stream(gpu::Priority::high);
  std::vector<CudaDevice::Memory> memory;
};

/// Whole numbers: their sums are exact in any order, so all that adds them up gets the same.
template <class T>
std::vector<T> values_of(int rank, std::size_t n) {
  hpo::Stream stream(1, hpo::Purpose::test, static_cast<std::uint64_t>(rank));
  std::vector<T> values(n);
  for (T& value : values) value = static_cast<T>(stream.below(2001)) - static_cast<T>(1000);
  return values;
}

template <class T>
std::vector<T> part(const std::vector<T>& values, int rank, std::size_t n) {
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(rank) * n);
  return {begin, begin + static_cast<std::ptrdiff_t>(n)};
}

template <class T>
void check_operations(Rank& me, std::size_t n_each) {
  const int rank = me.world->rank(), size = me.world->size();
  const std::size_t n = n_each * static_cast<std::size_t>(size);
  const auto each = static_cast<std::int64_t>(n_each), all = static_cast<std::int64_t>(n);
  const std::vector<T> mine = values_of<T>(rank, n);
  std::vector<T> total = mine;
  me.world->all_reduce(std::span<T>(total), comm::Op::sum);
  T* from = me.put(mine);
  T* to = me.put(std::vector<T>(n));
  me.log.all_reduce(me.stream, from, to, all);
  expect(me.get(to, n) == total, "all_reduce");
  me.log.reduce_scatter(me.stream, from, to, each);
  expect(me.get(to, n_each) == part(total, rank, n_each), "reduce_scatter");
  me.log.all_gather(me.stream, from, to, each);
  std::vector<T> gathered;
  for (int other = 0; other < size; ++other) {
    const std::vector<T> theirs = part(values_of<T>(other, n), 0, n_each);
    gathered.insert(gathered.end(), theirs.begin(), theirs.end());
  }
  expect(me.get(to, n) == gathered, "all_gather");
  T* own = from + rank * each;
  me.log.reduce_scatter(me.stream, from, own, each);
  me.log.all_gather(me.stream, own, from, each);
  expect(me.get(from, n) == total, "reduce_scatter and all_gather in place");
}

void check_graph(Rank& me) {
  const std::vector<float> mine = values_of<float>(me.world->rank(), kCount);
  std::vector<float> total = mine;
  me.world->all_reduce(std::span<float>(total), comm::Op::sum);
  const float* from = me.put(mine);
  float* to = me.put(std::vector<float>(kCount));
  const auto n = static_cast<std::int64_t>(kCount);
  me.log.all_reduce(me.stream, from, to, n);  // the first of its kind makes connections
  (void)me.get(to, 1);
  me.log.begin_list();
  const CudaDevice::Graph graph = me.device.capture(me.stream, [&] {
    me.device.zero(me.stream, to, kCount * sizeof(float));
    me.log.next_is_bucket(0);
    me.log.all_reduce(me.stream, from, to, n);
  });
  const auto list = me.log.end_list();
  for (int round = 0; round < 5; ++round) {
    me.device.replay(me.stream, graph);
    me.log.replayed(list);
    expect(me.get(to, kCount) == total, "all_reduce from a graph");
  }
  comm::Watchdog* watchdog = me.world->watchdog();
  if (watchdog == nullptr) return;
  for (const comm::RecordedCollective& one : watchdog->recorder().read())
    expect(one.state == comm::CollectiveState::done, "every collective is recorded as done");
}

/// What the world itself does over NCCL.
void check_world(comm::Communicator& world) {
  const double ranks = world.size();
  std::vector<double> sums(200'000, 1.0);
  world.all_reduce(std::span<double>(sums), comm::Op::sum);
  expect(sums.front() == ranks && sums.back() == ranks, "the world's sum, in pieces");
  std::array<std::int64_t, 2> extremes{world.rank(), -world.rank()};
  world.all_reduce(std::span<std::int64_t>(extremes), comm::Op::max);
  expect(extremes[0] == world.size() - 1 && extremes[1] == 0, "the world's maximum");
  std::vector<std::byte> bytes(3'000'001, std::byte(world.rank() == 0 ? 7 : 0));
  world.broadcast(bytes, 0);
  expect(bytes.back() == std::byte(7), "the world's broadcast, in pieces");
  const std::vector<double> all = world.all_gather(std::vector{1.0 * world.rank(), 0.5});
  for (int rank = 0; rank < world.size(); ++rank)
    expect(all[static_cast<std::size_t>(2 * rank)] == rank, "the world's gathering");
  world.barrier();
}

int check() {
  Rank me;
  std::fprintf(stderr, "rank %d of %d, %s, %s\n", me.world->rank(), me.world->size(),
               me.world->name().c_str(), me.collectives->name().c_str());
  for (const std::size_t n_each : {std::size_t{1}, std::size_t{1000}, kCount}) {
    check_operations<float>(me, n_each);
    check_operations<double>(me, n_each);
  }
  check_graph(me);
  check_world(*me.world);
  const gpu::Link link = gpu::measure_link(me.device, me.log, *me.world);
  expect(link.latency_s > 0 && link.bytes_per_s > 0, "a link that was measured");
  me.world->barrier();
  return g_faults == 0 ? 0 : 1;
}

int loop() {
  Rank me;
  float* data = me.put(std::vector<float>(kCount, 0.0F));
  for (std::int64_t step = 0;; ++step) {
    comm::enter(*me.world, comm::Phase::step, step);
    me.log.next_is_bucket(0);
    me.log.all_reduce(me.stream, data, data, static_cast<std::int64_t>(kCount));
    (void)me.get(data, 1);
    if (step == 3) {
      std::puts("going");
      std::fflush(stdout);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  try {
    const gpu::Placement placement = gpu::place(cuda::visible_gpus(), {0, 1, true, false});
    if (placement.gpu < 0) {
      std::fprintf(stderr, "skipped: %s\n", placement.reason.c_str());
      return kSkipped;
    }
    if (mode == "check") return check();
    if (mode == "loop") return loop();
    return mode == "probe" ? 0 : 2;
  } catch (const hpo::Error& error) {
    std::fprintf(stderr, "%s\n  try: %s\n", error.what(), error.next().c_str());
    return static_cast<int>(error.code());
  }
}
