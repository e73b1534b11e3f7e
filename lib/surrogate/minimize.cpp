// SPDX-License-Identifier: Apache-2.0
#include "surrogate/minimize.hpp"

#include <nlopt.h>

#include <cmath>
#include <memory>

#include "base/error.hpp"

namespace hpo::surrogate {
namespace {

// Large enough to be refused by every line search, small enough to be squared.
constexpr double kWorst = 1e100;

struct Call {
  const Objective& f;
  Minimum best;
};

double evaluate(unsigned n, const double* x, double* gradient, void* data) {
  auto& call = *static_cast<Call*>(data);
  const auto size = static_cast<Eigen::Index>(n);
  const Vector at = Eigen::Map<const Vector>(x, size);
  Vector slope = Vector::Zero(size);
  double value = call.f(at, gradient != nullptr ? &slope : nullptr);
  ++call.best.evaluations;
  if (!std::isfinite(value) || !slope.allFinite()) {
    value = kWorst;
    slope.setZero();
  }
  if (gradient != nullptr) Eigen::Map<Vector>(gradient, size) = slope;
  if (value < call.best.value) {
    call.best.value = value;
    call.best.x = at;
  }
  return value;
}

}  // namespace

Minimum minimize(const Objective& f, Vector start, const Vector& low, const Vector& high,
                 const MinimizeOptions& options) {
  HPO_CHECK(start.size() == low.size() && start.size() == high.size(), "a box of another dimension");
  start = start.cwiseMax(low).cwiseMin(high);
  Call call{f, {start, kWorst, 0}};
  if (start.size() == 0) {
    call.best.value = f(start, nullptr);
    return call.best;
  }
  const std::unique_ptr<nlopt_opt_s, decltype(&nlopt_destroy)> optimizer(
      nlopt_create(NLOPT_LD_LBFGS, static_cast<unsigned>(start.size())), nlopt_destroy);
  nlopt_set_lower_bounds(optimizer.get(), low.data());
  nlopt_set_upper_bounds(optimizer.get(), high.data());
  nlopt_set_min_objective(optimizer.get(), evaluate, &call);
  nlopt_set_maxeval(optimizer.get(), options.evaluations);
  nlopt_set_ftol_rel(optimizer.get(), options.tolerance);
  nlopt_set_xtol_rel(optimizer.get(), options.tolerance);
  double value = 0;
  // A failed line search is an end like any other: what was best so far holds.
  (void)nlopt_optimize(optimizer.get(), start.data(), &value);
  return call.best;
}

}  // namespace hpo::surrogate
