// SPDX-License-Identifier: Apache-2.0
#include "promote/ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/random.hpp"
#include "base/text.hpp"
#include "space/ordering.hpp"

namespace hpo::promote {
namespace {

using Role = space::Goal::Role;
using Standing = Ranking::Standing;

bool has_all_values(const Seat& seat, const std::vector<space::Goal>& goals) {
  for (std::size_t g = 0; g < goals.size(); ++g)
    if (goals[g].role != Role::report && !(g < seat.values.size() && std::isfinite(seat.values[g])))
      return false;
  return true;
}

Standing standing_of(const Seat& seat, const std::vector<space::Goal>& goals) {
  switch (seat.outcome) {
    case Outcome::pending:
      return Standing::pending;
    case Outcome::abandoned:
      return Standing::abandoned;
    case Outcome::finished:
      if (has_all_values(seat, goals)) return Standing::ranked;
      break;
    case Outcome::failed:
    case Outcome::diverged:
      break;
  }
  return Standing::without_value;
}

std::string fault(const Seat& seat) {
  switch (seat.outcome) {
    case Outcome::failed:
      return "failed: never promoted";
    case Outcome::diverged:
      return "diverged: never promoted";
    case Outcome::abandoned:
      return "abandoned: does not count, not promoted";
    case Outcome::pending:
      return "has not ended";
    case Outcome::finished:
      break;
  }
  return "reported no value at this budget: never promoted";
}

}  // namespace

std::string ordinal(int n) {
  constexpr std::array<const char*, 4> kEndings{"th", "st", "nd", "rd"};
  const bool teen = n % 100 / 10 == 1;
  const int last = n % 10;
  return fmt::format("{}{}", n, kEndings[static_cast<std::size_t>(teen || last > 3 ? 0 : last)]);
}

Ranking::Ranking(const std::vector<Seat>& seats, const std::vector<space::Goal>& goals, std::uint64_t seed)
    : goals_(goals) {
  for (std::size_t g = 0; g < goals_.size(); ++g)
    if (goals_[g].role == Role::objective) objectives_.push_back(g);

  std::vector<Place> places;
  for (const auto& seat : seats) places.push_back({standing_of(seat, goals_), &seat});
  const auto draw = [&](const Place& place) {
    return mix(seed, Purpose::tie_break, static_cast<std::uint64_t>(place.seat->trial));
  };
  std::ranges::sort(places, [&](const Place& a, const Place& b) {
    if (a.standing != b.standing) return a.standing < b.standing;
    const auto x = draw(a), y = draw(b);
    return x != y ? x < y : a.seat->trial < b.seat->trial;
  });

  const auto first_other =
      std::ranges::find_if(places, [](const Place& p) { return p.standing != Standing::ranked; });
  std::vector<std::vector<double>> values;
  std::vector<std::uint64_t> draws;
  for (auto it = places.begin(); it != first_other; ++it) {
    values.push_back(it->seat->values);
    draws.push_back(draw(*it));
  }
  for (const auto i : space::best_first(goals_, values, draws)) order_.push_back(places[i]);
  order_.insert(order_.end(), first_other, places.end());
  if (objectives_.size() > 1) add_fronts();
}

void Ranking::add_fronts() {
  std::vector<std::vector<double>> points;
  std::vector<std::size_t> from;
  for (std::size_t i = 0; i < static_cast<std::size_t>(ranked()); ++i) {
    if (!is_feasible(i)) continue;
    auto& point = points.emplace_back();
    for (const auto g : objectives_) point.push_back(order_[i].seat->values[g]);
    from.push_back(i);
  }
  fronts_.assign(order_.size(), 0);
  const auto found = space::fronts(points);
  for (std::size_t k = 0; k < from.size(); ++k) {
    fronts_[from[k]] = found[k] + 1;
    front_count_ = std::max(front_count_, found[k] + 1);
  }
}

int Ranking::count(Standing standing) const {
  return static_cast<int>(std::ranges::count(order_, standing, &Place::standing));
}

double Ranking::value(std::size_t i) const {
  return order_[i].seat->values[objectives_.front()];
}

bool Ranking::is_feasible(std::size_t i) const {
  for (std::size_t g = 0; g < goals_.size(); ++g)
    if (goals_[g].role == Role::constraint && order_[i].seat->values[g] > goals_[g].bound) return false;
  return true;
}

bool Ranking::is_as_good(std::size_t i, std::size_t j) const {
  if (i <= j) return true;
  return objectives_.size() == 1 && is_feasible(i) && is_feasible(j) && value(i) == value(j);
}

std::string Ranking::standing(std::size_t i) const {
  if (order_[i].standing != Standing::ranked) return fault(*order_[i].seat);
  if (!is_feasible(i)) return "above its bounds";
  if (objectives_.size() > 1) return fmt::format("front {} of {}", fronts_[i], front_count_);
  return rounded(value(i), 6);
}

std::string Ranking::compared(std::size_t i, int promoted) const {
  if (order_[i].standing != Standing::ranked || promoted <= 0) return standing(i);
  const auto last = static_cast<std::size_t>(promoted - 1);
  const bool is_up = i <= last;
  if (i == last) return standing(i) + ", the last promoted";
  if (!is_feasible(i)) {
    if (is_feasible(last)) return standing(i) + ", which the last promoted keeps";
    return fmt::format("{}, {} than the last promoted", standing(i), is_up ? "not further" : "not nearer");
  }
  if (!is_feasible(last)) return standing(i) + "; the last promoted is above its bounds";
  if (objectives_.size() > 1) {
    if (fronts_[i] != fronts_[last])
      return fmt::format("{}; the last promoted is in front {}", standing(i), fronts_[last]);
    return standing(i) + (is_up ? ", as the last promoted" : ", as the last promoted, but more crowded");
  }
  // Six digits, or all of them where six do not tell the two apart.
  const double a = value(i), b = value(last);
  const bool is_close = a != b && rounded(a, 6) == rounded(b, 6);
  const auto text = [&](double x) { return is_close ? shortest(x) : rounded(x, 6); };
  if (!is_up && a == b) return text(a) + ", as the last promoted, but lost the draw";
  return fmt::format("{} {} {}, the last promoted", text(a), is_up ? "<=" : ">", text(b));
}

}  // namespace hpo::promote
