// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "study/study.hpp"

namespace hpo::study {

struct Hours {
  double node = 0, gpu = 0, core = 0;
};

/// Node-hours of an array with the GPU- and core-hours that it holds beside them.
[[nodiscard]] Hours as_asked_for(double node_hours, const Submission& array);

/// What has been held so far. Slurm's accounting counts where it is known: an execution covers the attempt of
/// each of its tasks that bears its job and began while it ran (a minute of difference between clocks is
/// allowed), and counts once, however many trials it ran. All other attempts count from their start to their
/// end or last word; those of one job at the same time share its nodes. GPU- and core-hours are in the
/// proportion to nodes in which the array, or the rung's newest, asks for them. O(n log n).
[[nodiscard]] Hours spent(const Study& study);

/// Tasks that were called off while their array was in Slurm, and of which neither an execution nor an
/// attempt that has ended since then is known: their jobs may still run. Rows.
[[nodiscard]] std::vector<std::size_t> winding_down(const Study& study);

/// The worst case of what is submitted, or recorded to be, and not over: of each array the promised hours of
/// the indices that have an open task, or one that is winding down. Nothing is taken off for the time that
/// they have run. O(n log n).
[[nodiscard]] Hours reserved(const Study& study);

struct Ledger {
  Hours spent, reserved;
};
[[nodiscard]] Ledger ledger(const Study& study);

/// What arrays saved on a rung: a held allocation of as many nodes as were in use at once at most would have
/// kept them all from the rung's first start until its last end, waiting at the barrier.
struct RungHours {
  int bracket = 0, rung = 0;
  Hours spent;
  double makespan_s = 0;  ///< first start to last end, or last word
  double peak_nodes = 0;
  double held_node_hours = 0;  ///< peak_nodes for makespan_s
  double given_back = 0;       ///< node-hours: held less spent, not below 0
};
/// The rungs on which something has run, by bracket and index; together what spent() says. O(n log n).
[[nodiscard]] std::vector<RungHours> by_rung(const Study& study);

}  // namespace hpo::study
