// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>

namespace hpo::surrogate {

/// Column-major doubles. Rows of a Matrix of points are points, its columns the parameters.
using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
using RowVector = Eigen::RowVectorXd;

}  // namespace hpo::surrogate
