// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/view.hpp"

namespace hpo::report {

/// The best trial at the largest budget measured so far.
struct Best {
  std::int32_t trial = 0;
  int bracket = 0, rung = 0;
  double budget = 0, value = 0;
  std::string point;  ///< "lr=0.001 optimizer=adam": active free parameters
};

struct RungRow {
  int bracket = 0, index = 0;
  double budget = 0;
  bool decided = false;
  int entered = 0, finished = 0, failed = 0, abandoned = 0, running = 0, waiting = 0;
  std::optional<int> promoted;  ///< nothing: not decided, and none yet
  double node_hours = 0;
  std::optional<double> best;
  std::optional<std::int32_t> best_trial;
  std::optional<double> rank_correlation;  ///< of its values with those of the same trials on the rung above
  std::optional<double> remaining_s;       ///< at the rate so far, while it runs
};

/// One limit of [budget] and what has been used of it.
struct BudgetRow {
  std::string unit;  ///< "trials", "node-hours", "GPU-hours", "core-hours"
  double spent = 0;
  std::optional<double> limit;
  std::optional<double> lasts_s;  ///< until the limit, at the rate so far, while something runs
};

/// What a person should do now.
enum class Next { propose, submit, wait, promote, complete };

/// The default screen, as data.
struct Summary {
  std::string name, metric, proposer, promotion, unit;
  bool maximize = false;
  double eta = 0;
  std::vector<double> budgets;  ///< of all rungs, each once, increasing
  double now = 0;
  double updated_s = 0;  ///< since the last write
  std::optional<Best> best;
  std::vector<std::int32_t> front;  ///< the Pareto front; empty when there is one objective
  std::array<int, kTrialStates> counts{};
  int trials = 0;
  std::vector<RungRow> rungs;
  std::vector<BudgetRow> budget;  ///< node-hours always; others where they have a limit
  double given_back = 0;          ///< node-hours that a held allocation would have kept until the barriers
  std::optional<double> until;    ///< when the study is to stop, seconds since 1970
  std::vector<std::string> hints;
  Next next = Next::propose;
  std::optional<std::string> stopped;  ///< why the study goes no further although it is not finished
};

/// What the plan and the queue say of the study; handed in.
struct Outlook {
  bool lacks_trials = false;           ///< there is room for trials that the space can still give
  std::optional<std::string> stopped;  ///< why the study may not go on, in words
  std::vector<std::string> held = {};  ///< tasks that only a person can let go, "1234_5"
};

[[nodiscard]] Summary summarize(const View& view, const Outlook& outlook);

/// A trial's active free parameters, "lr=0.001 optimizer=adam", numbers to four digits.
[[nodiscard]] std::string point_text(const study::Definition& definition, const space::Point& point);

}  // namespace hpo::report
