// SPDX-License-Identifier: Apache-2.0
#include "surrogate/cost.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "unit/propose/points.hpp"

using namespace hpo;
using namespace hpo::surrogate;
using space::Value;

namespace {

/// Layers by width, and a setting that costs nothing.
space::Space network() {
  return {{test::log_real("width", 16, 1024), test::integer("layers", 1, 9),
           test::log_real("rate", 1e-5, 1e-1), test::categorical("kind", {Value("plain"), Value("gated")})},
          {}};
}

double law(const space::Point& point) {
  const double width = space::as_number(point[0]), layers = space::as_number(point[1]);
  return 1e-4 * width * std::pow(2.0, (layers - 1) / 4) *
         (std::get<std::string>(point[3]) == "gated" ? 3 : 1);
}

struct Study {
  space::Space space = network();
  Encoding encoding{space};
  space::History history;

  /// Trials of steps 0 to 1, 1 to 3, and 3 to 9, at `hours` a unit.
  Study(int trials, const std::function<double(const space::Point&, Stream&)>& hours) {
    Stream stream(5, Purpose::test, 1);
    for (int i = 0; i < trials; ++i) {
      test::append(history, {encoding.point(encoding.uniform(stream), stream)});
      auto& trial = history.trials.back();
      double from = 0;
      for (const double to : {1.0, 3.0, 9.0}) {
        const double unit = hours(trial.point, stream);
        trial.curve.push_back({to, {0.5}, 0, unit * (to - from)});
        from = to;
      }
    }
  }
  [[nodiscard]] std::optional<CostModel> model() const { return CostModel::of(encoding, cost_rows(history)); }
  /// Of what unseen configurations cost, the worst factor by which the model is wrong.
  [[nodiscard]] double worst_factor(const CostModel& model) const {
    Stream stream(5, Purpose::test, 2);
    double worst = 1;
    for (int i = 0; i < 100; ++i) {
      const auto point = encoding.point(encoding.uniform(stream), stream);
      const double factor = model.hours(point, 0, 9) / (9 * law(point));
      worst = std::max({worst, factor, 1 / factor});
    }
    return worst;
  }
};

}  // namespace

TEST_CASE("cost: a law of width, depth and kind is recovered from a dozen trials") {
  const Study study(12, [](const auto& point, Stream&) { return law(point); });
  const auto model = study.model();
  REQUIRE(model);
  CHECK(model->differs());
  CHECK(study.worst_factor(*model) < 1.25);
}

TEST_CASE("cost: noise, a task that hung and one that was run twice do not hide the law") {
  int step = 0;
  const Study study(40, [&](const auto& point, Stream& stream) {
    const double noisy = law(point) * std::exp(0.1 * stream.normal());
    ++step;
    return step == 17 ? 200 * noisy : step % 20 == 0 ? 2 * noisy : noisy;
  });
  const auto model = study.model();
  REQUIRE(model);
  CHECK(model->differs());
  CHECK(study.worst_factor(*model) < 1.5);
}

TEST_CASE("cost: equal costs and mere noise do not depend on the configuration") {
  for (const double noise : {0.0, 0.05, 0.5}) {
    for (const int trials : {1, 2, 4, 10, 100}) {
      CAPTURE(noise);
      CAPTURE(trials);
      const Study study(
          trials, [&](const auto&, Stream& stream) { return 0.25 * std::exp(noise * stream.normal()); });
      const auto model = study.model();
      REQUIRE(model);
      CHECK_FALSE(model->differs());
      CHECK(model->log_relative(
                Features(study.encoding).of(study.encoding.row(study.history.trials[0].point)))[0] == 0);
      if (noise == 0)
        CHECK(model->hours(study.history.trials[0].point, 1, 3) == doctest::Approx(0.5).epsilon(0.01));
    }
  }
}

TEST_CASE("cost: what steps are expected to cost adds up to what they cost") {
  const Study study(
      60, [](const auto& point, Stream& stream) { return law(point) * std::exp(0.5 * stream.normal()); });
  const auto rows = cost_rows(study.history);
  const auto model = CostModel::of(study.encoding, rows);
  REQUIRE(model);
  double expected = 0, cost = 0;
  for (const auto& row : rows) {
    expected += model->hours(*row.point, row.from, row.to);
    cost += row.hours;
  }
  CHECK(expected == doctest::Approx(cost).epsilon(0.1));
}

