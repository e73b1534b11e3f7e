// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "space/fidelity.hpp"
#include "space/space.hpp"

namespace hpo::study {

enum class Role { objective, constraint, report };

/// [[objective]]: the first one with role objective is what promotion rules rank by.
struct Objective {
  std::string metric;
  bool maximize = false;
  Role role = Role::objective;
  std::optional<double> bound;  ///< constraint: metric <= bound (or >= when maximize)
};

/// [search]: what is not common to all proposers and rules stays in `options`.
struct Search {
  std::string proposer = "portfolio";
  std::string promotion = "model";  ///< halving beside proposers that do not know all curves
  int trials = 27;
  std::vector<std::string>
      warm;  ///< files of earlier results, relative to study.toml: read once, by hpo-init
  nlohmann::json options = nlohmann::json::object();
};

/// [budget]: the study stops at the first that is reached.
struct Budget {
  std::optional<double> trials, node_hours, gpu_hours, core_hours;
  std::optional<double> until;  ///< seconds since 1970 (TOML date-time; local without offset)
  double failed = 1.0;          ///< share of trials
};

inline constexpr int kMostPack = 64;

/// [submit]: how rungs become arrays.
struct Submit {
  /// Trials that share one array task: by rung ([[rung]] pack); -1: all others ([submit] pack). 1 to
  /// kMostPack.
  std::map<int, int> pack;
  int throttle = 0;                  ///< array tasks at once; 0: no limit
  bool canary = true;                ///< one task of a new study must take a step before the others start
  std::optional<int> array_size;     ///< tasks of one array at most; nothing: what Slurm allows
  bool measured_time = true;         ///< time limits from measured speed, never above [slurm] time
  double time_min = 0;               ///< --time-min as a share of the time limit; 0: none
  double confirm_node_hours = 1000;  ///< on a terminal, above this worst case, --yes is needed
  [[nodiscard]] int pack_of(int rung) const;  ///< 1 where nothing is said
};

/// [retry]: how often a task is run again after an end that was not its own, and what changes then.
struct Retry {
  int failed = 0, no_result = 0, infrastructure = 5, timeout = 3, out_of_memory = 1, node_failure = 5,
      preempted = 50, evicted = 3, lost = 3;
  double time_factor = 1;     ///< after a timeout without progress; 1: such a task has failed
  double memory_factor = 2;   ///< after out of memory; 1: such a task has failed
  int exclude_after = 2;      ///< failures on one node before the next array stays away from it; 0: never
  double lost_after_s = 600;  ///< how long Slurm must know nothing of a task before it counts as lost
  int alike = 5;              ///< the study stops when so many first tasks all fail alike; 0: never
};

/// [slurm] and [[rung]]: sbatch's long option names with their values ("": an option without one), in the
/// author's order. Values hold no blanks, quotes or control characters, so that `#SBATCH --NAME=VALUE` means
/// what it says.
using Resources = std::vector<std::pair<std::string, std::string>>;

/// Everything in a study.toml, checked. Immutable.
struct Definition {
  std::string text;  ///< the file, verbatim
  std::string name;
  std::uint64_t seed = 0;
  std::vector<Objective> objectives;
  space::Space space;
  std::vector<space::Point> start_points;
  space::Fidelity fidelity;
  Search search;
  Budget budget;
  Submit submit;
  Retry retry;
  std::vector<std::string> command;  ///< [run] command; empty: the built-in trainer
  nlohmann::ordered_json train;      ///< [train] with its placeholders; null when `command` is given
  Resources slurm;
  std::map<int, Resources> rungs;             ///< overrides by rung index
  std::map<std::string, std::string> places;  ///< "search.trials" -> "study.toml:41:1", "" -> "study.toml"

  /// [slurm] with the rung's overrides.
  [[nodiscard]] Resources resources(int rung) const;
  /// Where in the file a path stands, or what is around it: for messages made later.
  [[nodiscard]] std::string place(const std::string& path) const;
  /// The objective to rank by, and where it stands in `objectives`.
  [[nodiscard]] const Objective& ranking() const;
  [[nodiscard]] std::size_t ranking_index() const;
};

/// Parses and checks the text of a study.toml. Every error is an Error with culprit "FILE:LINE:COLUMN", a
/// reason that names the key, and a suggestion ("did you mean 'objective'?") where there is one. Unknown keys
/// are refused. [search] keys beyond the common ones, and [train], are checked by those who know them
/// (flow/check.hpp).
[[nodiscard]] Definition parse_definition(const std::string& text, const std::string& file_name);

}  // namespace hpo::study
