// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>

namespace hpo::space {

/// What one of an observation's values is for. Values are turned so that smaller is better.
struct Goal {
  enum class Role {
    objective,   ///< to be made small
    constraint,  ///< has to be at most `bound`
    report,      ///< not used by searches
  };
  Role role = Role::objective;
  double bound = std::numeric_limits<double>::infinity();
};

}  // namespace hpo::space
