// SPDX-License-Identifier: Apache-2.0
#include "surrogate/forecast.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "surrogate/curve_results.hpp"
#include "unit/propose/points.hpp"

using namespace hpo;
using namespace hpo::surrogate;
using space::Goal;
using space::TrialStatus;
using space::Value;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
const space::Fidelity kNine{"epoch", 1, 9, 3};
const std::vector<Goal> kOneGoal{{}};

/// A trial's value at a budget.
using Curve = std::function<double(const space::Point&, double budget)>;

double x(const space::Point& point, std::size_t i) {
  return space::as_number(point[i]);
}

double bowl(const space::Point& point, double budget) {
  double sum = 0.3 / budget;
  for (std::size_t i = 0; i < point.size(); ++i) sum += std::pow(x(point, i) - 0.7, 2);
  return sum;
}

/// The first `trials` of a design, trained to 1; of them every third to 3, every ninth to 9, one after the
/// other.
space::History ladder(const space::Space& space, std::size_t trials, const Curve& curve) {
  const Encoding encoding(space);
  space::History history;
  double now = 0;
  for (std::size_t i = 0; i < trials; ++i) {
    Stream stream(4, Purpose::test, i);
    auto point = encoding.point(encoding.uniform(stream), stream);
    test::append(history, {std::move(point)});
    auto& trial = history.trials.back();
    trial.status = TrialStatus::finished;
    for (const std::size_t budget : {1, 3, 9}) {
      if (i % budget != 0) break;
      const auto b = static_cast<double>(budget);
      trial.curve.push_back({b, {curve(trial.point, b)}, ++now});
    }
  }
  return history;
}

std::optional<Forecast> forecast(const Encoding& encoding, const space::History& history,
                                 Forecast::Sight sight = Forecast::Sight::over_all) {
  Forecast::Options options;
  options.sight = sight;
  return Forecast::of(encoding, kNine, kOneGoal, history, options);
}

const Outlook& outlook(const Forecast& forecast, std::int64_t trial) {
  const auto found = std::ranges::find(forecast.outlooks(), trial, &Outlook::trial);
  REQUIRE(found != forecast.outlooks().end());
  return *found;
}

bool anything(const space::Point&) {
  return true;
}

std::vector<std::pair<double, double>> numbers(const Forecast& forecast) {
  std::vector<std::pair<double, double>> all;
  for (const auto& o : forecast.outlooks()) all.emplace_back(o.mean, o.deviation);
  return all;
}

space::Point suggested(const Forecast& forecast, std::uint64_t number = 0) {
  Stream stream(2, Purpose::test, number);
  const auto suggestion = forecast.suggest(anything, stream);
  REQUIRE(suggestion);
  return suggestion->point;
}

}  // namespace

TEST_CASE("forecast: there is none of fewer trials with a value than parameters and one more") {
  const auto space = test::unit_cube(3);
  const Encoding encoding(space);
  CHECK_FALSE(forecast(encoding, {}));
  auto history = ladder(space, 4, bowl);
  CHECK(forecast(encoding, history));
  history.trials[0].curve.back().values[0] = kNaN;
  history.trials[0].curve.resize(1);
  history.trials[0].curve[0].values[0] = kNaN;
  CHECK_FALSE(forecast(encoding, history));
}

TEST_CASE("forecast: of curves that cross, those that are expected to end better are told by the others") {
  // What is slow at first ends best: so much is seen of the five that were trained to the end.
  const auto space = test::unit_cube(1);
  const Encoding encoding(space);
  const auto crossing = [](const space::Point& p, double budget) {
    return 0.4 + 0.4 * x(p, 0) + std::log(budget) / std::log(9) * (0.2 - 0.8 * x(p, 0));
  };
  const auto history = ladder(space, 45, crossing);
  for (const auto sight : {Forecast::Sight::near_best, Forecast::Sight::over_all}) {
    const auto made = forecast(encoding, history, sight);
    REQUIRE(made);
    int pairs = 0, right = 0;
    for (const auto& a : made->outlooks())
      for (const auto& b : made->outlooks()) {
        const double xa = x(history.trials[static_cast<std::size_t>(a.trial)].point, 0),
                     xb = x(history.trials[static_cast<std::size_t>(b.trial)].point, 0);
        if (xa <= xb + 0.2) continue;
        ++pairs;
        right += a.mean < b.mean ? 1 : 0;
      }
    CHECK(right > 0.9 * pairs);
    CHECK(x(suggested(*made), 0) > 0.75);
  }
}

