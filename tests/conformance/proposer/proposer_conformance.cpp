// SPDX-License-Identifier: Apache-2.0
// What every proposer owes, applied to every row of the registry.
#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "conformance/proposer/spaces.hpp"
#include "propose/neighbours.hpp"
#include "propose/proposer.hpp"
#include "unit/propose/points.hpp"

using namespace hpo;
using namespace hpo::propose;
using test::Sample;

namespace {

Setting setting_of(const Sample& sample) {
  return {&sample.space, 7, 27, {}, sample.options};
}

/// Every proposer with every sample space; `make` makes a fresh one.
using Make = std::function<std::unique_ptr<Proposer>()>;
void for_every_case(const std::function<void(const Make&, const Sample&)>& check) {
  for (const auto& entry : registry()) {
    for (const auto& sample : test::samples()) {
      CAPTURE(entry.name);
      CAPTURE(sample.name);
      check([&] { return make_proposer(entry.name, setting_of(sample)); }, sample);
    }
  }
}

/// How many of `wanted` points the space can give.
std::size_t available(const Sample& sample, std::size_t wanted) {
  return std::min(wanted, sample.points.value_or(wanted));
}

/// Each legal, allowed, and unlike every other of the history and of the batch.
void check_points(const Sample& sample, const space::History& history,
                  const std::vector<space::Point>& points) {
  std::set<std::string> keys;
  for (const auto& trial : history.trials) keys.insert(sample.space.key(trial.point));
  for (const auto& point : points) {
    const auto fault = sample.space.fault(point);
    CHECK_MESSAGE(!fault, fault.value_or(""));
    CHECK_MESSAGE(keys.insert(sample.space.key(point)).second, "twice: " << sample.space.key(point));
  }
}

/// A study that has been through everything: no reports, NaN, failures, plateaus, trials of all states.
space::History eventful(const Sample& sample, std::size_t trials, bool constant) {
  auto history = test::history_of(
      make_proposer("random", {&sample.space, 99, 27, {}, {}})->propose({}, static_cast<int>(trials)));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const space::TrialStatus states[] = {space::TrialStatus::finished, space::TrialStatus::failed,
                                       space::TrialStatus::abandoned, space::TrialStatus::running,
                                       space::TrialStatus::waiting};
  Stream stream(1, Purpose::test, 0);
  for (std::size_t i = 0; i < history.trials.size(); ++i) {
    auto& trial = history.trials[i];
    trial.status = states[i % 5];
    if (trial.status == space::TrialStatus::waiting) continue;
    trial.curve.push_back({1, {constant ? 0.5 : stream.uniform()}});
    trial.curve.push_back({3, {i % 3 == 0 ? nan : constant ? 0.5 : stream.uniform()}});
  }
  return history;
}

}  // namespace

TEST_CASE("every proposer: points are legal, allowed, new, and as many as asked for") {
  for_every_case([](const Make& make, const Sample& sample) {
    for (const int count : {0, 1, 2, 27, 1000}) {
      const auto points = make()->propose({}, count);
      CHECK(points.size() == available(sample, static_cast<std::size_t>(count)));
      check_points(sample, {}, points);
    }
  });
}

TEST_CASE("every proposer: asked again it gives the same points") {
  for_every_case([](const Make& make, const Sample& sample) {
    const auto points = make()->propose({}, 60);
    CHECK(make()->propose({}, 60) == points);
    const auto history = eventful(sample, 30, false);
    const auto proposer = make();
    CHECK(proposer->propose(history, 20) == proposer->propose(history, 20));
  });
}

TEST_CASE("every proposer: one call of n gives what n calls of one give") {
  for_every_case([](const Make& make, const Sample&) {
    const auto proposer = make();
    const auto together = proposer->propose({}, 40);
    std::vector<space::Point> alone, in_batches;
    for (std::size_t i = 0; i < together.size(); ++i)
      for (auto& point : proposer->propose(test::history_of(alone), 1)) alone.push_back(std::move(point));
    for (const int count : {1, 9, 27, 3})
      for (auto& point : proposer->propose(test::history_of(in_batches), count))
        in_batches.push_back(std::move(point));
    CHECK(alone == together);
    CHECK(in_batches == together);
  });
}

TEST_CASE("every proposer: failures, NaN, and trials of all states do not make it repeat a point or stop") {
  for_every_case([](const Make& make, const Sample& sample) {
    for (const bool constant : {false, true}) {
      const auto history = eventful(sample, 60, constant);
      const auto points = make()->propose(history, 27);
      CHECK(points.size() == available(sample, history.trials.size() + 27) - history.trials.size());
      check_points(sample, history, points);
    }
  });
}

TEST_CASE("every proposer that learns: no point is nearly the same as another, while there are others") {
  for (const auto& entry : registry()) {
    // A program's points are its own, and cmaes ends in steps as small as that.
    if (!entry.learns || entry.name == "external" || entry.name == "cmaes") continue;
    for (const auto& sample : test::samples()) {
      CAPTURE(entry.name);
      CAPTURE(sample.name);
      const auto history = eventful(sample, 60, true);
      Neighbours neighbours(sample.space);
      for (const auto& trial : history.trials) neighbours.add(trial.point);
      for (const auto& point : make_proposer(entry.name, setting_of(sample))->propose(history, 60)) {
        CHECK_FALSE(neighbours.contains(point));
        neighbours.add(point);
      }
    }
  }
}

