// SPDX-License-Identifier: Apache-2.0
#include "flow/check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "flow/view.hpp"
#include "space/placeholder.hpp"
#include "train/config.hpp"

namespace hpo::flow {
namespace {

template <class Registry>
void add_options(const Registry& registry, const std::string& name, std::vector<std::string>& known) {
  for (const auto& entry : registry)
    if (entry.name == name) known.insert(known.end(), entry.option_names.begin(), entry.option_names.end());
}

void check_search(const study::Definition& definition) {
  const auto& search = definition.search;
  std::vector<std::string> known;
  add_options(propose::registry(), search.proposer, known);
  add_options(promote::registry(), search.promotion, known);
  for (const auto& [key, value] : search.options.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    known.insert(known.end(), {"proposer", "promotion", "trials"});
    throw Error(definition.place("search." + key),
                fmt::format("unknown key '{}' in [search] with proposer '{}' and promotion '{}'", key,
                            search.proposer, search.promotion),
                did_you_mean(key, known));
  }
}

// The trainer judges a filled-in table, so try points that together take every value of every categorical.
void check_train(const study::Definition& definition) {
  if (definition.train.is_null()) return;
  if (definition.fidelity.unit != "epoch")
    throw Error(definition.place("fidelity.unit"),
                fmt::format("the built-in trainer counts in epochs, not in '{}'", definition.fidelity.unit),
                "write unit = \"epoch\"");
  const auto& space = definition.space;
  for (int k = 0; k < 16; ++k) {
    const std::vector<double> cube(space.dimension(), (k + 0.5) / 16);
    const auto point = space.from_unit(cube);
    try {
      (void)train::config_from_json(space::fill(definition.train, space, point));
    } catch (const Error& error) {
      // What the first point already gets wrong is hardly the point's doing.
      const std::string where =
          k == 0 ? "" : fmt::format(" (for example with {})", space.to_json(point).dump());
      throw Error(definition.place("train." + error.culprit()),
                  fmt::format("train.{}: {}{}", error.culprit(), error.reason(), where), error.next());
    }
  }
}

// A registry's complaint about a name or an option belongs to a line of study.toml.
template <class Make>
void at_place(const study::Definition& definition, const std::string& path, const Make& make) {
  try {
    (void)make();
  } catch (const Error& error) {
    // An option has a line of its own.
    const auto& culprit = error.culprit();
    const bool names_key = culprit.starts_with("search.") || culprit.starts_with("fidelity.");
    throw Error(definition.place(names_key ? culprit : path),
                culprit.empty() ? error.reason() : culprit + ": " + error.reason(), error.next());
  }
}

}  // namespace

void check(const study::Definition& definition) {
  at_place(definition, "search.proposer", [&] { return proposer_of(definition); });
  at_place(definition, "search.promotion", [&] { return rule_of(definition); });
  check_search(definition);
  check_train(definition);
}

}  // namespace hpo::flow