TEST_CASE("forecast: of four suggestions one is better than nearly all that were tried") {
  const auto space = test::unit_cube(3);
  const Encoding encoding(space);
  const auto history = ladder(space, 40, bowl);
  std::vector<double> ends;
  for (const auto& trial : history.trials) ends.push_back(bowl(trial.point, 9));
  std::ranges::sort(ends);
  for (const auto sight : {Forecast::Sight::near_best, Forecast::Sight::over_all}) {
    auto made = forecast(encoding, history, sight);
    REQUIRE(made);
    double best = 10;
    for (std::uint64_t i = 0; i < 4; ++i) {
      const auto point = suggested(*made, i);
      best = std::min(best, bowl(point, 9));
      made->take(point);
    }
    CHECK(best < ends[sight == Forecast::Sight::over_all ? 0 : 7]);
  }
}

TEST_CASE("forecast: only usable points are suggested, and nothing where there is none") {
  const auto space = test::unit_cube(2);
  const Encoding encoding(space);
  const auto made = forecast(encoding, ladder(space, 20, bowl));
  REQUIRE(made);
  Stream stream(2, Purpose::test, 0);
  const auto left = made->suggest([](const space::Point& p) { return x(p, 0) < 0.2; }, stream);
  REQUIRE(left);
  CHECK(x(left->point, 0) < 0.2);
  CHECK_FALSE(made->suggest([](const space::Point&) { return false; }, stream));
}

TEST_CASE("forecast: points that are taken promise nothing more: the next are others") {
  const auto space = test::unit_cube(2);
  const Encoding encoding(space);
  auto made = forecast(encoding, ladder(space, 10, bowl));
  REQUIRE(made);
  std::vector<space::Point> points;
  double first = 0, last = 0;
  for (std::uint64_t i = 0; i < 6; ++i) {
    Stream stream(2, Purpose::test, i);
    const auto suggestion = made->suggest(anything, stream);
    REQUIRE(suggestion);
    (i == 0 ? first : last) = suggestion->log_improvement;
    for (const auto& other : points)
      CHECK(std::hypot(x(suggestion->point, 0) - x(other, 0), x(suggestion->point, 1) - x(other, 1)) > 0.01);
    points.push_back(suggestion->point);
    made->take(suggestion->point);
  }
  CHECK(last < first);
}

TEST_CASE("forecast: the order of the history is irrelevant, and asked again it says the same") {
  const auto space = test::unit_cube(2);
  const Encoding encoding(space);
  auto history = ladder(space, 30, bowl);
  history.trials[7].status = TrialStatus::failed;
  history.trials[8].status = TrialStatus::failed;
  history.trials[8].curve.clear();
  const auto made = forecast(encoding, history);
  std::ranges::reverse(history.trials);
  const auto other = forecast(encoding, history);
  REQUIRE((made && other));
  CHECK(numbers(*made) == numbers(*other));
  CHECK(suggested(*made) == suggested(*other));
  CHECK(suggested(*made) == suggested(*made));
}

TEST_CASE("forecast: a failure speaks against its point, at the first rung or later, as NaN does") {
  const auto space = test::unit_cube(1);
  const Encoding encoding(space);
  const auto good = [&] {
    auto history = ladder(space, 20, bowl);
    test::append(history, {{0.7}});
    history.trials.back().status = TrialStatus::finished;
    history.trials.back().curve = {{1, {bowl({0.7}, 1)}, 30}, {3, {bowl({0.7}, 3)}, 31}};
    return history;
  };
  const auto expected = [&](const space::History& history) {
    const auto made = forecast(encoding, history);
    REQUIRE(made);
    return outlook(*made, 20).mean;
  };
  const double unharmed = expected(good());
  auto failed = good();
  failed.trials.back().status = TrialStatus::failed;
  CHECK(expected(failed) > unharmed + 0.2);
  auto at_the_end = good();
  at_the_end.trials.back().curve.push_back({9, {bowl({0.7}, 9)}, 32});
  const double complete = expected(at_the_end);
  at_the_end.trials.back().status = TrialStatus::failed;
  CHECK(expected(at_the_end) > complete + 0.2);
  auto silent = good();
  silent.trials.back().curve[1].values = {kNaN};
  CHECK(expected(silent) > unharmed + 0.2);
  auto missing = good();
  missing.trials.back().curve[1].values.clear();
  CHECK(expected(missing) == expected(silent));

  auto beside = good();
  beside.trials.back().status = TrialStatus::failed;
  beside.trials.back().curve.clear();
  const auto made = forecast(encoding, beside);
  REQUIRE(made);
  CHECK(std::ranges::count(made->outlooks(), 20, &Outlook::trial) == 0);
}

TEST_CASE("forecast: what breaks a constraint is as bad as any, also where its value is missing") {
  const auto space = test::unit_cube(1);
  const Encoding encoding(space);
  const std::vector<Goal> goals{{}, {Goal::Role::constraint, 0.5}};
  auto history = ladder(space, 30, [](const space::Point& p, double) { return -x(p, 0); });
  for (auto& trial : history.trials)
    for (auto& seen : trial.curve)
      if (x(trial.point, 0) < 0.8) seen.values.push_back(x(trial.point, 0));
  const auto made = Forecast::of(encoding, kNine, goals, history, {});
  REQUIRE(made);
  CHECK(x(suggested(*made), 0) < 0.6);
  CHECK(x(suggested(*made), 0) > 0.3);
}

