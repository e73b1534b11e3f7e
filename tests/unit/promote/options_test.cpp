// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "promote/rule.hpp"
#include "support/ladder_game.hpp"
#include "support/option_check.hpp"

using namespace hpo;

TEST_CASE("every option of every promotion rule is explained, and read as explained") {
  for (const auto& entry : promote::registry())
    test::check_options(entry.name, entry.option_names, [&](const nlohmann::json& options) {
      promote::Setting setting;
      setting.fidelity = {"epoch", 1, 27, 3};
      setting.space = &test::game_space();
      setting.options = options;
      (void)entry.make(setting);
    });
}
