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
  double node_hours = 0;   ///< of all its attempts
  std::string checkpoint;  ///< newest published, relative to the study's directory; "": none
  std::string message;     ///< why it failed

  /// Nothing is left to run.
  [[nodiscard]] bool has_ended() const { return state != TaskState::waiting && state != TaskState::running; }
};

enum class SubmissionState : std::int8_t {
  intended = 0,   ///< recorded; sbatch may or may not have been called
  submitted = 1,  ///< Slurm has it: `job` holds
  refused = 2,    ///< Slurm said no: `message` holds
  local = 3,      ///< to be run without Slurm, by make
};

/// One array of tasks of one rung: its manifest and what Slurm knows of it.
struct Submission {
  std::string name;  ///< hpo-<study>-<nonce8>-b0-r1: the job name, unique for ever
  int bracket = 0, rung = 0;
  std::int32_t tasks = 0;
  SubmissionState state = SubmissionState::intended;
  std::string job;  ///< "1234" or "1234;cluster"
  double created = 0, submitted = 0;
  std::int64_t nodes = 1, gpus = 0, cores = 1;           ///< each task holds
  double node_hours = 0, gpu_hours = 0, core_hours = 0;  ///< promised: the worst case; 0: no time limit
  std::string message;
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
  Definition definition;
  std::vector<Trial> trials;
  std::vector<Rung> rungs;
  std::vector<Task> tasks;
  std::vector<Submission> submissions;
  std::vector<Attempt> attempts;
  Reports reports;
  std::vector<Decision> decisions;
  std::vector<Provenance> provenance;  ///< one row a generation
};

}  // namespace hpo::study
