// SPDX-License-Identifier: Apache-2.0
#include "propose/seen.hpp"

#include <bit>
#include <string>
#include <variant>

#include "base/checksum.hpp"
#include "base/random.hpp"
#include "space/value.hpp"

namespace hpo::propose {
namespace {

/// Numbers by value, whatever their type, so that 1 read back as 1.0 is the same; adding 0.0 turns -0.0 into
/// 0.0.
std::uint64_t bits_of(const space::Value& value) {
  if (!space::is_active(value)) return 0x1AC71FE;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 0x7A0E : 0xFA15E;
  if (const auto* text = std::get_if<std::string>(&value)) return ~fnv1a(*text);
  return std::bit_cast<std::uint64_t>(space::as_number(value) + 0.0);
}

}  // namespace

Seen::Seen(const space::Space& space, const space::History& history) : space_(space) {
  fingerprints_.reserve(history.trials.size());
  for (const auto& trial : history.trials) insert(trial.point);
}

bool Seen::insert(const space::Point& point) {
  return fingerprints_.insert(fingerprint(point)).second;
}

bool Seen::contains(const space::Point& point) const {
  return fingerprints_.count(fingerprint(point)) != 0;
}

std::uint64_t Seen::fingerprint(const space::Point& point) const {
  std::uint64_t hash = 0;
  for (const std::size_t i : space_.free()) hash = scatter(hash + 0x9E3779B97F4A7C15ULL + bits_of(point[i]));
  return hash;
}

}  // namespace hpo::propose
