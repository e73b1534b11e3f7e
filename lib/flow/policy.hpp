// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "flow/ends.hpp"
#include "study/study.hpp"

namespace hpo::flow {

/// What is done with a task whose newest execution is over.
enum class Verdict {
  retry,    ///< run it again, from its newest checkpoint
  fail,     ///< the point's fault: it counts against the configuration
  abandon,  ///< not the point's fault, but no more is tried: no evidence
};

/// What is known of a task when its fate is decided.
struct Past {
  study::Cause cause = study::Cause::none;  ///< of the newest end
  std::map<study::Cause, int> counts;       ///< ends of each cause so far, the newest included
  bool progressed = false;                  ///< the newest attempt got further than the one before it
  bool was_short = false;                   ///< its time limit, from measured speed, was below [slurm] time
  bool began = false;                       ///< some attempt of it has left a segment
  bool has_memory_limit = false;            ///< [slurm] asks for memory: more can be asked for
};
/// The ends of a task since it was last pardoned; `cause` is the newest one's.
[[nodiscard]] Past past_of(const study::Study& study, const Ends& ends, const study::Task& task);

struct Fate {
  Verdict verdict = Verdict::abandon;
  std::string reason;  ///< for people: "out of memory, twice: 2 GB were not enough"
};

/// The policy table (docs/slurm.md): pure. HPO_CHECKs that the cause is an end that leaves the task open.
[[nodiscard]] Fate judge(const study::Retry& retry, const Past& past);

/// How a task's next execution differs from what study.toml says, from the ends it has had: pure.
struct Adjustment {
  double time_factor = 1, memory_factor = 1;
  std::string exclude;  ///< nodes, comma separated, sorted
  auto operator<=>(const Adjustment&) const = default;
};
[[nodiscard]] Adjustment adjustment(const study::Study& study, const Ends& ends, const study::Task& task);

}  // namespace hpo::flow
