// SPDX-License-Identifier: Apache-2.0
#include "train/comm/envelope.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/error.hpp"

namespace hpo::train::comm {
namespace {

template <class T>
T reduced(T a, T b, Op op) {
  switch (op) {
    case Op::sum:
      return a + b;
    case Op::min:
      return std::min(a, b);
    case Op::max:
      return std::max(a, b);
  }
  return a;
}

using FloatPair = std::array<float, 2>;

std::int64_t reduced_word(std::int64_t a, std::int64_t b, Type type, Op op) {
  switch (type) {
    case Type::float32: {
      const auto x = std::bit_cast<FloatPair>(a), y = std::bit_cast<FloatPair>(b);
      return std::bit_cast<std::int64_t>(FloatPair{reduced(x[0], y[0], op), reduced(x[1], y[1], op)});
    }
    case Type::float64:
      return std::bit_cast<std::int64_t>(reduced(std::bit_cast<double>(a), std::bit_cast<double>(b), op));
    case Type::int64:
      return reduced(a, b, op);
    case Type::bytes:
      break;
  }
  return a | b;  // all but one rank have zeros there
}

constexpr std::array<std::array<const char*, 3>, 3> kReductions{
    {{"all_reduce float sum", "all_reduce float min", "all_reduce float max"},
     {"all_reduce double sum", "all_reduce double min", "all_reduce double max"},
     {"all_reduce int64 sum", "all_reduce int64 min", "all_reduce int64 max"}}};

std::string described(const Call& call) {
  std::string text = name_of(call);
  if (call.kind != Kind::barrier) text += fmt::format(" of {} bytes", call.bytes);
  if (call.kind == Kind::broadcast) text += fmt::format(" from rank {}", call.root);
  text += fmt::format(" ({}, step {})", phase_name(static_cast<Phase>(call.phase)), call.step);
  return text;
}

}  // namespace

const char* name_of(const Call& call) {
  switch (call.kind) {
    case Kind::all_reduce:
      return kReductions.at(static_cast<std::size_t>(call.type)).at(static_cast<std::size_t>(call.op));
    case Kind::broadcast:
      return "broadcast";
    case Kind::all_gather:
      return "all_gather double";
    case Kind::barrier:
      return "barrier";
  }
  return "";
}

void combine(const Envelope& other, Envelope& mine) {
  if (other.differs != 0 || mine.differs != 0 || other.call != mine.call) {
    mine.differs = 1;
    return;
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(mine.words); ++i)
    mine.data[i] = reduced_word(other.data[i], mine.data[i], mine.call.type, mine.call.op);
}

Disagreement explain(const std::vector<Call>& calls) {
  const auto like = [&](const Call& call) { return std::count(calls.begin(), calls.end(), call); };
  const auto usual = std::max_element(calls.begin(), calls.end(),
                                      [&](const Call& a, const Call& b) { return like(a) < like(b); });
  const auto odd = std::find_if(calls.begin(), calls.end(), [&](const Call& call) { return call != *usual; });
  HPO_CHECK(odd != calls.end(), "ranks that agree");
  return {static_cast<int>(odd - calls.begin()),
          fmt::format("its collective {} is {}, that of the others {} {}", odd->sequence, described(*odd),
                      usual->sequence == odd->sequence ? "is" : fmt::format("{} is", usual->sequence),
                      described(*usual))};
}

}  // namespace hpo::train::comm
