// SPDX-License-Identifier: Apache-2.0
#include "config/document.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/message.hpp"

using hpo::config::Document;
using hpo::config::parse_toml;
using hpo::test::message;

namespace {

std::string failure(const std::string& text) {
  return message([&] { static_cast<void>(parse_toml(text, "a.toml")); });
}

std::string repeat(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("document: keys keep the author's order, wherever and however they are written") {
  const auto document = parse_toml(R"(
zebra = 1
[space.y]
b = 1
a = 2
[other]
[space.x]
d.c = 1
d.a = 2
z = { q = 1, p = 2 }
[apple]
)",
                                   "a.toml");
  CHECK(
      document.root.dump() ==
      R"({"zebra":1,"space":{"y":{"b":1,"a":2},"x":{"d":{"c":1,"a":2},"z":{"q":1,"p":2}}},"other":{},"apple":{}})");
}

TEST_CASE("document: values keep their types, date-times become text") {
  const auto document = parse_toml(R"(
v = [1, 1.0, 1e-5, 0xff, true, "a\tb", '''c
d''']
t = [2026-11-21T05:26:25Z, 2026-11-21T05:26:25.5+01:00, 2026-11-21 05:26:25, 2026-11-21, 05:26:00]
)",
                                   "a.toml");
  CHECK(document.root["v"].dump() == R"([1,1.0,1e-05,255,true,"a\tb","c\nd"])");
  CHECK(
      document.root["t"].dump() ==
      R"(["2026-11-21T05:26:25Z","2026-11-21T05:26:25.5+01:00","2026-11-21T05:26:25","2026-11-21","05:26:00"])");
}

TEST_CASE("document: every key and element has its place") {
  const auto document =
      parse_toml("a = 1\n[b.c]\n  k = [10, { q = 2 }]\n[[o]]\nm = 1\n[[o]]\nm = 2\n", "a.toml");
  CHECK(document.place("a") == "a.toml:1:1");
  CHECK(document.place("b") == "a.toml:2:2");
  CHECK(document.place("b.c") == "a.toml:2:4");
  CHECK(document.place("b.c.k") == "a.toml:3:3");
  CHECK(document.place("b.c.k[0]") == "a.toml:3:8");
  CHECK(document.place("b.c.k[1].q") == "a.toml:3:14");
  CHECK(document.place("o[1]") == "a.toml:6:1");
  CHECK(document.place("o[1].m") == "a.toml:7:1");
}

TEST_CASE("document: what has no place has that of what is around it") {
  const auto document = parse_toml("[a]\nb = [1]\n", "a.toml");
  CHECK(document.place("a.b[7].c") == "a.toml:2:1");
  CHECK(document.place("a.x") == "a.toml:1:2");
  CHECK(document.place("x.y") == "a.toml");
}

TEST_CASE("document: malformed TOML is refused at its place") {
  CHECK(failure("a = 1\nb = ,\n") ==
        "a.toml:2:5: this is not TOML: in the key-value pair: expected value, saw ','");
  CHECK(failure("a = 1\na = 2\n") ==
        "a.toml:2:5: this is not TOML: in the key-value pair: cannot redefine existing integer 'a'");
  CHECK(failure("a = \"x\n") ==
        "a.toml:1:7: this is not TOML: in the string: unescaped control characters other than TAB (U+0009) "
        "are explicitly prohibited");
  CHECK(failure(std::string("a = 1\0b", 7)) ==
        "a.toml:1:6: this is not TOML: in the decimal integer: expected digit, saw '\\u0000'");
  CHECK(failure("a = \"\xFF\"") == "a.toml:1:5: this is not TOML: Encountered invalid utf-8 sequence");
  CHECK(failure("a = 9223372036854775808") ==
        "a.toml:1:24: this is not TOML: in the decimal integer: '9223372036854775808' is not representable "
        "in 64 bits");
  CHECK(failure("a = " + repeat("9", 200)) ==
        "a.toml:1:5: this is not TOML: in the value: numeric value too long to identify type - cannot exceed "
        "126 characters");
}

TEST_CASE("document: numbers are finite") {
  CHECK(failure("a = nan") == "a.toml:1:1: a: nan is not a finite number");
  CHECK(failure("[a]\nb = [1, -inf]") == "a.toml:2:9: a.b[1]: -inf is not a finite number");
  CHECK(failure("a = 1e999") ==
        "a.toml:1:10: this is not TOML: in the floating-point: '1e999' could not be interpreted as a value");
}

TEST_CASE("document: an empty file, a byte order mark and Windows line ends are fine") {
  CHECK(parse_toml("", "a.toml").root.dump() == "{}");
  CHECK(parse_toml("\xEF\xBB\xBF"
                   "a = 1\r\nb = 2\r\n",
                   "a.toml")
            .root.dump() == R"({"a":1,"b":2})");
}

TEST_CASE("document: files no person writes are refused before they cost anything") {
  CHECK(failure(std::string((4 << 20) + 1, '\n')) ==
        "a.toml: 4194305 bytes are more than the 4194304 a definition may have");
  CHECK(failure("a = 1\n" + repeat("a.", 100'000) + "a = 1") == "a.toml:2:66: nested too deeply");
  CHECK(failure("[" + repeat("a.", 100'000) + "a]") == "a.toml:1:67: nested too deeply");
  CHECK(failure("a = " + repeat("[", 100'000)) == "a.toml:1:69: nested too deeply");
  CHECK(failure("a = " + repeat("{a.b.c.d=", 10'000)) == "a.toml:1:581: nested too deeply");
  CHECK(failure("a = " + repeat("[", 20) + repeat("]", 20)) ==
        "a.toml:1:21: a[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]: nested more than 16 deep");
  CHECK(failure(repeat("a", 65) + " = 1") == "a.toml:1:1: a key of 65 bytes is longer than 64");
  CHECK(failure("a = [" + repeat("1,", 150'000) + "]") ==
        "a.toml:1:200004: a[99999]: more than 100000 keys and list elements");
}
