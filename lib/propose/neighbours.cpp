// SPDX-License-Identifier: Apache-2.0
#include "propose/neighbours.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <variant>

#include "base/checksum.hpp"
#include "base/random.hpp"
#include "space/value.hpp"

namespace hpo::propose {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kMostSums = 3;  // twice as many cells to look into for each, and fewer strangers there
constexpr double kRounding = 1e-6;    // of a sum, in halves of a cell: no rounding hides a neighbour

std::uint64_t joined(std::uint64_t hash, std::uint64_t more) {
  return scatter(hash + 0x9E3779B97F4A7C15ULL + more);
}

std::uint64_t cell(double sum) {
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(std::floor(sum / 2)));
}

}  // namespace

std::uint64_t fingerprint(const space::Value& value) {
  if (!space::is_active(value)) return 0x1AC71FE;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 0x7A0E : 0xFA15E;
  if (const auto* text = std::get_if<std::string>(&value)) return ~fnv1a(*text);
  return std::bit_cast<std::uint64_t>(space::as_number(value) + 0.0);  // -0.0 becomes 0.0
}

Neighbours::Neighbours(const space::Space& space) : space_(space) {
  for (const std::size_t i : space.free())
    (std::isfinite(space.parameters()[i].count()) ? countable_ : continuous_).push_back(i);
  for (std::size_t k = 0; k < std::min(kMostSums, continuous_.size()); ++k) {
    double size = 0;
    for (std::size_t j = 0; j < continuous_.size(); ++j) {
      const auto bits = scatter(directions_.size() + 1);
      directions_.push_back(static_cast<double>(bits >> 11) * 0x1.0p-52 - 1);
      size += std::abs(directions_.back());
    }
    for (std::size_t j = 0; j < continuous_.size(); ++j)
      directions_[k * continuous_.size() + j] /= kTolerance * size * (1 + kRounding);
  }
}

Neighbours::Place Neighbours::place(const space::Point& point) const {
  Place place{0, {}, {}};
  for (const std::size_t i : countable_) place.countable = joined(place.countable, fingerprint(point[i]));
  place.cube.reserve(continuous_.size());
  for (const std::size_t i : continuous_) {
    const bool active = space::is_active(point[i]);
    place.countable = joined(place.countable, active ? 1 : 0);
    place.cube.push_back(active ? static_cast<float>(space_.parameters()[i].to_unit(point[i])) : 0.5F);
  }
  for (std::size_t k = 0; k * continuous_.size() < directions_.size(); ++k) {
    double sum = 0;
    for (std::size_t j = 0; j < continuous_.size(); ++j)
      sum += directions_[k * continuous_.size() + j] * static_cast<double>(place.cube[j]);
    place.sums.push_back(sum);
  }
  return place;
}

void Neighbours::add(const space::Point& point) {
  if (continuous_.empty()) return;
  const auto at = place(point);
  auto key = at.countable;
  for (const double sum : at.sums) key = joined(key, cell(sum));
  const auto row = static_cast<std::uint32_t>(before_.size());
  const auto [entry, is_first] = newest_.try_emplace(key, row);
  before_.push_back(is_first ? kNone : std::exchange(entry->second, row));
  cubes_.insert(cubes_.end(), at.cube.begin(), at.cube.end());
}

bool Neighbours::contains(const space::Point& point) const {
  if (newest_.empty()) return false;
  const auto at = place(point);
  std::array<std::uint64_t, 1 << kMostSums> keys{at.countable};
  std::size_t count = 1;
  for (const double sum : at.sums) {
    // An interval of the width of a cell.
    const auto low = cell(sum - 1), high = cell(sum + 1);
    for (std::size_t i = 0; i < count; ++i) keys[count + i] = joined(keys[i], high);
    for (std::size_t i = 0; i < count; ++i) keys[i] = joined(keys[i], low);
    count *= 2;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto found = newest_.find(keys[i]);
    if (found == newest_.end()) continue;
    for (auto row = found->second; row != kNone; row = before_[row])
      if (is_like(at, row)) return true;
  }
  return false;
}

bool Neighbours::is_like(const Place& place, std::uint32_t other) const {
  const auto* cube = cubes_.data() + std::size_t{other} * continuous_.size();
  for (std::size_t j = 0; j < continuous_.size(); ++j)
    if (std::abs(static_cast<double>(place.cube[j]) - static_cast<double>(cube[j])) > kTolerance)
      return false;
  return true;
}

}  // namespace hpo::propose
