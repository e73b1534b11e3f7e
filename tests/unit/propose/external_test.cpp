// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "propose/proposer.hpp"
#include "unit/propose/points.hpp"

using namespace hpo;
using propose::make_proposer;

namespace {

const space::Space& plane() {
  static const space::Space space{{test::real("x", 0, 1), test::integer("n", 1, 9)},
                                  {test::forbidden("n == 9")}};
  return space;
}

/// A program of the shell.
propose::Setting shell(const std::string& script, double timeout_s = 20) {
  return {&plane(), 3, 27, {}, {{"command", {"sh", "-c", script}}, {"timeout_s", timeout_s}}};
}

std::vector<space::Point> ask(const std::string& script, int count, const space::History& history = {}) {
  return make_proposer("external", shell(script))->propose(history, count);
}

std::string complaint(const std::string& script, double timeout_s = 20) {
  try {
    (void)make_proposer("external", shell(script, timeout_s))->propose({}, 2);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("external: the program's points are taken, in its order") {
  const auto points = ask(R"(echo '{"points": [{"x": 0.5, "n": 3}, {"n": 2, "x": 1}]}')", 2);
  REQUIRE(points.size() == 2);
  CHECK(plane().to_json(points[0]).dump() == R"({"x":0.5,"n":3})");
  CHECK(plane().to_json(points[1]).dump() == R"({"x":1.0,"n":2})");
}

TEST_CASE("external: what it leaves out or has given before comes from the design") {
  const auto twice = R"(echo '{"points": [{"x": 0.5, "n": 3}, {"x": 0.5, "n": 3}]}')";
  const auto points = ask(twice, 4);
  REQUIRE(points.size() == 4);
  const auto later = ask(twice, 3, test::history_of(points));
  const auto sobol = make_proposer("sobol", shell(""))->propose(test::history_of(points), 3);
  CHECK(later == sobol);
  CHECK(ask("echo '{\"points\": []}'", 0).empty());
}

TEST_CASE("external: the program sees the space, the history with its values, and what is asked for") {
  auto history = test::history_of({{0.25, std::int64_t{4}}, {0.75, std::int64_t{5}}});
  history.trials[0].status = space::TrialStatus::finished;
  history.trials[0].curve = {{1, {0.125}}, {3, {std::numeric_limits<double>::quiet_NaN()}}};
  // It complains of what it was asked, unless each of these texts is in there.
  const char* script = R"(request=$(cat)
    for part in '"count":7' '"seed":3' '"first_trial":2' '"budget":1.0' \
        '{"name":"x","type":"float","low":0.0,"high":1.0,"scale":"linear"}' '"forbidden":["n == 9"]' \
        '"point":{"x":0.25,"n":4},"status":"finished","curve":[{"budget":1.0,"values":[0.125]},{"budget":3.0,"values":[null]}]' \
        '"point":{"x":0.75,"n":5},"status":"waiting","curve":[]' '"prior":[]'; do
      case $request in *"$part"*) ;; *) echo "no $part in $request" >&2; exit 1;; esac
    done
    echo '{"points": []}')";
  CHECK(ask(script, 7, history).size() == 7);
  std::swap(history.trials[0], history.trials[1]);
  CHECK(ask(script, 7, history).size() == 7);
}

TEST_CASE("external: a request larger than any pipe reaches a program that does not read it, too") {
  const auto history = test::history_of(make_proposer("random", shell(""))->propose({}, 5000));
  CHECK(ask("echo '{\"points\": []}'", 1, history).size() == 1);
  CHECK(ask("test $(wc -c) -gt 300000 && echo '{\"points\": []}'", 1, history).size() == 1);
}

TEST_CASE("external: what is wrong is said, with the program, its exit code, and its last words") {
  CHECK(has(complaint("echo first >&2; echo 'last words' >&2; exit 3"), "exit code 3: last words"));
  CHECK(has(complaint("exit 4"), "exit code 4: it said nothing"));
  CHECK(has(complaint("sleep 20", 0.2), "has not answered within 0.2 s"));
  CHECK(has(complaint("echo nonsense"), "not one JSON document"));
  CHECK(has(complaint("echo '[1, 2]'"), "not one JSON document"));
  CHECK(has(complaint("echo '{\"points\": 3}'"), "not one JSON document"));
  CHECK(has(complaint(R"(echo '{"points": [{"x": 0.5, "n": 3}, {"x": 2, "n": 1}]}')"), "points[1]: x"));
  CHECK(has(complaint(R"(echo '{"points": [{"x": 0.5}]}')"), "points[0]: n: has no value"));
  CHECK(has(complaint(R"(echo '{"points": [{"x": 0.5, "n": 9}]}')"), "points[0]: is forbidden: n == 9"));
  CHECK(has(complaint(R"(echo '{"points": [[], [], []]}')"), "gave 3 points, where 2 were asked for"));
  CHECK(has(complaint(R"(echo '{"points": [17]}')"), "points[0]"));
}

TEST_CASE("external: its options are checked when it is made") {
  const auto refused = [](const nlohmann::json& options) {
    CHECK_THROWS_AS((void)make_proposer("external", {&plane(), 3, 27, {}, options}), Error);
  };
  refused(nlohmann::json::object());
  refused({{"command", "mine.py"}});
  refused({{"command", nlohmann::json::array()}});
  refused({{"command", {"sh", 3}}});
  refused({{"command", {"true"}}, {"timeout_s", 0}});
  CHECK_THROWS_AS((void)make_proposer("external", {&plane(), 3, 27, {}, {{"command", {"/no/such/program"}}}})
                      ->propose({}, 1),
                  Error);
}
