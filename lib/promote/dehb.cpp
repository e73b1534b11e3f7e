// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "promote/hyperband.hpp"

namespace hpo::promote {
namespace {

/// DEHB's schedule (Awad, Mallik and Hutter, "DEHB: evolutionary Hyperband for scalable, robust and efficient
/// hyperparameter optimization", IJCAI 2021): the brackets of Hyperband. The first one halves; on every rung
/// of the later ones new trials are trained, as many as Hyperband would have promoted, from the start: made
/// by a proposer (`de`) that takes its parents from the trials of that budget and the best of the one below.
class Dehb final : public Rule {
 public:
  explicit Dehb(const Setting& setting) : terms_(hyperband_terms(setting)) { terms_.first_fresh_bracket = 1; }

  [[nodiscard]] Plan plan() const override { return terms_.plan; }
  [[nodiscard]] Move move(const State& state) const override { return synchronous_move(terms_, state); }

 private:
  Terms terms_;
};

}  // namespace

Entry dehb_entry() {
  return {"dehb",
          "Hyperband's brackets with new trials on every rung after the first bracket; for proposer de",
          {"iterations", "brackets", "together", "early", "patience_hours"},
          [](const Setting& s) { return std::make_unique<Dehb>(s); }};
}

}  // namespace hpo::promote
