// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "train/comm/communicator.hpp"
#include "train/comm/flight_recorder.hpp"

namespace hpo::train::comm {

enum class Kind : std::int32_t { all_reduce, broadcast, all_gather, barrier };
enum class Type : std::int32_t { float32, float64, int64, bytes };

/// A collective as each rank sees it: equal on all ranks, or they have lost each other. Plain data, without
/// padding.
struct Call {
  Kind kind = Kind::barrier;
  Type type = Type::bytes;
  Op op = Op::sum;
  std::int32_t root = 0;
  std::int64_t bytes = 0;  ///< all_gather: of one rank's part
  Sequence sequence = 0;
  std::int64_t phase = 0, step = 0;
  bool operator==(const Call&) const = default;
};
/// "all_reduce float sum", for flight records; lives for ever.
[[nodiscard]] const char* name_of(const Call& call);

/// What every collective begins with, whatever it is: one all-reduce of one size by combine. So ranks that
/// have lost each other always meet in it and find out, before a message of one collective is taken for that
/// of another. Small collectives are done with it, their data travel inside.
struct Envelope {
  static constexpr std::size_t kWords = 32;

  Call call;
  std::int64_t differs = 0;  ///< not all calls are equal
  std::int64_t words = 0;    ///< in use
  std::array<std::int64_t, kWords> data{};

  [[nodiscard]] static constexpr bool fits(std::size_t bytes) {
    return bytes <= kWords * sizeof(std::int64_t);
  }
};
static_assert(std::is_trivially_copyable_v<Envelope>);

/// Takes `other` into `mine`; commutative, bit for bit. Words are added, or reduced by the call's op, as
/// int64, double, or pairs of float. When the calls differ only that is kept.
void combine(const Envelope& other, Envelope& mine);

/// Who goes another way than most others (of equal numbers, than the group of the lowest rank), and where:
/// "rank 2: its collective 7 is barrier, that of the others all_reduce double sum of 48 bytes".
struct Disagreement {
  int rank = 0;
  std::string what;
};
/// `calls` by rank, not all equal.
[[nodiscard]] Disagreement explain(const std::vector<Call>& calls);

}  // namespace hpo::train::comm
