// SPDX-License-Identifier: Apache-2.0
// How fast points are made. One line a case, tab-separated:
//   proposer  dimensions  history  count  us_per_call  points_per_s  over_floor
// The floor, measured in the same run, draws a point's uniform numbers and calls Space::from_unit; over_floor
// is the time a point takes over that of the floor. Every call of a proposer also reads the whole history
// once, to repeat no point, so the lines with count 1 grow with it linearly.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "propose/proposer.hpp"
#include "unit/propose/points.hpp"

using namespace hpo;

namespace {

/// Half plain numbers, the other half on a log scale, integer, or categorical in turn.
space::Space make_space(int dimension) {
  std::vector<space::Parameter> parameters;
  for (int i = 0; i < dimension; ++i) {
    const auto name = fmt::format("p{}", i);
    if (i % 2 == 0)
      parameters.push_back(test::real(name, 0, 1));
    else if (i % 6 == 1)
      parameters.push_back(test::log_real(name, 1e-6, 1));
    else if (i % 6 == 3)
      parameters.push_back(test::integer(name, 1, 1000));
    else
      parameters.push_back(test::categorical(name, {"a", "b"}));
  }
  return {std::move(parameters), {}};
}

/// Lets a grid have 2^dimension points, and gives `external` a program that leaves them to the design.
nlohmann::json two_levels(const space::Space& space) {
  nlohmann::json options{{"subsample", true}, {"command", {"echo", "{\"points\": []}"}}};
  for (const auto& parameter : space.parameters())
    if (parameter.kind != space::Kind::categorical) options["levels"][parameter.name] = 2;
  return options;
}

/// Seconds of one call: the best of some that take half a second together.
template <class Call>
double seconds(Call call) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9, total = 0;
  while (total < 0.5) {
    const auto begin = Clock::now();
    call();
    const double took = std::chrono::duration<double>(Clock::now() - begin).count();
    best = std::min(best, took);
    total += took;
  }
  return best;
}

double floor_seconds(const space::Space& space, int count) {
  std::vector<double> cube(space.dimension());
  std::vector<space::Point> points;
  return seconds([&] {
    points.clear();
    for (int k = 0; k < count; ++k) {
      Stream stream(1, Purpose::propose, static_cast<std::uint64_t>(k));
      for (double& u : cube) u = stream.uniform();
      points.push_back(space.from_unit(cube));
    }
  });
}

void report(const std::string& proposer, std::size_t dimension, std::size_t history, int count, double took,
            double floor_per_point) {
  fmt::print("{}\t{}\t{}\t{}\t{:.1f}\t{:.0f}\t{:.2f}\n", proposer, dimension, history, count, took * 1e6,
             count / took, took / count / floor_per_point);
}

}  // namespace

int main() {
  fmt::print("proposer\tdimensions\thistory\tcount\tus_per_call\tpoints_per_s\tover_floor\n");
  for (const int dimension : {10, 50}) {
    const auto space = make_space(dimension);
    const auto options = two_levels(space);
    constexpr int kBatch = 1000;
    const double floor = floor_seconds(space, kBatch);
    report("floor", space.dimension(), 0, kBatch, floor, floor / kBatch);
    for (const int trials : {0, 10'000, 100'000}) {
      const auto history = test::history_of(
          propose::make_proposer("random", {&space, 9, kBatch, {}, {}})->propose({}, trials));
      for (const auto& entry : propose::registry()) {
        const auto proposer = propose::make_proposer(entry.name, {&space, 1, kBatch, {}, options});
        for (const int count : {1, kBatch})
          report(entry.name, space.dimension(), history.trials.size(), count,
                 seconds([&] { (void)proposer->propose(history, count); }), floor / kBatch);
      }
    }
  }
}
