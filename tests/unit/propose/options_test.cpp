// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "propose/proposer.hpp"
#include "support/option_check.hpp"

using namespace hpo;

namespace {

space::Space square() {
  space::Parameter x, y;
  x.name = "x", x.low = 0, x.high = 1;
  y.name = "y", y.low = 0, y.high = 1;
  return {{x, y}, {}};
}

}  // namespace

TEST_CASE("every option of every proposer is explained, and read as explained") {
  const auto space = square();
  for (const auto& entry : propose::registry())
    test::check_options(entry.name, entry.option_names, [&](const nlohmann::json& options) {
      propose::Setting setting;
      setting.fidelity = {"epoch", 1, 27, 3};
      setting.space = &space;
      setting.trials_per_bracket = 100;
      setting.options = options;
      if (entry.name == "external" && !options.contains("command")) setting.options["command"] = {"true"};
      (void)entry.make(setting);
    });
}
