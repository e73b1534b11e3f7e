// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "study/definition.hpp"

namespace hpo::study {

/// The nouns of a study, as rows of plain tables. Numbers stored for an enum are part of the file format:
/// append only. Times are seconds since 1970, 0 = not yet. Rows are only ever appended or filled in, never
/// removed or reordered, so an index into a table stays good for ever.

/// One point with an identity that lasts through all its rungs. Row i has id i.
struct Trial {
  int bracket = 0;
  space::Point point;
  std::string origin;  ///< the proposer's name, or "start"
  std::uint64_t seed = 0;
  double proposed = 0;
};

enum class RungState : std::int8_t { open = 0, decided = 1 };

/// A rung that has tasks: opened by hpo-propose (rung 0) or hpo-promote (the others).
struct Rung {
  int bracket = 0, index = 0;
  double budget = 0;
  RungState state = RungState::open;
  double opened = 0, decided = 0;
};

enum class TaskState : std::int8_t {
  waiting = 0,    ///< no attempt has reported
  running = 1,    ///< an attempt is alive, or ended in a way that will be tried again
  finished = 2,   ///< its end marker is in: `values` hold
  failed = 3,     ///< the program failed or reported nothing
  diverged = 4,   ///< the training's numbers were not finite
  abandoned = 5,  ///< given up for reasons that say nothing about the point
};

/// Why an attempt ended as it did: what its segment and Slurm say together. What follows from it is a policy
/// (flow/policy.hpp).
enum class Cause : std::int8_t {
  none = 0,            ///< alive, or not known yet
  completed = 1,       ///< its end marker says so, whatever Slurm says
  stopped = 2,         ///< left a checkpoint in time and asked to be run again
  failed = 3,          ///< the program ended with an error of its own
  diverged = 4,        ///< the training's numbers were not finite
  no_result = 5,       ///< ended well without a result
  infrastructure = 6,  ///< exit 75, or an end before the first report
  timeout = 7,         ///< ended by its time limit
  out_of_memory = 8,   ///< ended by its memory limit
  node_failure = 9,    ///< node or launch failure
  preempted = 10,      ///< made room for another job and was not put back
  cancelled = 11,      ///< by the user
  evicted = 12,        ///< cancelled by root or the cluster
  deadline = 13,       ///< could not have ended by its --deadline
  requeued = 14,       ///< Slurm has put the task back: another attempt follows
  lost = 15,           ///< Slurm knows nothing of it, asked twice
  superseded = 16,     ///< a younger attempt has taken over
  called_off = 17,     ///< cancelled by the tools: its rung was decided without it
};

/// One trial at one rung.
struct Task {
  std::int32_t trial = 0;
  int bracket = 0, rung = 0;
  std::int32_t submission = -1;  ///< row of the newest submission that holds it; -1: none yet
  std::int32_t index = -1;       ///< its array index there
  TaskState state = TaskState::waiting;
  std::vector<double>
      values;       ///< by objective, as reported; NaN: not reported; empty: none (NaN once stored)
  double step = 0;  ///< how far it got, in the fidelity's unit
  double started = 0, ended = 0;
  double node_hours = 0;      ///< of all its attempts
  std::string checkpoint;     ///< newest published, relative to the study's directory; "": none
  std::string message;        ///< why it failed
  Cause cause = Cause::none;  ///< of its newest attempt or execution that is over
  double missed = 0;          ///< since when Slurm, asked with success, knows nothing of it; 0: it does
  double pardoned = 0;        ///< when a person had it run again: ends until then do not count; 0: never

