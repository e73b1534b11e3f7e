// SPDX-License-Identifier: Apache-2.0
// What a proposal by Gaussian processes costs on one thread: CPU seconds of one call and megabytes of the
// process at its largest, by trials in the history and points a batch, fitted from scratch as a fresh process
// does. One line a case, tab-separated:
//   trials  batch  cpu_s_per_call  cpu_ms_per_proposal  peak_mb
// 10 parameters: 6 log-scaled reals, 2 integers, 2 categoricals of 3 and 4 values; a smooth objective with
// noise. With arguments: those numbers of trials, one proposal each.
#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <vector>

#include "bench/mixed_study.hpp"
#include "propose/proposer.hpp"

using namespace hpo;
using namespace hpo::bench;

namespace {

void measure(int trials, int batch) {
  const auto space = mixed_space();
  const auto history = finished(space, trials);
  const auto begin = std::clock();
  const auto points = propose::make_proposer("gp", {&space, 1, 27, {}, {}})->propose(history, batch);
  const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  fmt::print("{}\t{}\t{:.3f}\t{:.1f}\t{:.0f}\n", trials, batch, took,
             took * 1e3 / static_cast<double>(points.size()), peak_megabytes());
}

}  // namespace

int main(int argc, char** argv) {
  fmt::print("trials\tbatch\tcpu_s_per_call\tcpu_ms_per_proposal\tpeak_mb\n");
  for (int i = 1; i < argc; ++i) measure(std::atoi(argv[i]), 1);
  if (argc > 1) return 0;
  for (const int trials : {30, 100, 300, 1'000, 10'000, 100'000})
    for (const int batch : {1, 8, 64, 512}) measure(trials, batch);
}
