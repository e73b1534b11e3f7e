// SPDX-License-Identifier: Apache-2.0
#include "base/registry.hpp"
#include "promote/rule.hpp"

namespace hpo::promote {

// One rule a file: each defines its entry, and has no header.
Entry halving_entry();
Entry hyperband_entry();
Entry asha_entry();
Entry pasha_entry();
Entry dehb_entry();
Entry median_entry();
Entry percentile_entry();
Entry model_entry();
Entry none_entry();

const std::vector<Entry>& registry() {
  static const std::vector<Entry> entries{halving_entry(),    hyperband_entry(), asha_entry(),
                                          pasha_entry(),      dehb_entry(),      median_entry(),
                                          percentile_entry(), model_entry(),     none_entry()};
  return entries;
}

std::unique_ptr<Rule> make_rule(const std::string& name, const Setting& setting) {
  return find_entry(registry(), name, "search.promotion", "promotion rule").make(setting);
}

}  // namespace hpo::promote
