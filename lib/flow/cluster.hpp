// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "flow/fold.hpp"
#include "flow/reconcile.hpp"
#include "slurm/limits.hpp"
#include "slurm/snapshot.hpp"
#include "study/store.hpp"

namespace hpo::flow {

/// The cluster as one run of a tool sees it.
struct Cluster {
  bool is_here = false;                 ///< there is an sbatch, and HPO_LOCAL does not say otherwise
  std::optional<slurm::Limits> limits;  ///< nothing: slurmctld does not answer
  slurm::Snapshot snapshot;             ///< of the study's open arrays
  /// Tasks that one array may hold here; Slurm's usual limit where it is not known.
  [[nodiscard]] std::int32_t array_size() const;
};

/// Whether something of the study was submitted to Slurm, by the tools or by hand, and has tasks left, so
/// that there is something to ask.
[[nodiscard]] bool is_in_slurm(const study::Study& study);

/// What Slurm lets us submit, without a look at its queue.
[[nodiscard]] Cluster look_at_limits(const study::Study& study);

/// Asks Slurm, each call bounded, what it knows of the study's open arrays, and with `for_submission` what it
/// lets us submit.
/// Without Slurm, or when nothing of the study is in it, as few as are needed. Never throws for a Slurm that
/// does not answer: it is then not known.
[[nodiscard]] Cluster look_around(const study::Study& study, bool for_submission);

/// What came in.
struct Refreshed {
  Folded folded;
  int adopted = 0;  ///< arrays that were submitted by hand
  Reconciled reconciled;
  [[nodiscard]] bool changed() const { return folded.changed() || adopted > 0 || reconciled.changed(); }
};
/// Takes into the study what segments and Slurm say: fold, adopt what a person has submitted by hand,
/// reconcile.
Refreshed refresh(study::Study& study, const study::Layout& layout, const Cluster& cluster);

}  // namespace hpo::flow