TEST_CASE(
    "every proposer that learns: where every point is nearly the same as one that was, new ones will do") {
  const Sample sample{"crowded", test::unit_cube(1, "x0 > 0.01"), {}, test::options_for(3000)};
  for (const auto& entry : registry()) {
    if (!entry.learns) continue;
    CAPTURE(entry.name);
    const auto history = eventful(sample, 40, false);
    const auto points = make_proposer(entry.name, setting_of(sample))->propose(history, 30);
    CHECK(points.size() == 30);
    check_points(sample, history, points);
  }
}

TEST_CASE("every proposer: a finite space is used to the last point, then nothing is given") {
  for_every_case([](const Make& make, const Sample& sample) {
    if (!sample.points) return;
    const auto proposer = make();
    space::History history;
    for (std::size_t i = 0; i < *sample.points; ++i) test::append(history, proposer->propose(history, 1));
    CHECK(history.trials.size() == *sample.points);
    check_points(sample, {}, proposer->propose({}, 1000));
    CHECK(proposer->propose(history, 1).empty());
  });
}

TEST_CASE("every proposer: where all but a corner is forbidden it gives up") {
  const Sample sample{"corner", test::unit_cube(2, "x0 > 0 or x1 > 0"), 1, test::options_for(400)};
  for (const auto& entry : registry()) {
    CAPTURE(entry.name);
    const auto points = make_proposer(entry.name, setting_of(sample))->propose({}, 5);
    CHECK(points.size() <= 1);
    check_points(sample, {}, points);
  }
}

TEST_CASE("every proposer: start points come first, each once, and are not proposed again") {
  for (const auto& entry : registry()) {
    for (const auto& sample : test::samples()) {
      CAPTURE(entry.name);
      CAPTURE(sample.name);
      auto setting = setting_of(sample);
      setting.start_points = make_proposer("random", {&sample.space, 50, 27, {}, {}})->propose({}, 3);
      const auto starts = setting.start_points;
      setting.start_points.push_back(starts[0]);
      const auto proposer = make_proposer(entry.name, setting);
      const auto points = proposer->propose({}, 30);
      CHECK(points.size() == available(sample, 30));
      check_points(sample, {}, points);
      REQUIRE(points.size() >= starts.size());
      CHECK(std::equal(starts.begin(), starts.end(), points.begin()));

      std::vector<space::Point> alone;
      for (std::size_t i = 0; i < points.size(); ++i)
        for (auto& point : proposer->propose(test::history_of(alone), 1)) alone.push_back(std::move(point));
      CHECK(alone == points);
    }
  }
}

TEST_CASE("every proposer: huge, tiny, equal, missing and contradictory values do not stop it") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), most = std::numeric_limits<double>::max();
  using Value = std::function<double(std::size_t, double)>;  // of the trial, and a random number
  const std::vector<std::pair<const char*, Value>> objectives{
      {"constant", [](std::size_t, double) { return 1e300; }},
      {"around 1e300", [](std::size_t, double u) { return 1e300 * (u - 0.5); }},
      {"both ends", [=](std::size_t i, double) { return i % 2 == 0 ? most : -most; }},
      {"around 1e-300", [](std::size_t, double u) { return 1e-300 * u; }},
      {"one beyond all others", [](std::size_t i, double u) { return i == 3 ? -1e300 : u; }},
      {"never a number", [=](std::size_t, double) { return nan; }},
      {"infinite", [](std::size_t, double) { return std::numeric_limits<double>::infinity(); }},
      {"a number now and then", [=](std::size_t i, double u) { return i % 3 == 0 ? nan : u; }}};
  for_every_case([&](const Make& make, const Sample& sample) {
    for (const auto& [name, value] : objectives) {
      CAPTURE(name);
      auto history =
          test::history_of(make_proposer("random", {&sample.space, 99, 27, {}, {}})->propose({}, 36));
      Stream stream(1, Purpose::test, 1);
      for (std::size_t i = 0; i < history.trials.size(); ++i) {
        history.trials[i].status = space::TrialStatus::finished;
        history.trials[i].curve = {{1, {value(i, stream.uniform())}}};
      }
      const auto points = make()->propose(history, 5);
      CHECK(points.size() == available(sample, history.trials.size() + 5) - history.trials.size());
      check_points(sample, history, points);
    }
  });
}

TEST_CASE("every proposer: one point with many different values, as earlier studies have them, is evidence") {
  for_every_case([](const Make& make, const Sample& sample) {
    space::History history;
    history.prior =
        test::history_of(make_proposer("random", {&sample.space, 99, 27, {}, {}})->propose({}, 20)).trials;
    Stream stream(1, Purpose::test, 2);
    for (std::size_t i = 0; i < history.prior.size(); ++i) {
      if (i % 2 == 1) history.prior[i].point = history.prior[i - 1].point;
      history.prior[i].status = space::TrialStatus::finished;
      history.prior[i].curve = {{1, {i % 2 == 0 ? 1e6 * stream.uniform() : -stream.uniform()}}};
    }
    const auto points = make()->propose(history, 6);
    CHECK(points.size() == available(sample, 6));
    check_points(sample, {}, points);
  });
}

TEST_CASE("every proposer: what is asked to explore does not depend on results") {
  for_every_case([](const Make& make, const Sample& sample) {
    const auto history = eventful(sample, 40, false);
    auto other = history;
    for (auto& trial : other.trials)
      for (auto& seen : trial.curve) seen.values[0] = 1 - seen.values[0];
    const Ask ask(6, 1, true);
    const auto points = make()->propose(history, ask);
    CHECK(make()->propose(other, ask) == points);
    check_points(sample, history, points);
  });
}
