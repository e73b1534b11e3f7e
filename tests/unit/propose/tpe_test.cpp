// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "propose/proposer.hpp"
#include "support/message.hpp"
#include "unit/propose/points.hpp"

using namespace hpo;
using nlohmann::json;
using propose::make_proposer;
using space::Value;

namespace {

using Objective = std::function<double(const space::Point&)>;

/// Trials one after the other; the points' values, in order.
std::vector<double> search(const std::string& proposer, const space::Space& space, int trials,
                           const Objective& objective, std::uint64_t seed, const json& options = {}) {
  const auto made = make_proposer(proposer, {&space, seed, 27, {}, options});
  space::History history;
  std::vector<double> values;
  for (int i = 0; i < trials; ++i) {
    test::append(history, made->propose(history, 1));
    auto& trial = history.trials.back();
    values.push_back(objective(trial.point));
    trial.status = space::TrialStatus::finished;
    trial.curve = {{1, {values.back()}}};
  }
  return values;
}

double best_of(const std::vector<double>& values) {
  return *std::ranges::min_element(values);
}

double x_of(const space::Point& point, std::size_t i) {
  return space::as_number(point[i]);
}

double bowl(const space::Point& point) {
  double sum = 0;
  for (const auto& value : point) sum += (space::as_number(value) - 0.3) * (space::as_number(value) - 0.3);
  return sum;
}

/// n finished trials of a bowl, drawn at random.
space::History random_history(const space::Space& space, int trials, const Objective& objective) {
  auto history = test::history_of(make_proposer("random", {&space, 99, 27, {}, {}})->propose({}, trials));
  for (auto& trial : history.trials) {
    trial.status = space::TrialStatus::finished;
    trial.curve = {{1, {objective(trial.point)}}};
  }
  return history;
}

double smallest_distance(const std::vector<space::Point>& points) {
  double smallest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      double sum = 0;
      for (std::size_t j = 0; j < points[i].size(); ++j)
        sum += std::pow(x_of(points[i], j) - x_of(points[k], j), 2);
      smallest = std::min(smallest, std::sqrt(sum));
    }
  }
  return smallest;
}

}  // namespace

TEST_CASE("tpe: the bottom of a bowl is found sooner than by random points, in every form") {
  const auto space = test::unit_cube(4);
  double random = 0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) random += best_of(search("random", space, 60, bowl, seed));
  for (const json& options :
       {json{}, json{{"multivariate", false}}, json{{"gamma", 0.25}}, json{{"liar", false}}}) {
    double tpe = 0;
    for (std::uint64_t seed = 0; seed < 5; ++seed)
      tpe += best_of(search("tpe", space, 60, bowl, seed, options));
    CHECK(tpe < random / 2);
  }
}

TEST_CASE("tpe: the first trial is the middle of every range") {
  const space::Space space({test::log_real("lr", 1e-4, 1), test::integer("n", 1, 9)}, {});
  const auto points = make_proposer("tpe", {&space, 1, 27, {}, {}})->propose({}, 2);
  CHECK(x_of(points[0], 0) == doctest::Approx(0.01));
  CHECK(x_of(points[0], 1) == 5);
  CHECK(points[1] != points[0]);
}

TEST_CASE("tpe: the better value of a categorical and the better branch of a condition are preferred") {
  const space::Space space({test::categorical("kind", {Value("a"), Value("b"), Value("c"), Value("d")}),
                            test::when(test::real("of_a", 0, 1), "kind == 'a'"),
                            test::when(test::real("of_b", 0, 1), "kind == 'b'")},
                           {});
  const auto objective = [](const space::Point& p) {
    if (space::is_active(p[1])) return std::abs(x_of(p, 1) - 0.8);
    return space::is_active(p[2]) ? 0.5 + x_of(p, 2) : 2.0;
  };
  for (const bool group : {true, false}) {
    const auto values = search("tpe", space, 80, objective, 3, {{"group", group}});
    CHECK(std::count_if(values.begin() + 40, values.end(), [](double v) { return v < 0.3; }) > 25);
    CHECK(best_of(values) < 0.01);
  }
}

TEST_CASE("tpe: a joint density follows a valley that lies across the parameters") {
  const auto space = test::unit_cube(2);
  const auto valley = [](const space::Point& p) { return std::abs(x_of(p, 0) - x_of(p, 1)); };
  const auto history = random_history(space, 300, valley);
  const auto mean = [&](bool multivariate) {
    const json options{{"multivariate", multivariate}, {"liar", false}};
    double sum = 0;
    for (const auto& point : make_proposer("tpe", {&space, 1, 27, {}, options})->propose(history, 50))
      sum += valley(point) / 50;
    return sum;
  };
  CHECK(mean(true) < 0.65 * mean(false));
}

