// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "propose/proposer.hpp"

namespace hpo::propose {

/// To what share a proposer prices improvements by what training costs (surrogate::per_cost): as much as of
/// the planned training is still to be done; all of it where no plan is known; 0 with cost_aware = false.
class CostShare {
 public:
  explicit CostShare(const Setting& setting);
  [[nodiscard]] double at(const space::History& history) const;

 private:
  bool cost_aware_;
  double training_;
};

}  // namespace hpo::propose
