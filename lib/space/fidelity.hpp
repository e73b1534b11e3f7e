// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace hpo::space {

/// How far trials are trained: the study's [fidelity].
struct Fidelity {
  std::string unit = "epoch";
  double min = 1;
  double max = 1;
  double eta = 3;
};

}  // namespace hpo::space
