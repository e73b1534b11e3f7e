// SPDX-License-Identifier: Apache-2.0
#include "base/registry.hpp"
#include "promote/rule.hpp"

namespace hpo::promote {

// One rule a file: each defines its entry, and has no header.
Entry halving_entry();
Entry none_entry();

const std::vector<Entry>& registry() {
  static const std::vector<Entry> entries{halving_entry(), none_entry()};
  return entries;
}

std::unique_ptr<Rule> make_rule(const std::string& name, const Setting& setting) {
  return find_entry(registry(), name, "search.promotion", "promotion rule").make(setting);
}

}  // namespace hpo::promote
