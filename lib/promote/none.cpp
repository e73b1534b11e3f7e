// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "promote/ladder.hpp"
#include "promote/synchronous.hpp"

namespace hpo::promote {
namespace {

/// No early stopping: one rung, every trial is trained to max.
class None final : public Rule {
 public:
  explicit None(const Setting& setting) {
    space::Fidelity full = setting.fidelity;
    full.min = full.max;
    terms_ = terms_of(setting, {{make_ladder(0, setting.trials, full)}});
  }

  [[nodiscard]] Plan plan() const override { return terms_.plan; }
  [[nodiscard]] Move move(const State& state) const override { return synchronous_move(terms_, state); }

 private:
  Terms terms_;
};

}  // namespace

Entry none_entry() {
  return {"none", "every trial is trained to the full budget", {"patience_hours"}, [](const Setting& s) {
            return std::make_unique<None>(s);
          }};
}

}  // namespace hpo::promote
