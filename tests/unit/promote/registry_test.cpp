// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "promote/rule.hpp"
#include "support/message.hpp"

using namespace hpo;

TEST_CASE("promote: a misspelt rule is refused with a suggestion") {
  CHECK(test::message([] { (void)promote::make_rule("halvin", {}); }) ==
        "search.promotion: unknown promotion rule 'halvin' | did you mean 'halving'?");
}

TEST_CASE("promote: a rule unlike any other is refused with the whole list") {
  CHECK(test::message([] { (void)promote::make_rule("zzz", {}); }).find("| one of: halving, hyperband, ") !=
        std::string::npos);
}

TEST_CASE("promote: every rule has a name and a line of help") {
  for (const auto& entry : promote::registry()) {
    CHECK_FALSE(entry.name.empty());
    CHECK_FALSE(entry.help.empty());
  }
}
