// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "propose/proposer.hpp"
#include "support/message.hpp"
#include "unit/propose/points.hpp"

using namespace hpo;
using namespace hpo::propose;

TEST_CASE("propose: a misspelt proposer is refused with a suggestion") {
  const auto space = test::unit_cube(1);
  CHECK(test::message([&] {
          (void)make_proposer("sobel", {&space, 1, 9, {}, {}});
        }) == "search.proposer: unknown proposer 'sobel' | did you mean 'sobol'?");
}

TEST_CASE("propose: every proposer has a name and a line of help") {
  for (const auto& entry : registry()) {
    CHECK_FALSE(entry.name.empty());
    CHECK_FALSE(entry.help.empty());
  }
}

TEST_CASE("propose: a start point in a forbidden region is refused") {
  const auto space = test::unit_cube(1, "x0 > 0.5");
  CHECK(test::message([&] {
          (void)make_proposer("random", {&space, 1, 9, {{0.25}, {0.75}}, {}});
        }) == "start[1]: is forbidden by \"x0 > 0.5\": tested");
}

TEST_CASE("propose: a start point takes the place of a trial and changes no other") {
  const auto space = test::unit_cube(2);
  for (const std::string name : {"random", "sobol", "lhs"}) {
    const auto without = make_proposer(name, {&space, 1, 9, {}, {}})->propose({}, 9);
    const auto with = make_proposer(name, {&space, 1, 9, {{0.5, 0.25}}, {}})->propose({}, 9);
    CHECK(with[0] == space::Point{0.5, 0.25});
    CHECK(std::equal(with.begin() + 1, with.end(), without.begin() + 1));
  }
}

TEST_CASE("propose: results change nothing for a proposer that does not learn") {
  const auto space = test::unit_cube(3);
  for (const std::string name : {"random", "grid", "sobol", "lhs"}) {
    const auto proposer = make_proposer(name, {&space, 1, 27, {}, {}});
    auto history = test::history_of(proposer->propose({}, 9));
    const auto before = proposer->propose(history, 9);
    for (auto& trial : history.trials) {
      trial.status = space::TrialStatus::failed;
      trial.curve = {{1, {0.5}}};
    }
    CHECK(proposer->propose(history, 9) == before);
  }
}
