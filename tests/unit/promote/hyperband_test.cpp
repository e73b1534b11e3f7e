// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "games.hpp"
#include "promote/ladder.hpp"
#include "support/message.hpp"

using namespace hpo;
using namespace hpo::promote;
using test::LadderGame;
using test::later_is_better;
using test::rule;

namespace {

struct Row {
  int tasks;
  double budget;
  bool operator==(const Row&) const = default;
};
using Table = std::vector<std::vector<Row>>;

Table table(double min, double max, double eta) {
  Table all;
  for (const auto& bracket : hyperband_brackets({"epoch", min, max, eta})) {
    auto& rows = all.emplace_back();
    for (const auto& rung : bracket.rungs) rows.push_back({rung.tasks, rung.budget});
  }
  return all;
}

std::string refusal(nlohmann::json options) {
  return test::message([&] { (void)rule("hyperband", 27, 1, 9, 3, options); });
}

}  // namespace

TEST_CASE("hyperband: the brackets for 81 and eta 3") {
  CHECK(table(1, 81, 3) == Table{{{81, 1}, {27, 3}, {9, 9}, {3, 27}, {1, 81}},
                                 {{34, 3}, {11, 9}, {3, 27}, {1, 81}},
                                 {{15, 9}, {5, 27}, {1, 81}},
                                 {{8, 27}, {2, 81}},
                                 {{5, 81}}});
}

TEST_CASE("hyperband: the brackets for 27 and eta 3") {
  CHECK(table(1, 27, 3) ==
        Table{{{27, 1}, {9, 3}, {3, 9}, {1, 27}}, {{12, 3}, {4, 9}, {1, 27}}, {{6, 9}, {2, 27}}, {{4, 27}}});
}

TEST_CASE("hyperband: the brackets for 81 and eta 4, where the lowest budget is above min") {
  CHECK(table(1, 81, 4) == Table{{{64, 81. / 64}, {16, 81. / 16}, {4, 81. / 4}, {1, 81}},
                                 {{22, 81. / 16}, {5, 81. / 4}, {1, 81}},
                                 {{8, 81. / 4}, {2, 81}},
                                 {{4, 81}}});
}

TEST_CASE("hyperband: the brackets for 27 and eta 4") {
  CHECK(table(1, 27, 4) ==
        Table{{{16, 27. / 16}, {4, 27. / 4}, {1, 27}}, {{6, 27. / 4}, {1, 27}}, {{3, 27}}});
}

TEST_CASE("hyperband: a min budget above 1 makes fewer brackets") {
  const auto rows = table(3, 81, 3);
  REQUIRE(rows.size() == 4);
  CHECK(rows[0] == std::vector<Row>{{27, 3}, {9, 9}, {3, 27}, {1, 81}});
  CHECK(table(5, 81, 3)[0] == std::vector<Row>{{9, 9}, {3, 27}, {1, 81}});
  CHECK(table(81, 81, 3) == Table{{{1, 81}}});
  CHECK(table(100, 100000, 10)[0] == std::vector<Row>{{1000, 100}, {100, 1000}, {10, 10000}, {1, 100000}});
}

TEST_CASE("hyperband: a ladder that makes no sense, or is too wide, is refused by name") {
  CHECK(test::message([] { (void)table(1, 9, 1); }).starts_with("fidelity.eta: "));
  CHECK(test::message([] { (void)table(1e-9, 1, 10); }).starts_with("fidelity.min: makes a bracket of "));
}

TEST_CASE("hyperband: brackets run one after the other, each when the one before it is over") {
  const auto hyperband = rule("hyperband", 27, 1, 9, 3);
  LadderGame game(*hyperband, later_is_better);
  (void)game.settle();
  CHECK(game.state.brackets[1].rungs.empty());
  game.end_rung(0, 0);
  (void)game.settle();
  game.end_rung(0, 1);
  (void)game.settle();
  CHECK(game.state.brackets[1].rungs.empty());
  game.end_rung(0, 2);
  (void)game.settle();
  CHECK(game.tasks(1) == std::vector<int>{5});
  game.play();
  CHECK(game.tasks(0) == std::vector<int>{9, 3, 1});
  CHECK(game.tasks(1) == std::vector<int>{5, 1});
  CHECK(game.tasks(2) == std::vector<int>{3});
}

TEST_CASE("hyperband: together, all brackets begin at once") {
  const auto hyperband = rule("hyperband", 27, 1, 9, 3, {{"together", true}});
  LadderGame game(*hyperband, later_is_better);
  (void)game.settle();
  CHECK(game.pending() == 9 + 5 + 3);
}

TEST_CASE("hyperband: iterations repeat the brackets, brackets choose some") {
  CHECK(rule("hyperband", 27, 1, 9, 3, {{"iterations", 3}})->plan().brackets.size() == 9);
  const auto plan = rule("hyperband", 27, 1, 9, 3, {{"iterations", 2}, {"brackets", {0, 2}}})->plan();
  REQUIRE(plan.brackets.size() == 4);
  CHECK(plan.brackets[0].rungs.size() == 3);
  CHECK(plan.brackets[1].rungs.size() == 1);
  CHECK(plan.brackets[3].index == 3);
}

TEST_CASE("hyperband: options that make no sense are refused by name") {
  CHECK(refusal({{"brackets", {3}}}) ==
        "search.brackets: must be a list of whole numbers from 0 to 2, not [3]");
  CHECK(refusal({{"brackets", 1}}).starts_with("search.brackets: "));
  CHECK(refusal({{"iterations", 0}}) == "search.iterations: must be a whole number from 1 to 10000, not 0");
  CHECK(refusal({{"together", 1}}) == "search.together: must be true or false, not 1");
  CHECK(refusal({{"patience_hours", -1}}) == "search.patience_hours: must be a number of at least 0, not -1");
}

TEST_CASE("dehb: the first bracket halves, on every rung of the others new trials come in, none goes up") {
  const auto dehb = rule("dehb", 27, 1, 9, 3);
  LadderGame game(*dehb, later_is_better);
  game.play();
  CHECK(game.tasks(0) == std::vector<int>{9, 3, 1});
  CHECK(game.tasks(1) == std::vector<int>{5, 1});
  CHECK(game.with(Verdict::promote, 1, 0).empty());
  CHECK(game.rung(1, 1).seats[0].trial == 9 + 5);
  CHECK(game.settle().waits_for.empty());
}

TEST_CASE("dehb: new trials come to a rung when the one below it is closed") {
  const auto dehb = rule("dehb", 27, 1, 9, 3, {{"brackets", {1}}, {"iterations", 2}});
  LadderGame game(*dehb, later_is_better);
  game.play(5 + 1 + 4);
  CHECK(game.tasks(1) == std::vector<int>{5});
  game.end(0);
  (void)game.settle();
  CHECK(game.tasks(1) == std::vector<int>{5, 1});
}
