// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "study/cause.hpp"
#include "study/rows.hpp"
#include "study/study.hpp"

/// The columns of the tables whose rows are plain: docs/study-format.md in code. Names and the order of flags
/// are the file format: append only.
namespace hpo::study {

using Names2 = std::array<std::string_view, 2>;
using Names4 = std::array<std::string_view, 4>;
using Names6 = std::array<std::string_view, 6>;
inline constexpr Names2 kRungStates{"open", "decided"};
inline constexpr Names6 kTaskStates{"waiting", "running", "finished", "failed", "diverged", "abandoned"};
inline constexpr Names4 kSubmissionStates{"intended", "submitted", "refused", "local"};
inline constexpr Names2 kSubmissionKinds{"array", "controller"};
inline constexpr Names6 kAttemptStates{"running",  "finished", "failed",
                                       "diverged", "stopped",  "infrastructure"};
inline constexpr Names2 kNoYes{"no", "yes"};

template <template <class> class Archive>
void describe(Archive<Rung> a) {
  a.number("bracket", &Rung::bracket);
  a.number("index", &Rung::index);
  a.number("budget", &Rung::budget);
  a.flag("state", &Rung::state, kRungStates);
  a.time("opened", &Rung::opened);
  a.time("decided", &Rung::decided);
}

template <template <class> class Archive>
void describe(Archive<Task> a) {
  a.number("trial", &Task::trial);
  a.number("bracket", &Task::bracket);
  a.number("rung", &Task::rung);
  a.number("submission", &Task::submission);
  a.number("index", &Task::index);
  a.flag("state", &Task::state, kTaskStates);
  a.number("step", &Task::step);
  a.time("started", &Task::started);
  a.time("ended", &Task::ended);
  a.number("node_hours", &Task::node_hours, "h");
  a.text("checkpoint", &Task::checkpoint);
  a.text("message", &Task::message);
  a.flag("cause", &Task::cause, kCauses);
  a.time("missed", &Task::missed);
  a.time("pardoned", &Task::pardoned);
}

template <template <class> class Archive>
void describe(Archive<Submission> a) {
  a.text("name", &Submission::name);
  a.flag("kind", &Submission::kind, kSubmissionKinds);
  a.number("bracket", &Submission::bracket);
  a.number("rung", &Submission::rung);
  a.number("tasks", &Submission::tasks);
  a.number("pack", &Submission::pack);
  a.flag("state", &Submission::state, kSubmissionStates);
  a.text("job", &Submission::job);
  a.time("created", &Submission::created);
  a.time("submitted", &Submission::submitted);
  a.time("released", &Submission::released);
  a.number("nodes", &Submission::nodes);
  a.number("gpus", &Submission::gpus);
  a.number("cores", &Submission::cores);
  a.number("node_hours", &Submission::node_hours, "h");
  a.number("gpu_hours", &Submission::gpu_hours, "h");
  a.number("core_hours", &Submission::core_hours, "h");
  a.number("time_s", &Submission::time_s, "s");
  a.number("memory_factor", &Submission::memory_factor);
  a.text("exclude", &Submission::exclude);
  a.flag("canary", &Submission::canary, kNoYes);
  a.number("notice_s", &Submission::notice_s, "s");
  a.text("after", &Submission::after);
  a.text("message", &Submission::message);
}

template <template <class> class Archive>
void describe(Archive<Execution> a) {
  a.number("submission", &Execution::submission);
  a.number("index", &Execution::index);
  a.text("job", &Execution::job);
  a.text("state", &Execution::state);
  a.flag("cause", &Execution::cause, kCauses);
  a.number("exit_code", &Execution::exit_code);
  a.time("submitted", &Execution::submitted);
  a.time("started", &Execution::started);
  a.time("ended", &Execution::ended);
  a.number("node_hours", &Execution::node_hours, "h");
  a.text("nodes", &Execution::nodes);
  a.number("trial", &Execution::trial);
}

template <template <class> class Archive>
void describe(Archive<Attempt> a) {
  a.number("trial", &Attempt::trial);
  a.number("bracket", &Attempt::bracket);
  a.number("rung", &Attempt::rung);
  a.number("ordinal", &Attempt::ordinal);
  a.text("nonce", &Attempt::nonce);
  a.flag("state", &Attempt::state, kAttemptStates);
  a.text("job", &Attempt::job);
  a.text("host", &Attempt::host);
  a.number("nodes", &Attempt::nodes);
  a.number("ranks", &Attempt::ranks);
  a.time("started", &Attempt::started);
  a.time("ended", &Attempt::ended);
  a.number("last_step", &Attempt::last_step);
  a.time("last_time", &Attempt::last_time);
  a.number("exit_code", &Attempt::exit_code);
  a.text("message", &Attempt::message);
  a.flag("cause", &Attempt::cause, kCauses);
  a.number("checkpoint_s", &Attempt::checkpoint_s, "s");
  a.number("offset", &Attempt::offset, "byte");
  a.number("sequence", &Attempt::sequence);
  a.number("crc", &Attempt::crc);
}

template <template <class> class Archive>
void describe(Archive<Decision> a) {
  a.time("time", &Decision::time);
  a.number("bracket", &Decision::bracket);
  a.number("rung", &Decision::rung);
  a.number("trial", &Decision::trial);
  a.flag("promoted", &Decision::promoted, kNoYes);
  a.number("rank", &Decision::rank);
  a.number("value", &Decision::value);
  a.text("reason", &Decision::reason);
}

template <template <class> class Archive>
void describe(Archive<Provenance> a) {
  a.time("time", &Provenance::time);
  a.text("tool", &Provenance::tool);
  a.text("version", &Provenance::version);
  a.text("command_line", &Provenance::command_line);
  a.text("host", &Provenance::host);
  a.text("user", &Provenance::user);
  a.text("job", &Provenance::job);
  a.text("nonce", &Provenance::nonce);
}

}  // namespace hpo::study
