// SPDX-License-Identifier: Apache-2.0
// What a proposal by Gaussian processes costs on one thread: CPU seconds of one call and megabytes of the
// process at its largest, by trials in the history and points a batch, fitted from scratch as a fresh process
// does. One line a case, tab-separated:
//   trials  batch  cpu_s_per_call  cpu_ms_per_proposal  peak_mb
// 10 parameters: 6 log-scaled reals, 2 integers, 2 categoricals of 3 and 4 values; a smooth objective with
// noise. With arguments: those numbers of trials, one proposal each.
#include <fmt/format.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "base/random.hpp"
#include "propose/proposer.hpp"
#include "unit/propose/points.hpp"

using namespace hpo;

namespace {

space::Space mixed_space() {
  std::vector<space::Parameter> parameters;
  for (int i = 0; i < 6; ++i) parameters.push_back(test::log_real(fmt::format("x{}", i), 1e-5, 1));
  parameters.push_back(test::integer("layers", 1, 10));
  parameters.push_back(test::integer("width", 16, 1024));
  parameters.push_back(test::categorical("optimizer", {"adam", "adamw", "sgd"}));
  parameters.push_back(test::categorical("schedule", {"constant", "cosine", "linear", "step"}));
  return {std::move(parameters), {}};
}

space::History finished(const space::Space& space, int trials) {
  auto history =
      test::history_of(propose::make_proposer("random", {&space, 9, 27, {}, {}})->propose({}, trials));
  for (auto& trial : history.trials) {
    Stream noise(1, Purpose::test, static_cast<std::uint64_t>(trial.id));
    double value = 0.01 * noise.normal();
    for (const double u : space.to_unit(trial.point)) value += (u - 0.3) * (u - 0.3);
    trial.status = space::TrialStatus::finished;
    trial.curve = {{1, {value}}};
  }
  return history;
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

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
