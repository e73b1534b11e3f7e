// SPDX-License-Identifier: Apache-2.0
#include "config/nesting.hpp"

#include <doctest/doctest.h>

#include <string>

using hpo::config::find_deep_nesting;

TEST_CASE("nesting: dots and brackets in texts and comments do not count") {
  const std::string dots(200, '.');
  const std::string brackets(200, '[');
  CHECK_FALSE(find_deep_nesting("a = \"" + dots + brackets + "\""));
  CHECK_FALSE(find_deep_nesting("a = '" + dots + brackets + "'"));
  CHECK_FALSE(find_deep_nesting("a = \"\\\"" + dots + "\""));
  CHECK_FALSE(find_deep_nesting("a = \"\"\"x\n\"" + dots + "\n\"\"\""));
  CHECK_FALSE(find_deep_nesting("a = '''" + dots + "'''"));
  CHECK_FALSE(find_deep_nesting("# " + dots + "\n# " + brackets));
}

TEST_CASE("nesting: dots behind a text are seen") {
  const std::string dots(200, '.');
  CHECK(find_deep_nesting("\"a\\\\\"" + dots) == 5 + 32);
  CHECK(find_deep_nesting("'a\\'" + dots) == 4 + 32);
  CHECK(find_deep_nesting("\"\"\"a\"\"\"" + dots) == 7 + 32);
  CHECK(find_deep_nesting("\"\"" + dots) == 2 + 32);
}

TEST_CASE("nesting: many shallow ones are no deep one") {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "a.b = [[1.5, 2.5], [{a.b = 1}]]\n[a.b.c]\n";
  CHECK_FALSE(find_deep_nesting(text));
}
