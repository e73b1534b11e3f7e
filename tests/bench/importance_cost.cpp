// SPDX-License-Identifier: Apache-2.0
// What it costs to say which parameters decide, one thread. One line a case, tab-separated:
//   trials  parameters  cpu_s  r_squared  first  second
// first and second are the two foremost parameters. Half of the parameters are plain numbers, the others on a
// log scale, integer or categorical. The objective, made to show what a wrong scale hides, is mostly a bowl
// in p1 and a slope in p7, both on a log scale, with noise; less depends on the plain p0, p2 and the
// categorical p5.
//   importance_cost                 the growth with trials and with parameters
//   importance_cost TRIALS csv      the trials of one case as CSV, for importance_rival.py
#include <fmt/format.h>

#include <cmath>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/text.hpp"
#include "surrogate/importance.hpp"
#include "unit/propose/points.hpp"

using namespace hpo;

namespace {

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
      parameters.push_back(test::categorical(name, {"a", "b", "c"}));
  }
  return {std::move(parameters), {}};
}

struct Trials {
  std::vector<space::Point> points;
  std::vector<double> values;
};

Trials make_trials(const space::Space& space, int count) {
  Trials trials;
  Stream stream(1, Purpose::test, 0);
  for (int i = 0; i < count; ++i) {
    std::vector<double> u(space.dimension());
    for (double& x : u) x = stream.uniform();
    trials.points.push_back(space.from_unit(u));
    trials.values.push_back(8 * std::pow(u[1] - 0.3, 2) + 2 * u[7] + 0.4 * u[0] + 0.4 * u[2] * u[0] +
                            (u[5] < 1.0 / 3 ? 0.4 : 0) + 0.2 * stream.normal());
  }
  return trials;
}

void measure(int trials, int dimension) {
  const space::Space space = make_space(dimension);
  const Trials data = make_trials(space, trials);
  double best = 1e9;
  surrogate::Importance found;
  for (int repeat = 0; repeat < (trials > 20000 ? 1 : 3); ++repeat) {
    const std::clock_t begin = std::clock();
    found = surrogate::importance(space, data.points, data.values);
    best = std::min(best, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  const auto name = [&](std::size_t i) { return space.parameters()[found.main[i].parameter].name; };
  fmt::print("{}\t{}\t{:.3f}\t{:.2f}\t{}\t{}\n", trials, dimension, best, found.r_squared, name(0), name(1));
}

void print_csv(int count) {
  const space::Space space = make_space(10);
  const Trials data = make_trials(space, count);
  fmt::print("{},value\n", join(space.names(), ","));
  for (std::size_t i = 0; i < data.points.size(); ++i) {
    for (const auto& value : data.points[i]) fmt::print("{},", space::to_text(value));
    fmt::print("{}\n", shortest(data.values[i]));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[2]) == "csv") {
    print_csv(static_cast<int>(parse_int(argv[1]).value_or(1000)));
    return 0;
  }
  fmt::print("trials\tparameters\tcpu_s\tr_squared\tfirst\tsecond\n");
  for (const int trials : {100, 300, 1000, 3000, 10000, 30000, 100000}) measure(trials, 10);
  for (const int dimension : {20, 50, 100}) measure(1000, dimension);
  return 0;
}
