// SPDX-License-Identifier: Apache-2.0
#include "flow/cause.hpp"

#include <set>

#include "flow/fold.hpp"

namespace hpo::flow {
namespace {

using slurm::Ending;
using slurm::TaskRow;
using study::AttemptState;
using study::Cause;

constexpr int kKilled = 128 + 9;
constexpr int kToldToStop = 85;  // the script's, when that came before the start

// Slurm's word for an execution that has left a segment, and reported something.
Cause word_of(Ending ending) {
  switch (ending) {
    case Ending::completed:
      return Cause::no_result;
    case Ending::failed:
      return Cause::failed;
    case Ending::timeout:
      return Cause::timeout;
    case Ending::out_of_memory:
      return Cause::out_of_memory;
    case Ending::node_failure:
      return Cause::node_failure;
    case Ending::preempted:
      return Cause::preempted;
    case Ending::cancelled:
      return Cause::cancelled;
    case Ending::evicted:
      return Cause::evicted;
    case Ending::deadline:
      return Cause::deadline;
    case Ending::requeued:
      return Cause::requeued;
  }
  return Cause::failed;
}

// Codes that say only that somebody has killed it (squeue shows none: 0; accounting cuts those above 127),
// that the machine was at fault, or that srun or slurmctld could not start it: hpo-train's own 1 comes with
// an end marker.
bool is_foreign_code(int code) {
  static const std::set<int> kForeign{0, 1, 9, 15, 128 + 9, 128 + 15, 75};
  return kForeign.contains(code);
}

Cause cause_without_segment(const TaskRow& row) {
  switch (row.ending) {
    case Ending::failed:
      return row.exit_code == kToldToStop ? Cause::stopped : Cause::infrastructure;
    case Ending::completed:
    case Ending::timeout:
      return Cause::infrastructure;
    default:
      return word_of(row.ending);
  }
}

// The end marker holds, but where the program was killed Slurm says by whom and for what.
Cause cause_with_marker(const TaskRow& row, const study::Attempt& a) {
  const Cause word = word_of(row.ending);
  const bool is_slurms = word != Cause::no_result && word != Cause::failed;
  const bool was_called_off = word == Cause::cancelled || word == Cause::evicted || word == Cause::deadline;
  if (a.state == AttemptState::stopped) return was_called_off ? word : Cause::stopped;
  if (a.state == AttemptState::infrastructure) return is_slurms ? word : Cause::infrastructure;
  if (was_killed(a)) return is_slurms ? word : Cause::infrastructure;
  // srun ends with 1 when its step was killed.
  if (a.state == AttemptState::failed && word == Cause::out_of_memory) return word;
  return a.cause;
}

}  // namespace

bool is_marked(const study::Attempt& a) {
  return a.state != AttemptState::running && !is_buried(a);
}

bool was_killed(const study::Attempt& a) {
  return a.state == AttemptState::failed && a.exit_code == kKilled;
}

Cause cause_of(const TaskRow& row, const study::Attempt* a, bool has_reported) {
  if (a == nullptr) return cause_without_segment(row);
  if (is_marked(*a)) return cause_with_marker(row, *a);
  const Cause word = word_of(row.ending);
  if (word == Cause::failed && (!has_reported || is_foreign_code(row.exit_code)))
    return Cause::infrastructure;
  return word;
}

bool is_end(Cause cause) {
  return cause != Cause::none && cause != Cause::completed && cause != Cause::superseded &&
         cause != Cause::requeued;
}

}  // namespace hpo::flow
