// SPDX-License-Identifier: Apache-2.0
// How fast a study is loaded and committed, and its segments read. One line a case, tab-separated:
//   case  trials  reports  MB  wall_s  cpu_s  floor_wall_s  floor_cpu_s  cpu_over_floor  peak_MB
// The floor, measured in the same run, reads as many bytes from a file, or writes, syncs and closes them, in
// one piece.
#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "exchange/segment.hpp"
#include "study/store.hpp"
#include "support/sample_study.hpp"
#include "support/scratch.hpp"

using namespace hpo;

namespace {

struct Cost {
  double wall = 0, cpu = 0;
};

double cpu_now() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// The cheaper of three runs.
template <class Act>
Cost cost_of(Act act) {
  using Clock = std::chrono::steady_clock;
  Cost best{1e9, 1e9};
  for (int i = 0; i < 3; ++i) {
    const auto wall = Clock::now();
    const double cpu = cpu_now();
    act();
    best.cpu = std::min(best.cpu, cpu_now() - cpu);
    best.wall = std::min(best.wall, std::chrono::duration<double>(Clock::now() - wall).count());
  }
  return best;
}

double peak_megabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void print(const char* name, std::size_t trials, std::size_t reports, std::uint64_t bytes, Cost cost,
           Cost floor) {
  fmt::print("{}\t{}\t{}\t{:.1f}\t{:.3f}\t{:.3f}\t{:.3f}\t{:.3f}\t{:.1f}\t{:.0f}\n", name, trials, reports,
             static_cast<double>(bytes) / 1e6, cost.wall, cost.cpu, floor.wall, floor.cpu,
             cost.cpu / floor.cpu, peak_megabytes());
  std::fflush(stdout);
}

Cost write_floor(const fs::path& file, const std::string& bytes) {
  return cost_of([&] {
    file_system().unlink(file);
    const auto out = file_system().create(file);
    out->append(bytes);
    out->sync();
    out->close();
  });
}

Cost read_floor(const fs::path& file) {
  return cost_of([&] { (void)file_system().read(file); });
}

void measure_study(const fs::path& where, std::size_t trials, std::size_t reports) {
  const study::Provenance who{1.0, "bench", "0", "store_bench", "", "", "", ""};
  const auto store = study::Store::create(where / fmt::format("s{}.h5", trials),
                                          test::sample_study(test::plain_toml(), 1, {trials, reports}), who);
  const fs::path plain = where / "plain";
  const std::uint64_t size = file_system().status(store.layout().file)->size;
  const Cost writing = write_floor(plain, file_system().read(store.layout().file)),
             reading = read_floor(plain);
  const Cost load = cost_of([&] { (void)store.head(); });
  print("load", trials, trials * reports, size, load, reading);
  const Cost update = cost_of([&] {
    (void)store.update(
        [](study::Study& study) {
          study.rungs.push_back({9, 0, 1, study::RungState::open, 0, 0});
          return true;
        },
        who);
  });
  print("load+commit", trials, trials * reports, size, update, writing);
}

void measure_segments(const fs::path& where, std::size_t attempts, std::size_t reports) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < attempts; ++i) {
    exchange::Started who;
    who.trial = static_cast<std::int32_t>(i);
    who.time = file_system().now();
    auto writer = exchange::SegmentWriter::create(where / "seg", who);
    for (std::size_t k = 0; k < reports; ++k)
      writer.write(exchange::Reported{static_cast<double>(k),
                                      who.time + static_cast<double>(k) / 3,
                                      {{"valid_error", 1.0 / static_cast<double>(k + 1)},
                                       {"train_loss", 2.0 / static_cast<double>(k + 3)}}});
    bytes += file_system().status(writer.name().path(where / "seg"))->size;
  }
  const auto each = [&](auto act) {
    return cost_of([&] {
      for (const auto& name : exchange::list_segments(where / "seg")) act(name.path(where / "seg"));
    });
  };
  const Cost floor = each([](const fs::path& file) { (void)file_system().read(file); });
  const Cost cost = each([](const fs::path& file) { (void)exchange::read_segment(file, {}); });
  print("segments", attempts, attempts * reports, bytes, cost, floor);
}

}  // namespace

int main() {
  const test::Scratch scratch;
  fmt::print(
      "case\ttrials\treports\tMB\twall_s\tcpu_s\tfloor_wall_s\tfloor_cpu_s\tcpu_over_floor\tpeak_MB\n");
  for (const std::size_t trials : {1000, 10000, 100000}) measure_study(scratch.path(), trials, 50);
  measure_segments(scratch.path(), 10000, 50);
  return 0;
}
