// SPDX-License-Identifier: Apache-2.0
// What every promotion rule owes, applied to every row of the registry.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "promote/rule.hpp"

using namespace hpo;
using namespace hpo::promote;

namespace {

std::vector<Setting> settings() {
  std::vector<Setting> all;
  for (const double eta : {1.5, 2.0, 2.5, 3.0, 4.0})
    for (const double max : {1.0, 4.0, 9.0, 10.0, 81.0, 1000.0})
      for (const int trials : {1, 2, 9, 27, 100}) all.push_back({{"epoch", 1, max, eta}, trials, 11, {}});
  return all;
}

/// A rung as full as planned: ties, failures, NaN, and abandoned trials among the values.
std::vector<Candidate> mixed_rung(int size, std::uint64_t seed) {
  Stream stream(seed, Purpose::test, static_cast<std::uint64_t>(size));
  std::vector<Candidate> candidates;
  for (int i = 0; i < size; ++i) {
    Candidate c{100 + i, Outcome::finished, static_cast<double>(stream.below(20)) / 10};
    const auto fate = stream.below(10);
    if (fate == 0) c.outcome = Outcome::failed;
    if (fate == 1) c.outcome = Outcome::diverged;
    if (fate == 2) c.value = std::numeric_limits<double>::quiet_NaN();
    if (fate == 3) c.outcome = Outcome::abandoned;
    candidates.push_back(c);
  }
  return candidates;
}

using Check =
    std::function<void(const Rule&, const PlannedBracket&, int rung, const std::vector<Candidate>&)>;

/// Every rung that is ever decided, of every rule and setting.
void for_every_rung(const Check& check) {
  for (const auto& entry : registry()) {
    CAPTURE(entry.name);
    for (const auto& setting : settings()) {
      const auto rule = make_rule(entry.name, setting);
      for (const auto& bracket : rule->plan().brackets)
        for (int r = 0; r + 1 < static_cast<int>(bracket.rungs.size()); ++r)
          check(*rule, bracket, r,
                mixed_rung(bracket.rungs[static_cast<std::size_t>(r)].tasks, setting.seed));
    }
  }
}

bool same(const Ruling& a, const Ruling& b) {
  return a.ready == b.ready && a.reason == b.reason &&
         std::ranges::equal(a.decisions, b.decisions, [](const Decision& x, const Decision& y) {
           return x.trial == y.trial && x.verdict == y.verdict && x.rank == y.rank && x.reason == y.reason;
         });
}

bool has_value(const Candidate& c) {
  return c.outcome == Outcome::finished && std::isfinite(c.value);
}

const Candidate& find(const std::vector<Candidate>& candidates, std::int64_t trial) {
  return *std::ranges::find(candidates, trial, &Candidate::trial);
}

}  // namespace

TEST_CASE("every rule: budgets increase from at least min to exactly max, tasks do not increase") {
  for (const auto& entry : registry()) {
    CAPTURE(entry.name);
    for (const auto& setting : settings()) {
      const auto plan = make_rule(entry.name, setting)->plan();
      REQUIRE_FALSE(plan.brackets.empty());
      CHECK(plan.brackets[0].rungs.at(0).tasks == setting.trials);
      for (std::size_t b = 0; b < plan.brackets.size(); ++b) {
        const auto& [index, rungs] = plan.brackets[b];
        CHECK(index == static_cast<int>(b));
        REQUIRE_FALSE(rungs.empty());
        CHECK(rungs.front().budget >= setting.fidelity.min);
        CHECK(rungs.back().budget == setting.fidelity.max);
        CHECK(rungs.back().tasks >= 1);
        for (std::size_t k = 0; k < rungs.size(); ++k) {
          CHECK(rungs[k].index == static_cast<int>(k));
          if (k > 0) CHECK(rungs[k].budget > rungs[k - 1].budget);
          if (k > 0) CHECK(rungs[k].tasks <= rungs[k - 1].tasks);
        }
      }
    }
  }
}

TEST_CASE("every rule: each candidate is decided once, best first, with a reason") {
  for_every_rung([](const Rule& rule, const PlannedBracket& bracket, int rung, const auto& candidates) {
    const auto ruling = rule.decide(bracket.index, rung, candidates);
    REQUIRE(ruling.ready);
    REQUIRE(ruling.decisions.size() == candidates.size());
    std::set<std::int64_t> trials;
    for (std::size_t i = 0; i < ruling.decisions.size(); ++i) {
      trials.insert(ruling.decisions[i].trial);
      CHECK(ruling.decisions[i].rank == static_cast<int>(i) + 1);
      CHECK_FALSE(ruling.decisions[i].reason.empty());
    }
    CHECK(trials.size() == candidates.size());
  });
}

TEST_CASE("every rule: no more go up than the rung above was planned for") {
  for_every_rung([](const Rule& rule, const PlannedBracket& bracket, int rung, const auto& candidates) {
    const auto ruling = rule.decide(bracket.index, rung, candidates);
    const auto promoted = std::ranges::count(ruling.decisions, Verdict::promote, &Decision::verdict);
    CHECK(promoted <= bracket.rungs[static_cast<std::size_t>(rung) + 1].tasks);
    if (std::ranges::any_of(candidates, has_value)) CHECK(promoted >= 1);
  });
}

TEST_CASE("every rule: failed, diverged, abandoned, and valueless trials rank last and never go up") {
  for_every_rung([](const Rule& rule, const PlannedBracket& bracket, int rung, const auto& candidates) {
    bool without_value = false;
    for (const auto& decision : rule.decide(bracket.index, rung, candidates).decisions) {
      const bool good = has_value(find(candidates, decision.trial));
      if (!good) CHECK(decision.verdict == Verdict::stop);
      CHECK_FALSE((good && without_value));
      without_value = without_value || !good;
    }
  });
}

TEST_CASE("every rule: the order of the candidates is irrelevant, ties included") {
  for_every_rung([](const Rule& rule, const PlannedBracket& bracket, int rung, auto candidates) {
    const auto ruling = rule.decide(bracket.index, rung, candidates);
    std::ranges::reverse(candidates);
    CHECK(same(rule.decide(bracket.index, rung, candidates), ruling));
    std::rotate(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(candidates.size() / 3),
                candidates.end());
    CHECK(same(rule.decide(bracket.index, rung, candidates), ruling));
  });
}

TEST_CASE("every rule: made again it decides the same") {
  for (const auto& entry : registry()) {
    for (const auto& setting : settings()) {
      const auto once = make_rule(entry.name, setting), again = make_rule(entry.name, setting);
      const auto bracket = once->plan().brackets[0];
      if (bracket.rungs.size() < 2) continue;
      const auto candidates = mixed_rung(bracket.rungs[0].tasks, 3);
      CHECK(same(once->decide(0, 0, candidates), again->decide(0, 0, candidates)));
    }
  }
}
