// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.hpp"

namespace hpo::exchange {

/// What one task is to do: line i of a manifest belongs to array index i.
struct TaskOrder {
  std::int32_t trial = 0;
  std::uint64_t seed = 0;
  nlohmann::ordered_json params;      ///< active values by name
  std::vector<std::string> inactive;  ///< names of the parameters without a value
  std::string resume_from;  ///< checkpoint of the rung below, relative to the study's directory; "": none
};

/// One submitted array: everything its tasks need, so that no job ever opens the study.
struct Manifest {
  std::string study_uuid, study_name;
  std::string submission;  ///< job name
  int bracket = 0, rung = 0;
  double budget = 0;                 ///< where to stop
  double horizon = 0;                ///< the last rung's budget
  std::string unit;                  ///< of both
  std::vector<std::string> metrics;  ///< of the objectives, in order
  std::vector<std::string> command;  ///< with placeholders; empty: the built-in trainer
  nlohmann::ordered_json train;      ///< with placeholders; null: `command`
  std::vector<TaskOrder> tasks;
};

/// A manifest without its tasks, and one of them.
struct Assignment {
  Manifest manifest;  ///< tasks empty
  std::int32_t index = 0, count = 0;
  TaskOrder task;
};

/// Text, one checksummed line for the head and one a task, all task lines of one length, so that a task reads
/// its own with one pread. Written once under its final name (immutable, 0400).
void write_manifest(const fs::path& file, const Manifest& manifest);
[[nodiscard]] Manifest read_manifest(const fs::path& file);
/// The head and line `index` only. Throws Error naming the file and what is wrong: missing, damaged at any
/// byte, index out of range, of a newer format.
[[nodiscard]] Assignment read_assignment(const fs::path& file, std::int32_t index);

}  // namespace hpo::exchange
