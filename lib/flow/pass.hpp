// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "flow/arrange.hpp"
#include "flow/cluster.hpp"
#include "flow/promote.hpp"
#include "flow/propose.hpp"

namespace hpo::flow {

struct PassOptions {
  bool propose = false;  ///< add the trials that are wanted
  bool accept = false;   ///< decide rungs although most of their tasks were cancelled
  std::string retry;     ///< run tasks in these states again: "failed,abandoned"
};

/// What one pass over the study did.
struct Pass {
  Refreshed refreshed;
  Proposed proposed;
  Promotion promotion;
  Arranged arranged;
  std::optional<std::string> stopped;  ///< why the study goes no further
  bool needs_person = false;           ///< until somebody has looked (else its budget is spent)
  std::size_t first_decision = 0;      ///< row of the first one made now
  int retried = 0;
  bool changed = false;
};

/// Everything that moves a study on, but for submitting: take in what segments and Slurm say, propose, decide
/// the rungs that are ready, arrange what has to run. A pure function of its arguments and the segments'
/// bytes.
Pass pass(study::Study& study, const study::Layout& layout, const Cluster& cluster,
          const PassOptions& options, double now);

}  // namespace hpo::flow
