// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
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

space::Space training() {
  return {{test::log_real("lr", 1e-4, 1e-2), test::integer("depth", 1, 3),
           test::categorical("optimizer", {Value("adam"), Value("sgd")}),
           test::when(test::real("momentum", 0.5, 0.9), "optimizer == 'sgd'")},
          {}};
}

std::vector<std::string> grid(const space::Space& space, int trials, const json& options) {
  std::vector<std::string> texts;
  for (const auto& point : make_proposer("grid", {&space, 1, trials, {}, options})->propose({}, 10000)) {
    texts.emplace_back();
    for (const auto& value : point) texts.back() += space::to_text(value) + ",";
  }
  return texts;
}

std::string refusal(const space::Space& space, int trials, const json& options) {
  return test::message([&] { (void)make_proposer("grid", {&space, 1, trials, {}, options}); });
}

}  // namespace

TEST_CASE("grid: every combination once, in the order of nested loops, inactive parameters left out") {
  CHECK(grid(training(), 27, {{"levels", {{"lr", 2}, {"depth", 1}, {"momentum", 2}}}}) ==
        std::vector<std::string>{"1e-04,2,adam,,", "1e-04,2,sgd,0.5,", "1e-04,2,sgd,0.9,", "0.01,2,adam,,",
                                 "0.01,2,sgd,0.5,", "0.01,2,sgd,0.9,"});
}

TEST_CASE("grid: one number of levels is for every continuous parameter") {
  CHECK(grid(training(), 36, {{"levels", 3}}).size() == 3 * 3 * (1 + 3));
  CHECK(grid(test::unit_cube(2), 25, {{"levels", 5}}).size() == 25);
}

TEST_CASE("grid: unless told, it has as many levels as the planned trials have room for") {
  CHECK(grid(test::unit_cube(1), 27, {}).size() == 27);
  CHECK(grid(test::unit_cube(2), 27, {}).size() == 25);
  CHECK(grid(test::unit_cube(3), 27, {}).size() == 27);
  CHECK(grid(test::unit_cube(4), 27, {}).size() == 16);
}

TEST_CASE("grid: one that is larger than a bracket is refused with its size") {
  CHECK(refusal(test::unit_cube(5), 27, {}) ==
        "search.levels: the grid has 32 points (x0 2 x x1 2 x x2 2 x x3 2 x x4 2), more than the 27 trials "
        "of a "
        "bracket | lower levels, raise trials, or set subsample = true to run 27 of them drawn by the seed");
  CHECK(refusal(test::unit_cube(9), 27, {{"levels", 9}}).find("the grid has up to 387420489 points") !=
        std::string::npos);
  CHECK(refusal(test::unit_cube(70), 27, {}).find("the grid has more than 2^63 points") != std::string::npos);
}

TEST_CASE("grid: conditions and forbidden regions are taken into account before it is refused") {
  CHECK(refusal(training(), 24, {{"levels", 3}}).find("the grid has 36 points") != std::string::npos);
  CHECK(refusal(training(), 36, {{"levels", 3}}).empty());
  CHECK(refusal(test::unit_cube(2, "x0 > 0.4"), 10, {{"levels", 5}}).empty());
}

TEST_CASE("grid: a subsample takes points of the grid at random, none twice, to the last one") {
  const json options{{"levels", 3}, {"subsample", true}};
  auto sample = grid(training(), 10, options);
  auto whole = grid(training(), 36, {{"levels", 3}});
  CHECK(sample.size() == 36);
  CHECK(sample != whole);
  std::ranges::sort(sample);
  std::ranges::sort(whole);
  CHECK(sample == whole);
}

TEST_CASE("grid: a subsample of 2^50 points takes them from all over") {
  const auto space = test::unit_cube(50);
  const auto points = make_proposer("grid", {&space, 1, 27, {}, {{"subsample", true}}})->propose({}, 400);
  REQUIRE(points.size() == 400);
  for (std::size_t j = 0; j < 50; ++j) {
    const auto high =
        std::ranges::count_if(points, [j](const auto& p) { return space::as_number(p[j]) == 1; });
    CHECK(high > 140);
    CHECK(high < 260);
  }
}

TEST_CASE("grid: options that make no sense are refused by name") {
  const auto space = training();
  CHECK(refusal(space, 27, {{"levels", 0}}) ==
        "search.levels: must be a whole number from 1 to 1000000, not 0");
  CHECK(refusal(space, 27, {{"levels", "many"}}) ==
        "search.levels: must be a whole number from 1 to 1000000, not \"many\"");
  CHECK(refusal(space, 27, {{"levels", {{"lr", 2.5}}}}) ==
        "search.levels.lr: must be a whole number from 1 to 1000000, not 2.5");
  CHECK(refusal(space, 27, {{"levels", {{"detph", 2}}}}) ==
        "search.levels.detph: the space has no parameter 'detph' | did you mean 'depth'?");
  CHECK(refusal(space, 27, {{"levels", {{"optimizer", 2}}}}) ==
        "search.levels.optimizer: 'optimizer' is not a number: all of its values are levels");
  CHECK(refusal(space, 27, {{"subsample", 1}}) == "search.subsample: must be true or false, not 1");
}