  /// Nothing is left to run.
  [[nodiscard]] bool has_ended() const { return state != TaskState::waiting && state != TaskState::running; }
};

enum class SubmissionState : std::int8_t {
  intended = 0,   ///< recorded; sbatch may or may not have been called
  submitted = 1,  ///< Slurm has it: `job` holds
  refused = 2,    ///< Slurm said no: `message` holds
  local = 3,      ///< to be run without Slurm, by make
};

enum class SubmissionKind : std::int8_t {
  array = 0,
  controller = 1,  ///< a job that moves the study on when `after` has ended; it has no tasks
};

/// One array of tasks of one rung: its manifest and what Slurm knows of it.
struct Submission {
  std::string name;  ///< hpo-<study>-<nonce8>-b0-r1-s4: the job name, unique for ever
  SubmissionKind kind = SubmissionKind::array;
  int bracket = 0, rung = 0;
  std::int32_t tasks = 0;
  std::int32_t pack = 1;  ///< tasks that share one array index: task i runs at index i / pack
  SubmissionState state = SubmissionState::intended;
  std::string job;  ///< "1234" or "1234;cluster"
  double created = 0, submitted = 0;
  double released = 0;                          ///< when all of it was let go; until then it is ours to hold
  std::int64_t nodes = 1, gpus = 0, cores = 1;  ///< each task holds
  double node_hours = 0, gpu_hours = 0, core_hours = 0;  ///< promised: the worst case; 0: no time limit
  std::int64_t time_s = 0;                               ///< each task's time limit; 0: none
  double memory_factor = 1;                              ///< of the memory that study.toml asks for
  std::string exclude;                                   ///< nodes to stay away from, comma separated
  bool canary = false;    ///< all but one task stay held until that one has taken a step
  double notice_s = 120;  ///< how long before the time limit a task is told to stop
  std::string after;      ///< controller: the dependency, "afterany:12:13"
  std::string message;
  /// The array's id, without the cluster's name.
  [[nodiscard]] std::string array() const { return job.substr(0, job.find(';')); }
  /// Array indices: 0 ... indices() - 1.
  [[nodiscard]] std::int32_t indices() const { return (tasks + pack - 1) / pack; }
};

/// One execution of one task, once it is over, as Slurm accounts for it: tasks that share an array index have
/// a row each, of which the first has the hours of all. (submission, index, trial, submitted) tells
/// executions apart: a job id can come twice, a requeue changes the time of submission.
struct Execution {
  std::int32_t submission = 0;  ///< row
  std::int32_t index = 0;       ///< in the array
  std::string job;              ///< "12_3"
  std::string state;            ///< Slurm's word: TIMEOUT
  Cause cause = Cause::none;
  int exit_code = 0;  ///< 128 + n: ended by signal n
  double submitted = 0, started = 0, ended = 0;
  double node_hours = 0;
  std::string nodes;        ///< Slurm's list: n[3-4]
  std::int32_t trial = -1;  ///< whose task it ran: a task that is run again leaves its array
};

enum class AttemptState : std::int8_t {
  running = 0,
  finished = 1,
  failed = 2,
  diverged = 3,
  stopped = 4,         ///< left a checkpoint in time: to be continued
  infrastructure = 5,  ///< exit 75: not the point's fault
};

/// One execution of a task, one segment; with the position up to which the segment has been folded in
/// (exactly once: position and data are in the same generation).
struct Attempt {
  std::int32_t trial = 0;
  int bracket = 0, rung = 0;
  std::int32_t ordinal = 0;  ///< in the segment's name: 0, 1, 2, ...
  std::string nonce;
  AttemptState state = AttemptState::running;
  std::string job, host;
  int nodes = 1, ranks = 1;
  double started = 0, ended = 0;
  double last_step = 0, last_time = 0;
  int exit_code = 0;
  std::string message;
  Cause cause = Cause::none;
  double checkpoint_s = 0;     ///< the longest it took to write one; 0: none written
  std::uint64_t offset = 0;    ///< bytes of the segment consumed
  std::uint64_t sequence = 0;  ///< records consumed
  std::uint32_t crc = 0;       ///< of the last record consumed
};

/// All reports of all attempts, by column; column i of every vector belongs together.
struct Reports {
  struct Metric {
    std::string name;
    std::vector<double> values;  ///< NaN: not reported on that row
  };
  std::vector<std::int32_t> attempt;  ///< row of the attempts table
  std::vector<double> step;           ///< in the fidelity's unit
  std::vector<double> time;
  std::vector<Metric> metrics;  ///< in order of first appearance; each as long as `attempt`
  [[nodiscard]] std::size_t size() const { return attempt.size(); }
};

/// What a promotion rule said of one trial of one rung, and why.
struct Decision {
  double time = 0;
  int bracket = 0, rung = 0;
  std::int32_t trial = 0;
  bool promoted = false;
  int rank = 0;
  double value = 0;
  std::string reason;
};

/// One result of one trial of an earlier study, taken over by hpo-init: evidence for proposers, no trial of
/// this study. The rows of a trial stand together, by increasing budget.
struct Prior {
  std::string source;          ///< the file it came from, as study.toml names it
  std::int32_t trial = 0;      ///< its number there
  space::Point point;          ///< in this study's space; what is not known of it is inactive
  bool failed = false;         ///< the trial, in the end
  double budget = 0;           ///< 0: it failed before it had a result
  std::vector<double> values;  ///< by this study's objectives, as reported; NaN: not reported
};

/// Who wrote a generation. Row i belongs to generation i + 1.
struct Provenance {
  double time = 0;
  std::string tool, version, command_line, host, user, job;
  std::string nonce;  ///< of the generation; filled in by the store
};

/// A whole study in memory: the content of one generation.
struct Study {
  std::string uuid;  ///< 16 hexadecimal digits, given at creation
  double created = 0;
  std::string told;  ///< what a trigger has said last: it says nothing twice
  Definition definition;
  std::vector<Trial> trials;
  std::vector<Rung> rungs;
  std::vector<Task> tasks;
  std::vector<Submission> submissions;
  std::vector<Attempt> attempts;
  std::vector<Execution> executions;
  Reports reports;
  std::vector<Decision> decisions;
  std::vector<Prior> prior;
  std::vector<Provenance> provenance;  ///< one row a generation
};

}  // namespace hpo::study
