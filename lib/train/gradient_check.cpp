// SPDX-License-Identifier: Apache-2.0
#include "train/gradient_check.hpp"

#include <bit>

#include "train/clones.hpp"

namespace hpo::train {
namespace {

constexpr int kLanes = 32;

/// An exponent of all ones is an infinity or a NaN; asked of the bits, so that no compiler option can reason
/// it away.
inline bool is_finite(float x) {
  return (std::bit_cast<std::uint32_t>(x) & 0x7F800000U) != 0x7F800000U;
}

HPO_CLONES void check(std::int64_t size, const float* values, double* squares, std::int32_t* bad) {
  for (std::int64_t i = 0; i < size; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) {
      const bool finite = is_finite(values[i + lane]);
      const double x = finite ? static_cast<double>(values[i + lane]) : 0.0;
      squares[lane] += x * x;
      bad[lane] += finite ? 0 : 1;
    }
}

}  // namespace

GradientCheck check_gradient(std::span<const float> gradient) {
  GradientCheck result;
  double squares[kLanes] = {};
  std::int32_t bad[kLanes] = {};
  const auto size = static_cast<std::int64_t>(gradient.size());
  const std::int64_t whole = size / kLanes * kLanes;
  check(whole, gradient.data(), squares, bad);
  for (int lane = 0; lane < kLanes; ++lane) {
    result.sum_of_squares += squares[lane];
    result.non_finite += bad[lane];
  }
  for (const float value : gradient.subspan(static_cast<std::size_t>(whole))) {
    result.sum_of_squares += is_finite(value) ? static_cast<double>(value) * static_cast<double>(value) : 0;
    result.non_finite += is_finite(value) ? 0 : 1;
  }
  return result;
}

}  // namespace hpo::train
