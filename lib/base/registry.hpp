// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo {

/// The row called `name` of a registry (rows with a member `name`). Throws Error with "did you mean", or with
/// all the names when none is near. `culprit`: the key the name came from; `noun`: what the rows are.
template <class Entry>
[[nodiscard]] const Entry& find_entry(const std::vector<Entry>& entries, const std::string& name,
                                      const std::string& culprit, const std::string& noun) {
  std::vector<std::string> names;
  for (const Entry& entry : entries) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  const std::string hint = did_you_mean(name, names);
  throw Error(culprit, "unknown " + noun + " '" + name + "'",
              hint.empty() ? "one of: " + join(names, ", ") : hint);
}

}  // namespace hpo
