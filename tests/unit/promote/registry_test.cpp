// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "promote/rule.hpp"

using namespace hpo;

TEST_CASE("promote: a misspelt rule is refused with a suggestion") {
  try {
    (void)promote::make_rule("halvin", {});
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "search.promotion: unknown promotion rule 'halvin'");
    CHECK(error.next() == "did you mean 'halving'?");
  }
}

TEST_CASE("promote: a rule unlike any other is refused with the whole list") {
  try {
    (void)promote::make_rule("zzz", {});
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.next().find("one of: halving, none") == 0);
  }
}

TEST_CASE("promote: every rule has a name and a line of help") {
  for (const auto& entry : promote::registry()) {
    CHECK_FALSE(entry.name.empty());
    CHECK_FALSE(entry.help.empty());
  }
}
