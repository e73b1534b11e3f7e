// SPDX-License-Identifier: Apache-2.0
#include "promote/hyperband.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "base/search_options.hpp"
#include "promote/ladder.hpp"

namespace hpo::promote {
namespace {

// Those that the option `brackets` asks for.
std::vector<PlannedBracket> chosen(const Setting& setting, std::vector<PlannedBracket> all) {
  const auto option = setting.options.find("brackets");
  if (option == setting.options.end()) return all;
  const int s_max = static_cast<int>(all.size()) - 1;
  const auto is_bracket = [&](const nlohmann::json& s) {
    return s.is_number_integer() && s >= 0 && s <= s_max;
  };
  if (!option->is_array() || option->empty() || !std::ranges::all_of(*option, is_bracket))
    throw Error("search.brackets",
                fmt::format("must be a list of whole numbers from 0 to {}, not {}", s_max, option->dump()));
  const auto wanted = option->get<std::vector<int>>();
  std::vector<PlannedBracket> some;
  for (auto& bracket : all)
    if (std::ranges::find(wanted, static_cast<int>(bracket.rungs.size()) - 1) != wanted.end())
      some.push_back(std::move(bracket));
  return some;
}

class Hyperband final : public Rule {
 public:
  explicit Hyperband(const Setting& setting) : terms_(hyperband_terms(setting)) {}

  [[nodiscard]] Plan plan() const override { return terms_.plan; }
  [[nodiscard]] Move move(const State& state) const override { return synchronous_move(terms_, state); }

 private:
  Terms terms_;
};

}  // namespace

Terms hyperband_terms(const Setting& setting) {
  constexpr int kMostIterations = 10'000;
  const int iterations = whole_option(setting.options, "iterations", 1, kMostIterations).value_or(1);
  const auto brackets = chosen(setting, hyperband_brackets(setting.fidelity));
  Plan plan;
  for (int i = 0; i < iterations; ++i)
    for (auto bracket : brackets) {
      bracket.index = static_cast<int>(plan.brackets.size());
      plan.brackets.push_back(std::move(bracket));
    }
  auto terms = terms_of(setting, std::move(plan));
  terms.together = flag_option(setting.options, "together").value_or(false);
  return terms;
}

Entry hyperband_entry() {
  return {"hyperband",
          "halving in brackets, from many short trials to few long ones; with proposer kde it is BOHB",
          {"iterations", "brackets", "together", "early", "patience_hours"},
          [](const Setting& s) { return std::make_unique<Hyperband>(s); }};
}

}  // namespace hpo::promote
