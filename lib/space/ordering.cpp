// SPDX-License-Identifier: Apache-2.0
#include "space/ordering.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

#include "base/error.hpp"

namespace hpo::space {
namespace {

using Points = std::vector<std::vector<double>>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool weakly_dominates(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), [](double x, double y) { return x <= y; });
}

std::vector<std::size_t> indices(std::size_t size) {
  std::vector<std::size_t> all(size);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

/// How far a row is above the bounds, and its objectives; NaN anywhere makes it incomplete.
struct Row {
  std::vector<double> objectives, excess;
  bool complete = true;
  double violation = 0;  // nothing when feasible
  int front = 0;
  double crowding = 0;

  [[nodiscard]] int grade() const { return !complete ? 2 : violation > 0 ? 1 : 0; }
};

Row make_row(const std::vector<Goal>& goals, const std::vector<double>& values) {
  Row row;
  for (std::size_t g = 0; g < goals.size(); ++g) {
    if (goals[g].role == Goal::Role::report) continue;
    const double value = g < values.size() ? values[g] : std::numeric_limits<double>::quiet_NaN();
    if (std::isnan(value)) row.complete = false;
    if (goals[g].role == Goal::Role::objective)
      row.objectives.push_back(value);
    else
      row.excess.push_back(value > goals[g].bound ? value - goals[g].bound : 0);
  }
  return row;
}

void add_violations(std::vector<Row>& rows) {
  for (std::size_t c = 0; !rows.empty() && c < rows[0].excess.size(); ++c) {
    double largest = 0;
    for (const auto& row : rows)
      if (row.complete && std::isfinite(row.excess[c])) largest = std::max(largest, row.excess[c]);
    for (auto& row : rows)
      if (row.complete && row.excess[c] > 0)
        row.violation += std::isfinite(row.excess[c]) ? row.excess[c] / largest : kInfinity;
  }
}

/// Crowding distances of the members of one front, by each objective's range of finite values.
void add_crowding(std::vector<Row*>& front) {
  for (std::size_t k = 0; k < front[0]->objectives.size(); ++k) {
    const auto at = [k](const Row* row) { return row->objectives[k]; };
    std::ranges::sort(front, {}, at);
    double low = kInfinity, high = -kInfinity;
    for (const Row* row : front) {
      if (!std::isfinite(at(row))) continue;
      low = std::min(low, at(row));
      high = std::max(high, at(row));
    }
    // Of equal extremes all are extreme: which of them stands outermost is chance.
    const double first = at(front.front()), last = at(front.back());
    for (std::size_t i = 0; i < front.size(); ++i) {
      if (at(front[i]) == first || at(front[i]) == last) {
        front[i]->crowding = kInfinity;
      } else {
        const auto clamped = [&](std::size_t j) { return std::clamp(at(front[j]), low, high); };
        front[i]->crowding += high > low ? (clamped(i + 1) - clamped(i - 1)) / (high - low) : 0;
      }
    }
  }
}

void add_fronts(std::vector<Row>& rows) {
  std::vector<Row*> feasible;
  Points points;
  for (auto& row : rows) {
    if (row.grade() != 0) continue;
    feasible.push_back(&row);
    points.push_back(row.objectives);
  }
  const auto front_of = fronts(points);
  std::vector<std::vector<Row*>> members;
  for (std::size_t i = 0; i < feasible.size(); ++i) {
    const auto f = static_cast<std::size_t>(front_of[i]);
    feasible[i]->front = front_of[i];
    if (f >= members.size()) members.resize(f + 1);
    members[f].push_back(feasible[i]);
  }
  for (auto& front : members) add_crowding(front);
}

bool better(const Row& a, const Row& b) {
  if (a.grade() != b.grade()) return a.grade() < b.grade();
  if (a.grade() == 2) return false;
  if (a.violation != b.violation) return a.violation < b.violation;
  if (a.grade() == 1) return false;
  if (a.objectives.size() == 1) return a.objectives[0] < b.objectives[0];
  return a.front != b.front ? a.front < b.front : a.crowding > b.crowding;
}

/// Sorted by the first coordinate: the staircase, rectangle by rectangle.
double area(const Points& sorted, const std::vector<double>& reference) {
  double sum = 0, height = reference[1];
  for (const auto& p : sorted) {
    if (p[1] >= height) continue;
    sum += (reference[0] - p[0]) * (height - p[1]);
    height = p[1];
  }
  return sum;
}

/// Those that no other one dominates, each once; `points` are sorted.
Points pareto(Points points) {
  points.erase(std::unique(points.begin(), points.end()), points.end());
  Points kept;
  for (auto& p : points) {
    const auto dominates_p = [&](const auto& k) { return weakly_dominates(k, p); };
    if (std::ranges::none_of(kept, dominates_p)) kept.push_back(std::move(p));
  }
  return kept;
}

double volume(Points points, const std::vector<double>& reference) {
  std::ranges::sort(points);
  if (points.empty()) return 0;
  if (reference.size() == 1) return reference[0] - points[0][0];
  if (reference.size() == 2) return area(points, reference);
  points = pareto(std::move(points));
  // What a point adds to those after it: with the first coordinates falling, theirs end where its own does,
  // so that the part they share is a volume of one dimension less.
  std::ranges::reverse(points);
  const std::vector<double> rest(reference.begin() + 1, reference.end());
  double sum = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto& p = points[i];
    double box = 1;
    for (std::size_t k = 1; k < p.size(); ++k) box *= reference[k] - p[k];
    Points shared;
    for (std::size_t j = i + 1; j < points.size(); ++j) {
      auto& limited = shared.emplace_back(points[j].begin() + 1, points[j].end());
      for (std::size_t k = 1; k < p.size(); ++k) limited[k - 1] = std::max(limited[k - 1], p[k]);
    }
    sum += (reference[0] - p[0]) * (box - volume(std::move(shared), rest));
  }
  return sum;
}

}  // namespace

