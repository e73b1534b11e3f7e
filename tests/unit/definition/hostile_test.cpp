// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <string>

#include "base/random.hpp"
#include "study/definition.hpp"
#include "support/message.hpp"
#include "unit/definition/fashion.hpp"

namespace {

std::string failure(const std::string& text) {
  return hpo::test::message([&] { (void)hpo::study::parse_definition(text, "study.toml"); });
}

std::string fashion_with(const std::string& before, const std::string& after) {
  return hpo::test::changed(hpo::test::fashion(), before, after);
}

constexpr std::array<const char*, 24> kTokens{"[",
                                              "]",
                                              "{",
                                              "}",
                                              "\"",
                                              "'",
                                              "=",
                                              ".",
                                              "\n",
                                              "#",
                                              "[[start]]\n",
                                              "{lr}",
                                              "when",
                                              "inf",
                                              "-1",
                                              "1e99",
                                              "0",
                                              "true",
                                              "\"\"\"",
                                              "\\u0000",
                                              "\xFF",
                                              "[[space]]\n",
                                              "9223372036854775807",
                                              "type"};

// One to four small damages, decided by the number alone.
std::string mutated(std::string text, std::uint64_t number) {
  hpo::Stream stream(number, hpo::Purpose::test, 0);
  const auto damages = 1 + stream.below(4);
  for (std::uint64_t i = 0; i < damages; ++i) {
    const auto at = stream.below(text.size());
    const auto length = 1 + stream.below(8);
    switch (stream.below(5)) {
      case 0:
        text[at] = static_cast<char>(stream.below(256));
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, kTokens[stream.below(kTokens.size())]);
        break;
      case 3:
        text.insert(stream.below(text.size()), text.substr(at, length * 8));
        break;
      default:
        text.replace(at, length, kTokens[stream.below(kTokens.size())]);
    }
  }
  return text;
}

}  // namespace

TEST_CASE("definition: a damaged file is read or refused with a place, and nothing else happens") {
  const auto good = hpo::test::fashion();
  int refused = 0;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const auto message = failure(mutated(good, i));
    if (message.empty()) continue;
    ++refused;
    REQUIRE_MESSAGE(message.rfind("study.toml", 0) == 0, message);
  }
  CHECK(refused > 1500);
}

TEST_CASE("definition: a cut-off file is read or refused") {
  const auto good = hpo::test::fashion();
  for (std::size_t size = 0; size < good.size(); size += 7) {
    const auto message = failure(good.substr(0, size));
    REQUIRE((message.empty() || message.rfind("study.toml", 0) == 0));
  }
}

TEST_CASE("definition: what a message quotes can neither fill a screen nor steer a terminal") {
  const auto message =
      failure(fashion_with("\"fashion\"", "\"\\u001b[31m" + std::string(100'000, 'x') + "\""));
  CHECK(message.size() < 800);
  CHECK(message.find('\x1B') == std::string::npos);
  CHECK(message.find("study.toml:4:1: study.name: '?[31mxxx") == 0);
}

TEST_CASE("definition: files no person writes are refused quickly") {
  CHECK(failure(std::string(5 << 20, 'x')) ==
        "study.toml: 5242880 bytes are more than the 4194304 a definition may have");
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "x" + std::to_string(i) + " = 1\n";
  CHECK(failure(fashion_with("[[forbidden]]", many + "[[forbidden]]")) ==
        "study.toml:11:2: space: a table of more than 1000 keys");
  CHECK(failure(fashion_with("\"optimizer == 'sgd'\"", "\"" + std::string(4097, ' ') + "\"")) ==
        "study.toml:17:59: space.momentum.when: column 1 of \"" + std::string(200, ' ') +
            "\": an expression of 4097 bytes is longer than 4096");
  CHECK(failure(fashion_with("\"optimizer == 'sgd'\"", "\"" + std::string(4000, '(') + "\"")) ==
        "study.toml:17:59: space.momentum.when: column 66 of \"" + std::string(200, '(') +
            "\": nested more than 64 deep");
}

TEST_CASE("definition: enormous values are compared and complained about quickly") {
  const std::string huge(1'000'000, 'x');
  const auto message = failure(fashion_with("\"adam\", ", "\"" + huge + "\", ") +
                               "[[start]]\noptimizer = \"y" + huge + "\"\n");
  CHECK(message.find("study.toml:73:1: start[1].optimizer: 'yxxx") == 0);
}

TEST_CASE("definition: thousands of start points are read") {
  std::string starts;
  for (int i = 0; i < 2000; ++i)
    starts += "[[start]]\nlr = 1e-3\nhidden_dim = 256\ndropout = 0.3" + std::to_string(1000 + i) +
              "\noptimizer = \"adam\"\nweight_decay = 1e-4\n";
  CHECK(failure(fashion_with("[fidelity]", starts + "[fidelity]")) == "");
}
