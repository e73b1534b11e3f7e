// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "promote/asynchronous.hpp"
#include "promote/ladder.hpp"

namespace hpo::promote {
namespace {

/// No early stopping: one rung, every trial is trained to max.
class None final : public Rule {
 public:
  explicit None(const Setting& setting) {
    space::Fidelity full = setting.fidelity;
    full.min = full.max;
    terms_ = async_terms_of(setting, make_ladder(0, setting.trials, full));
  }

  [[nodiscard]] Plan plan() const override { return {{terms_.bracket}}; }
  [[nodiscard]] Move move(const State& state) const override {
    return asynchronous_move(terms_, state, [](const OpenRung&) { return std::vector<Decision>{}; });
  }

 private:
  AsyncTerms terms_;
};

}  // namespace

Entry none_entry() {
  return {"none", "every trial is trained to the full budget", {"batch"}, [](const Setting& s) {
            return std::make_unique<None>(s);
          }};
}

}  // namespace hpo::promote
