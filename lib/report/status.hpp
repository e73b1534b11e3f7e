// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/ledger.hpp"
#include "report/queue.hpp"
#include "report/summary.hpp"
#include "report/view.hpp"

namespace hpo::report {

/// Tasks of one array that wait for the same thing.
struct WaitReason {
  std::string reason;  ///< Slurm's word
  std::string text;    ///< what it means; "": not known to us
  std::string remedy;  ///< what to type, or to change; "": nothing
  int tasks = 0;
  bool held = false;
};

/// One array with tasks left, or the live controller.
struct ArrayStatus {
  std::string name, job;  ///< job "": Slurm has not got it
  std::string trouble;    ///< why it is not in Slurm, or not known to be; "" when it is
  bool is_controller = false;
  int bracket = 0, rung = 0;
  int tasks = 0;
  int running = 0, waiting = 0, held = 0, ended = 0;
  int ending = 0;           ///< over in Slurm, but how is not known yet
  int missing = 0;          ///< Slurm does not know of them
  double missed_since = 0;  ///< the first of them, seconds since 1970
  std::vector<WaitReason> reasons;
  std::optional<double> expected_start;  ///< of the first waiting task, seconds since 1970
  std::int64_t time_s = 0;               ///< each task's time limit, 0: none
  double longest_run_s = 0;              ///< of the tasks that run now
};

/// A rung that has not been opened yet, as the plan has it; handed in.
struct PlannedRung {
  int bracket = 0, rung = 0;
  double budget = 0;
  int tasks = 0;
  std::int64_t nodes = 1;               ///< each task's
  std::optional<double> worst = {};     ///< node-hours of all its tasks; nothing: no time limit
  std::optional<double> expected = {};  ///< node-hours, from the speed measured so far; filled in here
};

/// Tasks of one rung that are in no array.
struct Unsubmitted {
  int bracket = 0, rung = 0, tasks = 0;
};

/// --status as data.
struct Status {
  std::string name;
  double now = 0, updated_s = 0;
  std::string slurm;  ///< "": it has answered; else "was not asked", "does not answer: ..."
  std::vector<ArrayStatus> arrays;
  std::vector<Unsubmitted> unsubmitted;
  std::string blocked;  ///< why the controller will not move the study on by itself; "": it will, or there is
                        ///< none
  double lost_after_s = 0;           ///< [retry] lost_after
  std::vector<PlannedRung> to_come;  ///< not opened yet
  std::vector<Account> budget;
  Next next = Next::propose;
  std::optional<std::string> stopped;
};

/// `plan`: all rungs of the plan; `expected`: of what is promised, from what tasks have cost so far. Without
/// an answer of Slurm tasks count as the study knows them.
[[nodiscard]] Status make_status(const View& view, const Outlook& outlook, const Queue& queue,
                                 const std::vector<PlannedRung>& plan,
                                 const std::optional<study::Hours>& expected = {});

/// Tasks in the queue that only a person can let go: "1234_5"; not those that our tools hold back until the
/// canary has taken a step.
[[nodiscard]] std::vector<std::string> held_tasks(const study::Study& study, const Queue& queue);

}  // namespace hpo::report
