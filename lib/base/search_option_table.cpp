// SPDX-License-Identifier: Apache-2.0
#include "base/search_option_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace hpo {
namespace {

using enum SearchOption::Kind;
constexpr double kInf = std::numeric_limits<double>::infinity();

constexpr std::array kTable{
    // promotion rules
    SearchOption{"early", " halving hyperband dehb ", flag, 0, 0, "false",
                 "who is certain to go up does so at once, in an array of its own"},
    SearchOption{"patience_hours", " halving hyperband dehb ", number, 0, kInf, "for ever",
                 "how long a rung is waited for, from the end of its median trial"},
    SearchOption{"iterations", " hyperband dehb ", whole, 1, 10'000, "1", "how often all brackets run"},
    SearchOption{"brackets", " hyperband dehb ", other, 0, 0, "a list of whole numbers; default all",
                 "only the brackets of these s"},
    SearchOption{"together", " hyperband dehb ", flag, 0, 0, "false",
                 "all brackets at once, else one after the other"},
    SearchOption{"batch", " model ", whole, 1, kInf, "9", "how many trainings may be open at once"},
    SearchOption{"batch", " asha pasha median percentile none ", whole, 1, kInf,
                 "all, or a quarter of trials when the proposer learns",
                 "how many new trials may be open at once"},
    SearchOption{"interval", " median percentile ", number, 0, kInf, "rungs grow by eta",
                 "from rung to rung, in the unit of [fidelity]", true},
    SearchOption{"min_trials", " median percentile ", whole, 1, kInf, "5",
                 "how many must have ended at a budget before a trial is stopped there"},
    SearchOption{"percentile", " percentile ", number, 0, 100, "25", "how many in 100 go on"},
    SearchOption{"cost_aware", " gp mf portfolio model ", flag, 0, 0, "true",
                 "weigh improvement against predicted node-hours"},
    // proposers
    SearchOption{"levels", " grid ", other, 0, 0, "a number, or a table of numbers by parameter",
                 "levels of continuous parameters"},
    SearchOption{"subsample", " grid ", flag, 0, 0, "false", "combinations drawn at random"},
    SearchOption{"multivariate", " tpe ", flag, 0, 0, "true", "one density of all parameters, else one each"},
    SearchOption{"group", " tpe ", flag, 0, 0, "true", "a density for each group under one condition"},
    SearchOption{"liar", " tpe ", flag, 0, 0, "true", "trials that still run count as bad"},
    SearchOption{"candidates", " tpe ", whole, 1, 100'000, "64", "points drawn to choose the best of"},
    SearchOption{"start", " tpe ", whole, 1, 1'000'000, "half of the parameters, 3 to 10",
                 "trials of a design before the model"},
    SearchOption{"gamma", " tpe ", number, 0.001, 0.999, "0.1", "share of the trials that counts as good"},
    SearchOption{"candidates", " kde ", whole, 1, 100'000, "256", "points drawn to choose the best of"},
    SearchOption{"min_points", " kde ", whole, 1, 1'000'000, "parameters + 1",
                 "results at a budget before it has a model"},
    SearchOption{"top", " kde ", number, 0.001, 0.999, "0.15", "share of the trials that counts as good"},
    SearchOption{"random_fraction", " kde ", number, 0, 1, "1/3", "share of points that no model proposes"},
    SearchOption{"bandwidth_factor", " kde ", number, 0.001, 1000, "3",
                 "how much wider than the good trials points are drawn"},
    SearchOption{"acquisition", " gp ", other, 0, 0, "ei, ucb, pi or thompson; default ei",
                 "what the next point is best in"},
    SearchOption{"population", " evolution ", whole, 2, 100'000, "twice the parameters, 12 to 50",
                 "the newest trials, of which children come"},
    SearchOption{"tournament", " evolution ", whole, 1, kInf, "a quarter of the population",
                 "members drawn, the best of which has a child"},
    SearchOption{"population", " de ", whole, 4, 100'000, "20", "members at each budget"},
    SearchOption{"population", " cmaes ", whole, 4, 100'000, "4 + 3 ln parameters", "points a generation"},
    SearchOption{"sigma", " cmaes ", number, 0, 1, "0.3", "the first step, as a share of the ranges", true},
    SearchOption{"command", " external ", other, 0, 0, "a list of words", "the program that is asked"},
    SearchOption{"timeout_s", " external ", number, 0, kInf, "60", "seconds after which it is ended", true},
};

}  // namespace

std::span<const SearchOption> search_option_table() {
  return kTable;
}

const SearchOption* search_option(std::string_view owner, std::string_view key) {
  const auto name = fmt::format(" {} ", owner);
  const auto found = std::ranges::find_if(kTable, [&](const auto& option) {
    return option.key == key && option.owners.find(name) != std::string_view::npos;
  });
  return found == kTable.end() ? nullptr : &*found;
}

std::string search_option_range(const SearchOption& option) {
  if (option.kind == other) return std::string(option.usual);
  if (option.kind == flag) return fmt::format("true or false; default {}", option.usual);
  const std::string noun = option.kind == whole ? "whole number" : "number";
  const auto low = fmt::format("{}", option.low), high = fmt::format("{}", option.high);
  std::string range = fmt::format("of at least {}", low);
  if (option.is_above) range = fmt::format("above {}", low);
  if (std::isfinite(option.high))
    range = option.is_above ? fmt::format("above {}, at most {}", low, high)
                            : fmt::format("from {} to {}", low, high);
  return fmt::format("{} {}; default {}", noun, range, option.usual);
}

std::string search_option_lines(std::string_view owner, const std::vector<std::string>& keys) {
  std::string lines;
  for (const auto& key : keys) {
    const auto* option = search_option(owner, key);
    lines += option == nullptr
                 ? fmt::format("  {}\n", key)
                 : fmt::format("  {:<17} {} ({})\n", key, option->help, search_option_range(*option));
  }
  return lines;
}

}  // namespace hpo
