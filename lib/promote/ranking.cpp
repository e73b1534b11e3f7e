// SPDX-License-Identifier: Apache-2.0
#include "promote/ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>

#include "base/random.hpp"
#include "base/text.hpp"

namespace hpo::promote {
namespace {

enum class Standing { ranked, without_value, abandoned };

Standing standing(const Candidate& candidate) {
  if (candidate.outcome == Outcome::abandoned) return Standing::abandoned;
  if (candidate.outcome == Outcome::finished && std::isfinite(candidate.value)) return Standing::ranked;
  return Standing::without_value;
}

struct Ranked {
  std::tuple<Standing, double, std::uint64_t, std::int64_t> key;
  Candidate candidate;
};

std::vector<Ranked> best_first(const std::vector<Candidate>& candidates, std::uint64_t seed) {
  std::vector<Ranked> order;
  for (const auto& c : candidates) {
    const auto draw = mix(seed, Purpose::tie_break, static_cast<std::uint64_t>(c.trial));
    const double value = standing(c) == Standing::ranked ? c.value : 0;
    order.push_back({{standing(c), value, draw, c.trial}, c});
  }
  std::ranges::sort(order, {}, &Ranked::key);
  return order;
}

std::string ordinal(int n) {
  constexpr std::array<const char*, 4> kEndings{"th", "st", "nd", "rd"};
  const bool teen = n % 100 / 10 == 1;
  const int last = n % 10;
  return fmt::format("{}{}", n, kEndings[static_cast<std::size_t>(teen || last > 3 ? 0 : last)]);
}

/// "0.142 <= 0.155, the last promoted": with six digits, or all of them where six do not tell the two apart.
std::string compared(double value, double last, bool promoted, bool is_last) {
  const bool close = value != last && rounded(value, 6) == rounded(last, 6);
  const auto text = [close](double x) { return close ? shortest(x) : rounded(x, 6); };
  if (is_last) return fmt::format("{}, the last promoted", text(value));
  if (!promoted && value == last)
    return fmt::format("{}, as the last promoted, but lost the draw", text(value));
  return fmt::format("{} {} {}, the last promoted", text(value), promoted ? "<=" : ">", text(last));
}

std::string fault(const Candidate& candidate) {
  switch (candidate.outcome) {
    case Outcome::failed:
      return "failed: never promoted";
    case Outcome::diverged:
      return "diverged: never promoted";
    case Outcome::abandoned:
      return "abandoned: does not count, not promoted";
    default:
      return "reported no value at this budget: never promoted";
  }
}

Ruling not_ready(const std::vector<Candidate>& candidates) {
  std::vector<std::int64_t> pending;
  for (const auto& c : candidates)
    if (c.outcome == Outcome::pending) pending.push_back(c.trial);
  std::sort(pending.begin(), pending.end());
  constexpr std::size_t kShown = 5;
  std::vector<std::string> names;
  for (const auto trial : pending) names.push_back(fmt::format("{}", trial));
  if (names.size() > kShown) names.resize(kShown), names.emplace_back("...");
  return {
      false,
      fmt::format("{} of {} trials have not ended: {}", pending.size(), candidates.size(), join(names, ", ")),
      {}};
}

}  // namespace

Ruling promote_best(const std::vector<Candidate>& candidates, std::uint64_t seed,
                    const std::function<int(int counted)>& places) {
  const auto count = [&](const auto& is) { return static_cast<int>(std::ranges::count_if(candidates, is)); };
  if (candidates.empty()) return {false, "the rung has no trials", {}};
  if (count([](const Candidate& c) { return c.outcome == Outcome::pending; }) > 0)
    return not_ready(candidates);

  const int counted = count([](const Candidate& c) { return standing(c) != Standing::abandoned; });
  const int ranked = count([](const Candidate& c) { return standing(c) == Standing::ranked; });
  const int open = counted > 0 ? places(counted) : 0;
  const int promoted = std::min(open, ranked);

  const auto order = best_first(candidates, seed);
  Ruling ruling{true, fmt::format("{} of {} promoted", promoted, counted), {}};
  if (ranked < open)
    ruling.reason +=
        fmt::format(": {} place{}, but only {} with a value", open, open == 1 ? "" : "s", ranked);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Candidate& candidate = order[i].candidate;
    const int rank = static_cast<int>(i) + 1;
    const bool up = rank <= promoted;
    Decision decision{candidate.trial, up ? Verdict::promote : Verdict::stop, rank, fault(candidate)};
    if (standing(candidate) == Standing::ranked) {
      const double last = order[static_cast<std::size_t>(promoted - 1)].candidate.value;
      decision.reason = fmt::format("{} of {}: {}", ordinal(rank), counted,
                                    compared(candidate.value, last, up, rank == promoted));
    }
    ruling.decisions.push_back(std::move(decision));
  }
  return ruling;
}

}  // namespace hpo::promote