TEST_CASE("tpe: the liar spreads a batch and keeps away from trials that still run") {
  const auto space = test::unit_cube(2);
  const auto history = random_history(space, 60, bowl);
  const auto batch = [&](bool liar, const space::History& past) {
    return make_proposer("tpe", {&space, 1, 27, {}, {{"liar", liar}}})->propose(past, 12);
  };
  CHECK(smallest_distance(batch(true, history)) > smallest_distance(batch(false, history)));

  auto running = history;
  test::append(running, batch(true, history));
  auto points = batch(true, running);
  double near = 0;
  for (const auto& point : points)
    near += smallest_distance({point, running.trials[60].point}) < 0.02 ? 1 : 0;
  CHECK(near <= 1);
}

TEST_CASE("tpe: constant objectives, failures alone, duplicates and a single trial end in new points") {
  const auto space = test::unit_cube(3);
  CHECK(search(
            "tpe", space, 40, [](const auto&) { return 0.5; }, 1)
            .size() == 40);
  CHECK(search(
            "tpe", space, 40, [](const auto&) { return std::nan(""); }, 1)
            .size() == 40);
  auto history = random_history(space, 1, bowl);
  for (int i = 0; i < 30; ++i) history.trials.push_back(history.trials[0]);
  for (std::size_t i = 0; i < history.trials.size(); ++i) history.trials[i].id = static_cast<std::int64_t>(i);
  CHECK(make_proposer("tpe", {&space, 1, 27, {}, {{"start", 1}}})->propose(history, 5).size() == 5);
}

TEST_CASE("tpe: of a thousand categories those seen to be good are tried again") {
  std::vector<Value> many;
  for (std::int64_t i = 0; i < 1000; ++i) many.emplace_back(i);
  const space::Space space({test::categorical("c", many), test::real("x", 0, 1)}, {});
  auto history = random_history(space, 100, [](const auto&) { return 1.0; });
  std::set<double> good;
  for (std::size_t i = 0; i < 10; ++i) {
    history.trials[i].curve = {{1, {0.0}}};
    good.insert(x_of(history.trials[i].point, 0));
  }
  const auto points = make_proposer("tpe", {&space, 1, 27, {}, {}})->propose(history, 40);
  CHECK(points.size() == 40);
  CHECK(std::ranges::count_if(points, [&](const auto& p) { return good.contains(x_of(p, 0)); }) > 10);
}

TEST_CASE("tpe: earlier studies are evidence from the first trial on") {
  const auto space = test::unit_cube(2);
  space::History history;
  history.prior = random_history(space, 200, bowl).trials;
  double sum = 0;
  for (const auto& point : make_proposer("tpe", {&space, 1, 27, {}, {}})->propose(history, 10))
    sum += bowl(point);
  CHECK(sum / 10 < 0.1);
}

TEST_CASE("tpe: the order of the history means nothing") {
  const auto space = test::unit_cube(3);
  auto history = random_history(space, 50, bowl);
  history.trials[3].status = space::TrialStatus::failed;
  test::append(history, make_proposer("random", {&space, 5, 27, {}, {}})->propose({}, 3));
  for (const char* name : {"tpe", "kde"}) {
    const auto proposer = make_proposer(name, {&space, 1, 27, {}, {}});
    auto reversed = history;
    std::ranges::reverse(reversed.trials);
    CHECK(proposer->propose(reversed, 9) == proposer->propose(history, 9));
  }
}

TEST_CASE("tpe and kde: options that make no sense are refused by name") {
  const auto space = test::unit_cube(1);
  const auto refusal = [&](const char* name, const json& options) {
    return test::message([&] { (void)make_proposer(name, {&space, 1, 27, {}, options}); });
  };
  CHECK(refusal("tpe", {{"gamma", 2}}) == "search.gamma: must be a number from 0.001 to 0.999, not 2");
  CHECK(refusal("tpe", {{"candidates", 1.5}}) ==
        "search.candidates: must be a whole number from 1 to 100000, not 1.5");
  CHECK(refusal("tpe", {{"liar", "no"}}) == "search.liar: must be true or false, not \"no\"");
  CHECK(
      refusal("kde", {{"random_fraction", "third"}}).starts_with("search.random_fraction: must be a number"));
  CHECK(refusal("kde", {{"min_points", 0}}).starts_with("search.min_points: must be a whole number"));
}

TEST_CASE("tpe: draws together around what the good points agree on, until it is near") {
  const auto space = test::unit_cube(4);
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const auto values = search("tpe", space, 200, bowl, seed);
    const std::vector<double> first(values.begin(), values.begin() + 50);
    CHECK(best_of(values) < 0.003);
    CHECK(best_of(values) < best_of(first) / 5);
  }
}
