// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <functional>

#include "base/random.hpp"
#include "surrogate/matrix.hpp"

namespace hpo::test {

/// [rows, columns] uniform in [0, 1).
inline surrogate::Matrix uniform_rows(Eigen::Index rows, Eigen::Index columns, std::uint64_t number = 0) {
  Stream stream(3, Purpose::test, number);
  surrogate::Matrix result(rows, columns);
  for (Eigen::Index i = 0; i < rows; ++i)
    for (Eigen::Index j = 0; j < columns; ++j) result(i, j) = stream.uniform();
  return result;
}

/// The derivatives of f at x by central differences.
inline surrogate::Vector numeric_gradient(const std::function<double(const surrogate::Vector&)>& f,
                                          const surrogate::Vector& x, double step = 1e-5) {
  surrogate::Vector result(x.size());
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    surrogate::Vector above = x, below = x;
    above[i] += step;
    below[i] -= step;
    result[i] = (f(above) - f(below)) / (2 * step);
  }
  return result;
}

/// The largest difference, relative to the largest of `b` (and at least to 1).
inline double difference(const surrogate::Matrix& a, const surrogate::Matrix& b) {
  return (a - b).cwiseAbs().maxCoeff() / std::max(1.0, b.cwiseAbs().maxCoeff());
}

}  // namespace hpo::test
