// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "propose/proposer.hpp"
#include "surrogate/encoding.hpp"
#include "surrogate/matrix.hpp"

namespace hpo::propose {

/// What one trial tells a model that only ranks.
struct Evidence {
  enum class Grade {
    feasible,    ///< a finite value for every objective, no constraint broken
    infeasible,  ///< finite values, but a constraint is broken
    failed,      ///< its program failed, or some value is missing or not finite
  };
  const space::PastTrial* trial = nullptr;
  const space::Observation* result = nullptr;  ///< null: it failed before its first rung was over
  Grade grade = Grade::failed;

  [[nodiscard]] double budget() const { return result == nullptr ? 0 : result->budget; }
};

/// Waiting or running, and nothing is known of it yet: models take it for taken. One that has finished a rung
/// is evidence instead.
[[nodiscard]] bool is_pending(const space::PastTrial& trial);
[[nodiscard]] std::vector<const space::PastTrial*> pending(const space::History& history);

/// Every trial that says something, those of earlier studies included, by the result of its last finished
/// rung, best first:
///   1. feasible ones: those trained further before the others, as pruned trials stand behind complete ones
///      in Akiba et al., "Optuna", KDD 2019; of one budget in the order of space::best_first;
///   2. infeasible ones, in the same order;
///   3. failed ones.
/// A total order that does not depend on the order of the history. Abandoned trials say nothing.
[[nodiscard]] std::vector<Evidence> best_first(const Setting& setting, const space::History& history);

/// The same of the results at exactly `budget`, followed by all trials that failed.
[[nodiscard]] std::vector<Evidence> best_first_at(const Setting& setting, const space::History& history,
                                                  double budget);

/// The highest budget at which at least `results` trials have a result that has not failed; nothing when
/// there is none.
[[nodiscard]] std::optional<double> highest_budget(const Setting& setting, const space::History& history,
                                                   std::size_t results);

/// [evidence.size(), encoding.dimension()]: the trials' points.
[[nodiscard]] surrogate::Matrix rows_of(const surrogate::Encoding& encoding,
                                        std::span<const Evidence> evidence);

}  // namespace hpo::propose
