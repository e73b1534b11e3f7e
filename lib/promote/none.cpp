// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "base/error.hpp"
#include "promote/ladder.hpp"
#include "promote/rule.hpp"

namespace hpo::promote {
namespace {

/// No early stopping: one rung, every trial is trained to max.
class None final : public Rule {
 public:
  explicit None(const Setting& setting) {
    space::Fidelity full = setting.fidelity;
    full.min = full.max;
    bracket_ = make_ladder(0, setting.trials, full);
  }

  [[nodiscard]] Plan plan() const override { return {{bracket_}}; }

  [[nodiscard]] Ruling decide(int, int, const std::vector<Candidate>&) const override {
    HPO_CHECK(false, "no rung to decide");
    return {};
  }

 private:
  PlannedBracket bracket_;
};

}  // namespace

Entry none_entry() {
  return {"none", "every trial is trained to the full budget", {}, [](const Setting& s) {
            return std::make_unique<None>(s);
          }};
}

}  // namespace hpo::promote