TEST_CASE("cost: a start that every step pays is not taken for training") {
  Study study(20, [](const auto&, Stream&) { return 1.0; });
  for (auto& trial : study.history.trials)
    for (auto& step : trial.curve) step.hours = 1 + 0.01 * step.budget;
  const auto model = study.model();
  REQUIRE(model);
  CHECK(model->hours(study.history.trials[0].point, 9, 27) < 2);
}

TEST_CASE("cost: the order of trials is irrelevant, and so is what has no cost or too small a one") {
  Study study(20, [](const auto& point, Stream&) { return law(point); });
  const auto model = study.model();
  std::ranges::reverse(study.history.trials);
  auto& without = study.history.trials.emplace_back(study.history.trials[3]);
  without.id = 100;
  for (auto& step : without.curve) step.hours = 0;
  const auto same = study.model();
  REQUIRE(model);
  REQUIRE(same);
  const auto& point = study.history.trials[0].point;
  CHECK(model->hours(point, 0, 9) == same->hours(point, 0, 9));
  CHECK(cost_rows(study.history, 1e9).empty());
  CHECK_FALSE(CostModel::of(study.encoding, {}));
}

TEST_CASE(
    "cost: far from what was seen nothing is believed to cost less than half or more than twice of it") {
  const space::Space space{{test::real("x", 0, 1)}, {}};
  const Encoding encoding(space);
  std::vector<space::Point> points;
  std::vector<CostRow> rows;
  for (int i = 0; i < 20; ++i) points.push_back({0.5 + 0.005 * i});
  for (const auto& point : points) rows.push_back({&point, 0, 1, std::exp(20 * space::as_number(point[0]))});
  const auto model = CostModel::of(encoding, rows);
  REQUIRE(model);
  REQUIRE(model->differs());
  CHECK(model->hours({0.0}, 0, 1) > 0.4 * rows.front().hours);
  CHECK(model->hours({1.0}, 0, 1) < 2.5 * rows.back().hours);
}

TEST_CASE("cost: derivatives agree with differences, and a priced target's do") {
  const Study study(30, [](const auto& point, Stream&) { return law(point); });
  const auto model = study.model();
  REQUIRE(model);
  const Features features(study.encoding);
  Target target;
  target.values = [](const Matrix& points) -> Vector { return points.col(0).array().square(); };
  target.value_at = [](const RowVector& point, Vector* slope) {
    if (slope != nullptr) *slope = Vector::Unit(point.size(), 0) * 2 * point[0];
    return point[0] * point[0];
  };
  const auto priced = per_cost(target, *model, 0.7);
  RowVector at = features.of(study.encoding.row(study.history.trials[0].point));
  at[0] = 0.4, at[1] = 0.6;
  Vector slope;
  const double value = priced.value_at(at, &slope);
  CHECK(value == doctest::Approx(priced.values(at)[0]));
  CHECK(value == doctest::Approx(0.16 - 0.7 * model->log_relative(at, nullptr)));
  for (const Eigen::Index f : {0, 1, 2}) {
    const double h = 1e-6;
    RowVector more = at, less = at;
    more[f] += h, less[f] -= h;
    const double difference = (priced.value_at(more, nullptr) - priced.value_at(less, nullptr)) / (2 * h);
    CHECK(slope[f] == doctest::Approx(difference).epsilon(1e-5));
  }
}

TEST_CASE(
    "cost: of two configurations that promise the same the cheap one is chosen, of equal costs neither") {
  const space::Space space{{test::real("x", 0, 1)}, {}};
  const Encoding encoding(space);
  std::vector<space::Point> points;
  std::vector<CostRow> rows;
  for (int i = 0; i < 20; ++i) points.push_back({0.05 * i});
  for (const auto& point : points) rows.push_back({&point, 0, 1, std::exp(3 * space::as_number(point[0]))});
  Target target;  // two peaks
  target.values = [](const Matrix& p) -> Vector {
    return -((p.col(0).array() - 0.5).abs() - 0.3).square() * 100;
  };
  const auto chosen = [&](const Target& of) {
    Stream stream(1, Purpose::test, 9);
    return space::as_number((*best_point(
        encoding, Features(encoding), of, {}, [](const auto&) { return true; }, stream))[0]);
  };
  const auto cost = CostModel::of(encoding, rows);
  CHECK(chosen(per_cost(target, *cost, 1)) == doctest::Approx(0.2).epsilon(0.1));
  for (auto& row : rows) row.hours = 1;
  const auto equal = CostModel::of(encoding, rows);
  CHECK(chosen(per_cost(target, *equal, 1)) == chosen(target));
}