TEST_CASE("forecast: earlier studies are evidence") {
  const auto space = test::unit_cube(2);
  const Encoding encoding(space);
  space::History history;
  history.prior = ladder(space, 30, bowl).trials;
  const auto made = forecast(encoding, history);
  REQUIRE(made);
  CHECK(std::ranges::all_of(made->outlooks(), [](const Outlook& o) { return o.trial < 0; }));
  CHECK(bowl(suggested(*made), 9) < 0.3 / 9 + 0.1);
}

TEST_CASE("forecast: of more results than the model takes it sees the furthest trained and the best") {
  const auto space = test::unit_cube(2);
  const Encoding encoding(space);
  const auto history = ladder(space, 400, bowl);
  Forecast::Options options;
  options.most_rows = 60;
  const auto made = Forecast::of(encoding, kNine, kOneGoal, history, options);
  REQUIRE(made);
  CHECK(made->outlooks().size() == 400);
  CHECK(bowl(suggested(*made), 9) < 0.3 / 9 + 0.05);
}

TEST_CASE("forecast: plateaus, huge values, duplicates and a single trial give finite numbers") {
  const auto space = test::unit_cube(2);
  const Encoding encoding(space);
  const auto is_finite = [&](const space::History& history, Forecast::Sight sight) {
    Forecast::Options options;
    options.sight = sight;
    options.least_trials = 1;
    const auto made = Forecast::of(encoding, kNine, kOneGoal, history, options);
    REQUIRE(made);
    (void)suggested(*made);
    return std::ranges::all_of(made->outlooks(), [](const Outlook& o) {
      return std::isfinite(o.mean) && o.deviation > 0 && std::isfinite(o.log_improvement);
    });
  };
  const Curve huge = [](const space::Point& p, double) { return 1.7e308 * (2 * x(p, 0) - 1); };
  for (const auto sight : {Forecast::Sight::near_best, Forecast::Sight::over_all}) {
    CHECK(is_finite(ladder(space, 1, bowl), sight));
    CHECK(is_finite(ladder(space, 20, [](const space::Point&, double) { return 0.5; }), sight));
    CHECK(is_finite(ladder(space, 20, huge), sight));
    auto same = ladder(space, 20, bowl);
    for (auto& trial : same.trials) trial.point = same.trials[0].point;
    CHECK(is_finite(same, sight));
    auto failing = ladder(space, 30, bowl);
    for (std::size_t i = 0; i < 27; ++i) {
      failing.trials[i].curve.clear();
      failing.trials[i].status = TrialStatus::failed;
    }
    CHECK(is_finite(failing, sight));
  }
}

TEST_CASE("forecast: a thousand categories and parameters that are not active") {
  std::vector<Value> many;
  for (std::int64_t i = 0; i < 1000; ++i) many.emplace_back(i);
  const space::Space space{{test::categorical("c", many), test::categorical("kind", {Value("a"), Value("b")}),
                            test::when(test::real("m", 0, 1), "kind == 'b'")},
                           {}};
  const Encoding encoding(space);
  const auto history = ladder(space, 40, [](const space::Point& p, double) {
    return space::is_active(p[2]) ? std::abs(x(p, 2) - 0.3) : 1.0;
  });
  const auto made = forecast(encoding, history);
  REQUIRE(made);
  const auto point = suggested(*made);
  CHECK_FALSE(space.fault(point));
  CHECK(space::is_active(point[2]));
  CHECK(std::abs(x(point, 2) - 0.3) < 0.15);
}

namespace {

/// Adds what trials reported after every quarter of an epoch, up to `most`.
void report(space::PastTrial& trial, const Curve& curve, double most) {
  for (double budget = 0.25; budget <= most; budget += 0.25)
    trial.reports.push_back({budget, curve(trial.point, budget)});
}

}  // namespace

TEST_CASE("forecast: a trial that still runs is expected to end as its reports say") {
  const auto space = test::unit_cube(2);
  const Encoding encoding(space);
  const Curve curve = [](const space::Point& point, double budget) { return bowl(point, budget); };
  auto history = ladder(space, 18, curve);
  for (auto& trial : history.trials) report(trial, curve, trial.curve.back().budget);
  test::append(history, {{0.71, 0.69}, {0.05, 0.05}});
  const auto before = forecast(encoding, history);
  REQUIRE(before);
  CHECK(before->outlooks().size() == 18);
  for (const std::size_t i : {18, 19}) {
    history.trials[i].status = TrialStatus::running;
    report(history.trials[i], curve, 2.5);
  }
  const auto after = forecast(encoding, history);
  REQUIRE(after);
  CHECK(after->outlooks().size() == 20);
  CHECK(outlook(*after, 18).mean < outlook(*after, 19).mean - 1);
  CHECK(outlook(*after, 18).log_improvement > outlook(*after, 19).log_improvement);
}