std::vector<int> fronts(const Points& points) {
  auto order = indices(points.size());
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return points[a] < points[b]; });
  const bool plane = !points.empty() && points[0].size() == 2;
  std::vector<std::vector<std::size_t>> members;
  std::vector<int> front_of(points.size());
  const std::vector<double>* before = nullptr;
  int front = 0;
  for (const std::size_t i : order) {
    const auto dominates = [&](std::size_t m) { return weakly_dominates(points[m], points[i]); };
    // In the plane the last of a front is the lowest of it, so that it decides for all.
    const auto dominated_by = [&](const std::vector<std::size_t>& some) {
      return plane ? dominates(some.back()) : std::any_of(some.rbegin(), some.rend(), dominates);
    };
    // Sorted, a point is dominated by earlier ones only, or equal to the one before it.
    if (before == nullptr || points[i] != *before)
      front = static_cast<int>(std::ranges::partition_point(members, dominated_by) - members.begin());
    if (static_cast<std::size_t>(front) == members.size()) members.emplace_back();
    members[static_cast<std::size_t>(front)].push_back(i);
    front_of[i] = front;
    before = &points[i];
  }
  return front_of;
}

std::vector<std::size_t> best_first(const std::vector<Goal>& goals, const Points& values,
                                    std::span<const std::uint64_t> tie_keys) {
  HPO_CHECK(values.size() == tie_keys.size(), "as many keys as results");
  std::vector<Row> rows;
  rows.reserve(values.size());
  for (const auto& row : values) rows.push_back(make_row(goals, row));
  add_violations(rows);
  if (!rows.empty() && rows[0].objectives.size() != 1) add_fronts(rows);
  auto order = indices(rows.size());
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    if (better(rows[a], rows[b])) return true;
    if (better(rows[b], rows[a])) return false;
    return tie_keys[a] != tie_keys[b] ? tie_keys[a] < tie_keys[b] : a < b;
  });
  return order;
}

double hypervolume(Points points, const std::vector<double>& reference) {
  HPO_CHECK(!reference.empty(), "a volume without dimensions");
  std::erase_if(points, [&](const auto& p) {
    return !std::equal(p.begin(), p.end(), reference.begin(), reference.end(), std::less<>());
  });
  return volume(std::move(points), reference);
}

}  // namespace hpo::space
