// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "space/space.hpp"

namespace hpo::space {

enum class TrialStatus {
  waiting,    ///< proposed, not yet seen running
  running,    ///< some attempt has reported
  finished,   ///< reached the budget of its last rung
  failed,     ///< its program failed, diverged, or reported nothing: evidence against the point
  abandoned,  ///< given up for reasons that say nothing about the point
};

/// One objective seen at one budget. `values` in the order of the study's objectives, each turned so that
/// smaller is better; NaN where not reported.
struct Observation {
  double budget = 0;
  std::vector<double> values;
  double ended = 0;  ///< seconds since 1970; 0: not known
  double hours = 0;  ///< node-hours that brought the trial here from the observation before; 0: not known
};

/// One report on the way: the first objective, turned so that smaller is better.
struct Report {
  double budget = 0;
  double value = 0;
};

/// What a proposer or a model sees of a trial.
struct PastTrial {
  std::int64_t id = 0;
  int bracket = 0;
  Point point;
  TrialStatus status = TrialStatus::waiting;
  std::vector<Observation> curve;  ///< the rungs it has finished, by increasing budget
  std::vector<Report> reports;  ///< what it reported on the way, by increasing budget; thinned out when many
};

/// Everything a proposer may depend on besides its random stream.
struct History {
  std::vector<PastTrial> trials;  ///< of this study, by increasing id
  std::vector<PastTrial> prior;   ///< of earlier studies: evidence, but none of this study's trials
};

}  // namespace hpo::space
