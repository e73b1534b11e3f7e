// SPDX-License-Identifier: Apache-2.0
#include "space/grid.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/error.hpp"

namespace hpo::space {
namespace {

constexpr int kDigits = 12;
constexpr double kSlack = 1e-9;  // of a step: high = 0.5 lies on the grid of low = 0.1, step = 0.1

}  // namespace

double to_scale(Scale scale, double x) {
  if (scale == Scale::log) return std::log(x);
  if (scale == Scale::logit) return std::log(x) - std::log1p(-x);
  return x;
}

double from_scale(Scale scale, double t) {
  if (scale == Scale::log) return std::exp(t);
  if (scale == Scale::logit) return 1 / (1 + std::exp(-t));
  return t;
}

double shortened(double x, double magnitude) {
  if (x == 0 || !(magnitude > 0)) return x;
  const double digits = kDigits - 1 + std::floor(std::log10(std::abs(x))) - std::floor(std::log10(magnitude));
  if (digits < 0) return 0;
  if (digits > 16) return x;
  std::array<char, 64> buffer{};
  const auto [end, status] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x,
                                           std::chars_format::scientific, static_cast<int>(digits));
  HPO_CHECK(status == std::errc(), "a number longer than 64 characters");
  double result = x;
  std::from_chars(buffer.data(), end, result);
  return result;
}

Grid::Grid(const Parameter& parameter)
    : scale_(parameter.scale), first_(parameter.low), step_(parameter.step), last_(parameter.high) {
  if (parameter.kind == Kind::integer && step_ == 0) {
    step_ = static_cast<double>(parameter.multiple_of);
    first_ = std::ceil(parameter.low / step_) * step_;
    last_ = std::floor(parameter.high / step_) * step_;
  }
  count_ = std::floor((last_ - first_) / step_ + kSlack) + 1;
}

double Grid::at(double k) const {
  const double x = first_ + k * step_;
  return std::clamp(shortened(x, std::max(std::abs(x), step_)), first_, last_);
}

double Grid::index_of(double x) const {
  return std::clamp(std::round((x - first_) / step_), 0.0, count_ - 1);
}

double Grid::nearest(double x) const {
  return at(index_of(x));
}

double Grid::lower_edge(double k) const {
  double edge = first_ + (k - 0.5) * step_;
  if (scale_ != Scale::linear) edge = std::max(edge, first_ / 2);
  if (scale_ == Scale::logit) edge = std::min(edge, 1 - (1 - at(count_ - 1)) / 2);
  return to_scale(scale_, edge);
}

double Grid::value(double u) const {
  if (scale_ == Scale::linear) return at(std::clamp(std::floor(u * count_), 0.0, count_ - 1));
  const double begin = lower_edge(0);
  const double end = lower_edge(count_);
  return nearest(from_scale(scale_, begin + u * (end - begin)));
}

double Grid::middle(double x) const {
  const double k = index_of(x);
  if (scale_ == Scale::linear) return (k + 0.5) / count_;
  const double begin = lower_edge(0);
  const double end = lower_edge(count_);
  return ((lower_edge(k) + lower_edge(k + 1)) / 2 - begin) / (end - begin);
}

}  // namespace hpo::space
