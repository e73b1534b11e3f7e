// SPDX-License-Identifier: Apache-2.0
#include "space/placeholder.hpp"

#include <doctest/doctest.h>

#include "support/message.hpp"
#include "unit/space/parts.hpp"

using namespace hpo::space;
using namespace hpo::space::parts;
using hpo::test::message;
using Words = std::vector<std::string>;

namespace {

Space space() {
  return Space(
      {real("lr", 1e-5, 1), integer("width", 8, 64), categorical("optimizer", {text("adam"), text("sgd")}),
       when(real("momentum", 0, 1), "optimizer == 'sgd'")},
      {});
}

std::string filled(const char* form) {
  const auto s = space();
  const auto point = s.complete({{"lr", 0.001}, {"width", whole(32)}, {"optimizer", text("adam")}});
  return fill(nlohmann::ordered_json::parse(form), s, point).dump();
}

std::string failure(const char* form) {
  return message([form] { static_cast<void>(filled(form)); });
}

}  // namespace

TEST_CASE("placeholder: the names of a text, in order") {
  CHECK(placeholders("--lr={lr}") == Words{"lr"});
  CHECK(placeholders("{a}{b}-{a}") == Words{"a", "b", "a"});
  CHECK(placeholders("{{a}} }} {{{b}}}") == Words{"b"});
  CHECK(placeholders("").empty());
}

TEST_CASE("placeholder: braces that are neither doubled nor around a name are refused") {
  const auto read = [](const char* text) {
    return message([text] { static_cast<void>(placeholders(text)); });
  };
  const std::string hint = " | write {{ and }} for braces that mean themselves";
  CHECK(read("{lr") == "'{lr': a '{' is not closed" + hint);
  CHECK(read("lr}") == "'lr}': a '}' has no '{'" + hint);
  CHECK(read("{}") == "'{}': '' is not the name of a parameter" + hint);
  CHECK(read("{\"a\": 1}") == "'{\"a\": 1}': '\"a\": 1' is not the name of a parameter" + hint);
}

TEST_CASE("placeholder: a text that is exactly a placeholder takes the value with its type") {
  CHECK(filled(R"({"lr": "{lr}", "hidden": ["{width}", 10], "kind": "{optimizer}", "n": 3})") ==
        R"({"lr":0.001,"hidden":[32,10],"kind":"adam","n":3})");
}

TEST_CASE("placeholder: inside a longer text a placeholder becomes text") {
  CHECK(filled(R"(["lr={lr},{width}", "{{lr}}"])") == R"(["lr=0.001,32","{lr}"])");
}

TEST_CASE("placeholder: what is exactly an inactive placeholder is left out") {
  CHECK(filled(R"({"momentum": "{momentum}", "list": [1, "{momentum}", 2]})") == R"({"list":[1,2]})");
}

TEST_CASE("placeholder: the keys of a form stay in the author's order") {
  CHECK(filled(R"({"z": 1, "a": {"y": 2, "b": 3}})") == R"({"z":1,"a":{"y":2,"b":3}})");
}

TEST_CASE("placeholder: a form that cannot be filled is refused") {
  CHECK(failure(R"(["{lrr}"])") == "'{lrr}': there is no such parameter | did you mean 'lr'?");
  CHECK(failure(R"(["m={momentum}"])") ==
        "'m={momentum}': momentum is inactive here and cannot stand inside a text");
}

TEST_CASE(
    "placeholder: words of a command, with further names; a word with an inactive parameter is left out") {
  const nlohmann::json values{{"lr", 0.001}, {"trial", 7}, {"flag", true}, {"name", "a b; rm -rf $HOME"}};
  CHECK(fill(Words{"train", "--lr={lr}", "{trial}", "--momentum={momentum}", "{flag}", "x={name}"}, values,
             {"momentum"}) == Words{"train", "--lr=0.001", "7", "true", "x=a b; rm -rf $HOME"});
  CHECK(message([&] { static_cast<void>(fill(Words{"{trail}"}, values, {})); }) ==
        "'{trail}': there is no such parameter | did you mean 'trial'?");
}

TEST_CASE("placeholder: no parameter can take the name of something else in a command") {
  CHECK(message([] { static_cast<void>(Space({real("budget", 0, 1)}, {})); }) ==
        "space.budget: '{budget}' means something else in a command: choose another name");
}
