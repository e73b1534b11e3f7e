// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "space/space.hpp"
#include "support/message.hpp"
#include "unit/space/parts.hpp"

using namespace hpo::space;
using namespace hpo::space::parts;
using hpo::test::message;

namespace {

std::string failure(std::vector<Parameter> parameters, std::vector<Forbidden> regions = {}) {
  return message([&] { static_cast<void>(Space(parameters, regions)); });
}

}  // namespace

TEST_CASE("space: names are short identifiers, each there once, with no other meaning") {
  const std::string rule = "a parameter's name is 1 to 64 letters, digits and '_', no digit first";
  CHECK(failure({real("2x", 0, 1)}) == "space.2x: " + rule);
  CHECK(failure({real("", 0, 1)}) == "space.: " + rule);
  CHECK(failure({real("a-b", 0, 1)}) == "space.a-b: " + rule);
  CHECK(failure({real(std::string(65, 'a'), 0, 1)}) == "space." + std::string(64, 'a') + ": " + rule);
  CHECK(failure({real("x", 0, 1), real("x", 0, 1)}) == "space.x: there are two parameters of this name");
  CHECK(failure({real("log", 0, 1)}) ==
        "space.log: 'log' is a word of expressions and cannot name a parameter");
  CHECK(failure({real("not", 0, 1)}) ==
        "space.not: 'not' is a word of expressions and cannot name a parameter");
  CHECK(failure({real("seed", 0, 1)}) ==
        "space.seed: '{seed}' means something else in a command: choose another name");
}

TEST_CASE("space: there is something to search over, and not too much") {
  CHECK(failure({}) == "space: there is no parameter to search over");
  CHECK(failure({constant("c", whole(1))}) == "space: there is no parameter to search over");
  std::vector<Parameter> many;
  for (int i = 0; i < 1001; ++i) many.push_back(real("x" + std::to_string(i), 0, 1));
  CHECK(failure(many) == "space: 1001 parameters are more than 1000");
}

TEST_CASE("space: bounds") {
  CHECK(failure({real("x", 1, 0)}) == "space.x: low = 1 is above high = 0");
  CHECK(failure({real("x", 1, 1)}) == "space.x: low and high are both 1 | write type = \"constant\"");
  CHECK(failure({real("x", 0, std::numeric_limits<double>::infinity())}) ==
        "space.x: low and high must be finite");
  CHECK(failure({real("x", -1e308, 1e308)}) == "space.x: high - low is too large for a double");
  CHECK(failure({real("x", 1, 1 + 1e-10)}) == "space.x: low and high differ by less than one part in 10^9");
  CHECK(failure({real("x", 0, 1, Scale::log)}) ==
        "space.x: low = 0 does not go with scale = \"log\": it must be above 0");
  CHECK(failure({real("x", 0.1, 1, Scale::logit)}) ==
        "space.x: high = 1 does not go with scale = \"logit\": it must be below 1");
  CHECK(failure({integer("n", 0, 8, Scale::log)}) ==
        "space.n: low = 0 does not go with scale = \"log\": it must be above 0");
}

TEST_CASE("space: steps and multiples") {
  CHECK(failure({stepped("x", 0, 1, -1)}) == "space.x: step = -1 must be above 0");
  CHECK(failure({stepped("x", 0, 1, 2)}) == "space.x: step = 2 is larger than high - low");
  CHECK(failure({stepped("x", 0, 1, 1e-13)}) ==
        "space.x: step = 1e-13 makes more than 10^12 values | leave the step out");
  CHECK(failure({integer("n", 1.5, 3)}) == "space.n: low and high of an int must be whole numbers");
  CHECK(failure({integer("n", 0, 2e12)}) ==
        "space.n: low and high of an int must lie within -10^12 and 10^12");
  CHECK(failure({integer("n", 0, 9, Scale::linear, 0)}) == "space.n: multiple_of = 0 must be 1 or more");
  CHECK(failure({integer("n", 1, 7, Scale::linear, 8)}) ==
        "space.n: no multiple of 8 lies between low = 1 and high = 7");
  Parameter both = integer("n", 1, 9, Scale::linear, 2);
  both.step = 2;
  CHECK(failure({both}) == "space.n: step and multiple_of exclude each other");
  both.step = 1.5;
  CHECK(failure({both}) == "space.n: the step of an int must be a whole number");
  both.kind = Kind::real;
  CHECK(failure({both}) == "space.n: multiple_of goes with type = \"int\" | write step instead");
}

TEST_CASE("space: lists of values") {
  CHECK(failure({categorical("c", {})}) == "space.c: there are no values");
  CHECK(failure({categorical("c", {text("a"), text("a")})}) == "space.c: the value a is there twice");
  CHECK(failure({categorical("c", {whole(1), 1.0})}) == "space.c: the value 1 is there twice");
  CHECK(failure({categorical("c", std::vector<Value>(1001, true))}) == "space.c: more than 1000 values");
  CHECK(failure({listed("o", Kind::ordinal, {whole(1), whole(4), whole(2)})}) ==
        "space.o: values of an ordinal must increase, and 2 comes after 4");
  CHECK(failure({listed("o", Kind::ordinal, {text("small"), text("large")})}) == "");
  CHECK(failure({categorical("c", {true, false}, {1})}) == "space.c: 1 weights for 2 values");
  CHECK(failure({categorical("c", {true, false}, {1, 0})}) ==
        "space.c: the weight 0 must be above 0 and at least 10^-9 of their sum");
  CHECK(failure({categorical("c", {true, false}, {1e10, 1})}) ==
        "space.c: the weight 1 must be above 0 and at least 10^-9 of their sum");
}

TEST_CASE("space: expressions name parameters there are and values they can have") {
  CHECK(failure({real("momentum", 0, 1), when(real("x", 0, 1), "momentun > 0.5")}) ==
        "space.x.when: there is no parameter 'momentun' | did you mean 'momentum'?");
  CHECK(failure({real("x", 0, 1), derived("d", "yyy + 1")}) == "space.d.value: there is no parameter 'yyy'");
  CHECK(failure({categorical("c", {text("adam"), text("sgd")})}, {forbidden("c == 'sdg'")}) ==
        "forbidden[0].when: c is never that: 'sdg' is not one of adam, sgd; did you mean 'sgd'?");
}

TEST_CASE("space: nothing depends on itself") {
  CHECK(failure({when(real("x", 0, 1), "x > 0.5")}) ==
        "space.x: depends on itself, through `when` or formulas");
  CHECK(failure({when(real("x", 0, 1), "y > 0.5"), when(real("y", 0, 1), "z > 0.5"),
                 derived("z", "x * 2")}) == "space.x: depends on itself, through `when` or formulas");
}

TEST_CASE("space: an expression that fails somewhere in the space is found at once") {
  CHECK(failure({integer("n", 0, 8), derived("d", "1 / n")}) == "space.d.value: '/': division by zero");
  CHECK(failure({categorical("c", {text("a")}), when(real("x", 0, 1), "c > 1")}) ==
        "space.x.when: '>': texts have no order: compare them with == or in");
  CHECK(failure({categorical("c", {text("a")})}, {forbidden("c + 1")}) ==
        "forbidden[0].when: '+': 'a' is text, not a number");
}

TEST_CASE("space: a space that seems forbidden everywhere is refused") {
  CHECK(failure({real("x", 0, 1)}, {forbidden("x >= 0")}) ==
        "forbidden: all of 4096 points tried are forbidden");
}
