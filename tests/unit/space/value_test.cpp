// SPDX-License-Identifier: Apache-2.0
#include "space/value.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

#include "support/message.hpp"

using namespace hpo::space;
using hpo::test::message;

TEST_CASE("value: its text is the shortest that reads back, without quotes, empty when inactive") {
  CHECK(to_text(Value()) == "");
  CHECK(to_text(true) == "true");
  CHECK(to_text(std::int64_t{-7}) == "-7");
  CHECK(to_text(0.1) == "0.1");
  CHECK(to_text(std::string("adam w")) == "adam w");
}

TEST_CASE("value: numbers compare across integers and doubles, exactly") {
  CHECK(same_value(std::int64_t{2}, 2.0));
  CHECK(same_value(2.0, std::int64_t{2}));
  CHECK_FALSE(same_value(std::int64_t{2}, 2.5));
  CHECK_FALSE(same_value(std::int64_t{9007199254740993}, 9007199254740992.0));
  CHECK_FALSE(same_value(std::numeric_limits<std::int64_t>::max(), 9223372036854775808.0));
  CHECK_FALSE(same_value(true, std::int64_t{1}));
  CHECK_FALSE(same_value(std::string("1"), std::int64_t{1}));
}

TEST_CASE("value: inactive equals only inactive") {
  CHECK(same_value(Value(), Value()));
  CHECK_FALSE(same_value(Value(), 0.0));
}

TEST_CASE("value: text and inactive values are not numbers") {
  CHECK(as_number(true) == 1);
  CHECK(message([] { static_cast<void>(as_number(std::string("adam"))); }) ==
        "'adam': is text, and a number is needed");
  CHECK(message([] { static_cast<void>(as_number(Value())); }) ==
        "an inactive parameter has no value, and a number is needed");
}

TEST_CASE("value: JSON keeps the type") {
  for (const Value& value :
       {Value(), Value(false), Value(std::int64_t{1}), Value(1.0), Value(std::string("x"))})
    CHECK(value_from_json(nlohmann::json::parse(to_json(value).dump())) == value);
}

TEST_CASE("value: JSON that is no value is refused") {
  const auto read = [](const char* text) {
    return message([text] { static_cast<void>(value_from_json(nlohmann::json::parse(text))); });
  };
  CHECK(read("[1]") == "a value is a number, a text, true or false, not a list or a table");
  CHECK(read("9223372036854775808") == "9223372036854775808: is beyond the range of a 64-bit integer");
}
