// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slurm/state.hpp"

namespace hpo::slurm {

/// One array task (or plain job, index 0) as squeue or sacct shows it. Times are seconds since 1970, 0 = not
/// known.
struct TaskRow {
  std::string name;           ///< of the job
  std::string array;          ///< "12": the array's id
  std::int32_t index = 0;     ///< in the array
  std::string raw;            ///< the task's own job id; "": it has none yet
  std::string state, reason;  ///< Slurm's words: the state's first word
  Phase phase = Phase::waiting;
  Ending ending = Ending::failed;  ///< when over
  int exit_code = 0;               ///< 128 + n: ended by signal n
  double submitted = 0, started = 0, ended = 0;
  double elapsed_s = 0;
  std::int64_t node_count = 0;
  std::string nodes;  ///< "n[3-4]"
};

/// What Slurm knows of some jobs at one moment. A source that did not answer is not known: nothing follows
/// from its silence.
struct Snapshot {
  bool queue_known = false, accounting_known = false;
  std::string queue_error, accounting_error;  ///< when not known and it should be; accounting off is no error
  std::vector<TaskRow> queue;                 ///< squeue -t all: the newest execution of each task
  std::vector<TaskRow> accounting;            ///< sacct -D: every execution, oldest first
  double time = 0;                            ///< when it was taken
};

/// What to ask for.
struct Query {
  std::vector<std::string> names;  ///< of jobs
  std::vector<std::string> jobs;   ///< their array ids, where known: accounting is asked by id
  double since = 0;                ///< when the oldest was made
  bool has_accounting = true;
};

/// One squeue call and one sacct call for all of them, both bounded. No names: nothing is asked and all is
/// known. No job ids: accounting is not asked and not known. What squeue does not say of an execution that is
/// over (exit code, who cancelled it, a step out of memory) is taken from accounting's row of the same
/// execution.
[[nodiscard]] Snapshot look(const Query& query);

/// Fills in the rows of squeue that are over from accounting's rows of the same executions: pure.
void complete(std::vector<TaskRow>& queue, const std::vector<TaskRow>& accounting);

/// The answer to `squeue -h -r -t all --me --name=... -o '%F|%K|%A|%T|%V|%S|%e|%D|%N|%j|%r'`: pure. Refused
/// submissions (FAILED BadConstraints) are left out; a row for a range of indices becomes a row each.
[[nodiscard]] std::vector<TaskRow> parse_queue(const std::string& out);

inline constexpr std::string_view kAccountingFields =
    "JobID,JobIDRaw,JobName,State,ExitCode,DerivedExitCode,Submit,Start,End,ElapsedRaw,NNodes,NodeList,UID,"
    "DBIndex";
inline constexpr char kAccountingSeparator = '\x1f';  ///< job names may hold any printable character

/// The answer to sacct -D -P -n with those fields and that separator: pure. Steps, rows of jobs not named in
/// `names` and of submissions older than `since` (ids come again) are left out; a row still called
/// "allocation" is ours when it has an array index. A step's out of memory is its task's; a task's own row
/// wins over a range's; who cancelled is told by comparing with the job's owner; what is over but has no End
/// is not over yet.
[[nodiscard]] std::vector<TaskRow> parse_accounting(const std::string& out,
                                                    const std::vector<std::string>& names, double since);

/// Why one of our arrays waits, and from when Slurm expects its first waiting task to run.
struct Expected {
  std::string array;
  double start = 0;  ///< 0: Slurm does not say
  std::string reason;
};
/// Asks squeue --start once; nothing when it does not answer.
[[nodiscard]] std::vector<Expected> expected_starts(const std::vector<std::string>& names);

/// The answer to `squeue -h --start -o '%F|%S|%r'`: pure.
[[nodiscard]] std::vector<Expected> parse_expected(const std::string& out);

}  // namespace hpo::slurm
