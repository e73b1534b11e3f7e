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
/// The tasks of one rung, by trial.
[[nodiscard]] std::vector<promote::Candidate> candidates_of(const study::Study& study, int bracket, int rung);

[[nodiscard]] std::unique_ptr<propose::Proposer> proposer_of(const study::Definition& definition);
[[nodiscard]] std::unique_ptr<promote::Rule> rule_of(const study::Definition& definition);

/// The rung with the highest index that a bracket has opened; nullptr when it has none.
[[nodiscard]] const study::Rung* newest_rung(const study::Study& study, int bracket);
[[nodiscard]] study::Rung* newest_rung(study::Study& study, int bracket);

}  // namespace hpo::flow
