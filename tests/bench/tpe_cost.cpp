// SPDX-License-Identifier: Apache-2.0
// What a proposal by densities costs on one thread: CPU milliseconds a proposal and megabytes of the process
// at its largest, by trials in the history and points a batch, in a fresh model each. One line a case,
// tab-separated:
//   proposer  parameters  trials  batch  cpu_ms_per_proposal  cpu_s_per_batch  peak_mb
// 10 parameters: 6 log-scaled reals, 2 integers, 2 categoricals of 3 and 4 values; a smooth objective.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

#include "bench/mixed_study.hpp"
#include "propose/proposer.hpp"

using namespace hpo;
using namespace hpo::bench;

namespace {

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// CPU seconds of one call: the best of some that take a fifth of a second together.
template <class Call>
double seconds(Call call) {
  double best = 1e9, total = 0;
  while (total < 0.2) {
    const double begin = cpu_seconds();
    call();
    const double took = cpu_seconds() - begin;
    best = std::min(best, took);
    total += std::max(took, 1e-6);
  }
  return best;
}

}  // namespace

int main() {
  const auto space = mixed_space();
  fmt::print("proposer\tparameters\ttrials\tbatch\tcpu_ms_per_proposal\tcpu_s_per_batch\tpeak_mb\n");
  for (const int trials : {100, 1'000, 10'000, 100'000}) {
    const auto history = finished(space, trials);
    for (const std::string name : {"tpe", "kde"}) {
      const auto proposer = propose::make_proposer(name, {&space, 1, 27, {}, {}});
      for (const int batch : {1, 64, 512}) {
        const double took = seconds([&] { (void)proposer->propose(history, batch); });
        fmt::print("{}\t{}\t{}\t{}\t{:.3f}\t{:.3f}\t{:.0f}\n", name, space.dimension(), trials, batch,
                   took / batch * 1e3, took, peak_megabytes());
      }
    }
  }
}
