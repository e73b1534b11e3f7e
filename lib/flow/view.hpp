// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "promote/rule.hpp"
#include "propose/proposer.hpp"
#include "space/history.hpp"
#include "study/study.hpp"

namespace hpo::flow {

/// The study as proposers and promotion rules see it: objectives turned so that smaller is better.

[[nodiscard]] space::History history_of(const study::Study& study);
/// What each of an observation's values is for, bounds turned like the values.
[[nodiscard]] std::vector<space::Goal> goals_of(const study::Definition& definition);
/// Without history, and not exhausted. O(tasks + decisions).
[[nodiscard]] promote::State state_of(const study::Study& study, const promote::Plan& plan, double now);

/// Made from the definition, which must outlive them.
[[nodiscard]] std::unique_ptr<propose::Proposer> proposer_of(const study::Definition& definition);
[[nodiscard]] std::unique_ptr<promote::Rule> rule_of(const study::Definition& definition);

/// Whether the points of the study's proposer depend on results.
[[nodiscard]] bool learns(const study::Definition& definition);

/// Whether the space has a point that no trial has yet and that the proposer may give. A proposer that learns
/// is not asked for it: that may take long.
[[nodiscard]] bool has_further_points(const study::Study& study);
/// What the rule would have done now if there were always further points.
[[nodiscard]] promote::Move wanted_move(const study::Study& study, const promote::Rule& rule, double now);
/// What the rule says is to be done now.
[[nodiscard]] promote::Move next_move(const study::Study& study, const promote::Rule& rule, double now);

/// nullptr when it has not been opened.
[[nodiscard]] study::Rung* find_rung(study::Study& study, int bracket, int index);

}  // namespace hpo::flow