TEST_CASE("forecast: reports between rungs tell of curves that cross") {
  // Those on the left are ahead at 1 and get no better; the others start late.
  const auto space = test::unit_cube(1);
  const Encoding encoding(space);
  const Curve crossing = [](const space::Point& point, double budget) {
    return x(point, 0) < 0.5 ? 0.5 : 1 - 0.3 * std::log(budget);
  };
  auto history = ladder(space, 27, crossing);
  auto more = history;
  for (auto& trial : more.trials) report(trial, crossing, trial.curve.back().budget);
  test::append(more, {{0.75}});
  more.trials.back().status = TrialStatus::running;
  report(more.trials.back(), crossing, 5.5);
  const auto expected = forecast(encoding, more);
  REQUIRE(expected);
  const double early = outlook(*expected, 27).deviation;
  more.trials.back().reports.resize(8);
  const auto less = forecast(encoding, more);
  REQUIRE(less);
  CHECK(early < outlook(*less, 27).deviation);
}

TEST_CASE("forecast: reports of failed trials, and any where there are constraints, are left aside") {
  const auto space = test::unit_cube(2);
  const Encoding encoding(space);
  const Curve curve = [](const space::Point& point, double budget) { return bowl(point, budget); };
  const auto plain = ladder(space, 18, curve);
  auto failing = plain;
  test::append(failing, {{0.7, 0.7}});
  failing.trials.back().status = TrialStatus::failed;
  auto reporting = failing;
  report(reporting.trials.back(), curve, 2.5);
  CHECK(numbers(*forecast(encoding, failing)) == numbers(*forecast(encoding, reporting)));

  const std::vector<Goal> goals{{}, {Goal::Role::constraint, 10}};
  auto kept = plain;
  for (auto& trial : kept.trials)
    for (auto& seen : trial.curve) seen.values.push_back(1);
  const auto without = Forecast::of(encoding, kNine, goals, kept, {});
  for (auto& trial : kept.trials) report(trial, curve, 9);
  CHECK(numbers(*without) == numbers(*Forecast::of(encoding, kNine, goals, kept, {})));
}

TEST_CASE("forecast: reports of any number are at most two rows a rung, and come in the order of time") {
  const auto space = test::unit_cube(2);
  auto history = ladder(space, 9, bowl);
  for (auto& trial : history.trials) report(trial, bowl, trial.curve.back().budget);
  const auto results = curve_results(history, kOneGoal, kNine);
  std::size_t rungs = 0;
  for (const auto& trial : history.trials) rungs += trial.curve.size();
  CHECK(results.size() > rungs);
  CHECK(results.size() <= 2 * rungs);
  CHECK(std::ranges::is_sorted(results, {}, &CurveResult::ended));
  for (const auto& r : results) CHECK(r.value == doctest::Approx(bowl(*r.point, r.budget)).epsilon(0.02));
}

TEST_CASE("forecast: where costs are known, of what promises the same the cheap is preferred") {
  // Two equal valleys; the right one costs twenty times as much.
  const auto space = test::unit_cube(1);
  const Encoding encoding(space);
  const Curve valleys = [](const space::Point& point, double budget) {
    return std::pow(std::abs(x(point, 0) - 0.5) - 0.3, 2) + 0.1 / budget;
  };
  auto history = ladder(space, 18, valleys);
  for (auto& trial : history.trials)
    for (auto& step : trial.curve) step.hours = step.budget * std::exp(6 * x(trial.point, 0));
  Forecast::Options options;
  const auto plain = Forecast::of(encoding, kNine, kOneGoal, history, options);
  options.cost_share = 1;
  const auto priced = Forecast::of(encoding, kNine, kOneGoal, history, options);
  REQUIRE(priced);
  CHECK(x(suggested(*priced), 0) < 0.5);
  for (const auto& o : priced->outlooks()) {
    const double paid = outlook(*plain, o.trial).log_improvement - o.log_improvement;
    CHECK(paid == doctest::Approx(6 * (x(history.trials[static_cast<std::size_t>(o.trial)].point, 0) - 0.5))
                      .epsilon(0.3)
                      .scale(1));
  }
  for (auto& trial : history.trials)
    for (auto& step : trial.curve) step.hours = step.budget;
  const auto equal = Forecast::of(encoding, kNine, kOneGoal, history, options);
  CHECK(suggested(*equal) == suggested(*plain));
}
