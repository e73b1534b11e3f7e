// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/text.hpp"
#include "study/definition.hpp"
#include "support/message.hpp"
#include "unit/definition/fashion.hpp"

namespace {

// One block of errors.txt: what is changed in fashion.toml, and the message that must come of it.
struct Mistake {
  std::string before, after, expected;
};

void append_line(std::string& text, const std::string& line) {
  text += (text.empty() ? "" : "\n") + line;
}

std::vector<Mistake> mistakes() {
  std::vector<Mistake> result(1);
  for (const auto& line : hpo::split(hpo::real_file_system().read(HPO_ERRORS_FILE), '\n')) {
    if (line.empty() && !result.back().expected.empty()) result.emplace_back();
    if (line.empty() || line[0] == '#') continue;
    const auto rest = line.substr(std::min<std::size_t>(2, line.size()));
    if (line[0] == '-') append_line(result.back().before, rest);
    if (line[0] == '+') append_line(result.back().after, rest);
    if (line[0] == '=') append_line(result.back().expected, rest);
  }
  if (result.back().expected.empty()) result.pop_back();
  return result;
}

}  // namespace

TEST_CASE("definition: every mistake is told with its place, the rule and a suggestion") {
  const auto list = mistakes();
  CHECK(list.size() > 100);
  for (const auto& mistake : list) {
    CAPTURE(mistake.before);
    CAPTURE(mistake.after);
    const auto text = hpo::test::changed(hpo::test::fashion(), mistake.before, mistake.after);
    CHECK(hpo::test::message([&] { (void)hpo::study::parse_definition(text, "study.toml"); }) ==
          mistake.expected);
  }
}
