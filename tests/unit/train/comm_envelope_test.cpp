// SPDX-License-Identifier: Apache-2.0
#include "train/comm/envelope.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

namespace hpo::train::comm {
namespace {

Envelope with(Type type, Op op, std::vector<std::int64_t> words) {
  Envelope envelope;
  envelope.call = {.kind = Kind::all_reduce, .type = type, .op = op, .bytes = 8, .sequence = 5};
  envelope.words = static_cast<std::int64_t>(words.size());
  std::copy(words.begin(), words.end(), envelope.data.begin());
  return envelope;
}

std::int64_t word(double value) {
  return std::bit_cast<std::int64_t>(value);
}
std::int64_t word(float a, float b) {
  return std::bit_cast<std::int64_t>(std::array<float, 2>{a, b});
}

std::int64_t combined(Type type, Op op, std::int64_t a, std::int64_t b) {
  Envelope mine = with(type, op, {a});
  combine(with(type, op, {b}), mine);
  CHECK(mine.differs == 0);
  Envelope swapped = with(type, op, {b});
  combine(with(type, op, {a}), swapped);
  CHECK(swapped.data == mine.data);
  return mine.data[0];
}

TEST_CASE("envelope: words are reduced by type and operation, in either order alike") {
  CHECK(combined(Type::float64, Op::sum, word(0.1), word(0.2)) == word(0.1 + 0.2));
  CHECK(combined(Type::float64, Op::min, word(-3.0), word(2.0)) == word(-3.0));
  CHECK(combined(Type::float64, Op::max, word(-3.0), word(2.0)) == word(2.0));
  CHECK(combined(Type::int64, Op::sum, -5, 7) == 2);
  CHECK(combined(Type::int64, Op::min, -5, 7) == -5);
  CHECK(combined(Type::float32, Op::sum, word(1.5F, 2), word(-1, 8)) == word(0.5F, 10));
  CHECK(combined(Type::float32, Op::max, word(1.5F, 2), word(-1, 8)) == word(1.5F, 8));
}

TEST_CASE("envelope: bytes that one rank alone has travel bit for bit, negative zeros too") {
  CHECK(combined(Type::bytes, Op::sum, word(-0.0), 0) == word(-0.0));
  CHECK(combined(Type::bytes, Op::sum, word(-1e-300), 0) == word(-1e-300));
}

TEST_CASE("envelope: one differing call among many is seen in whatever order they are combined") {
  const auto seen = [](const std::vector<Envelope>& all, const std::vector<std::size_t>& order) {
    std::vector<Envelope> left;
    for (const std::size_t i : order) left.push_back(all[i]);
    while (left.size() > 1) {  // a tree
      for (std::size_t i = 0; i + 1 < left.size(); ++i) {
        combine(left[i + 1], left[i]);
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
    return left[0].differs != 0;
  };
  std::vector<Envelope> all(4, with(Type::float64, Op::sum, {word(1.0)}));
  std::vector<std::size_t> order{0, 1, 2, 3};
  do CHECK(!seen(all, order));
  while (std::next_permutation(order.begin(), order.end()));
  const auto check_seen = [&] {
    do CHECK(seen(all, order));
    while (std::next_permutation(order.begin(), order.end()));
  };
  const Envelope usual = all[2];
  all[2].call.bytes = 16;
  check_seen();
  all[2] = usual;
  all[2].call.sequence = 6;
  check_seen();
  all[2] = usual;
  all[2].call.step = 1;
  check_seen();
  all = {usual, usual, with(Type::int64, Op::sum, {1}), with(Type::int64, Op::sum, {1})};
  check_seen();
}

TEST_CASE("envelope: the rank that goes another way is named, with both ways") {
  const Call barrier{.kind = Kind::barrier, .sequence = 7, .phase = 1, .step = 3};
  const Call sum{
      .kind = Kind::all_reduce, .type = Type::float64, .bytes = 48, .sequence = 7, .phase = 1, .step = 3};
  const Disagreement odd = explain({sum, sum, barrier, sum});
  CHECK(odd.rank == 2);
  CHECK(odd.what ==
        "its collective 7 is barrier (step, step 3), that of the others is all_reduce double sum of 48 bytes "
        "(step, step 3)");
  CHECK(explain({barrier, sum, sum}).rank == 0);
  CHECK(explain({sum, barrier}).rank == 1);
  CHECK(explain({sum, barrier, sum, barrier}).rank == 1);
}

}  // namespace
}  // namespace hpo::train::comm
