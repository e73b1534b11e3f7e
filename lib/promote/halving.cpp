// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "promote/ladder.hpp"
#include "promote/synchronous.hpp"

namespace hpo::promote {
namespace {

/// Successive Halving in one bracket: every rung is waited for, then its best go up (ladder.hpp has the
/// formula).
class Halving final : public Rule {
 public:
  explicit Halving(const Setting& setting)
      : terms_(terms_of(setting, {{make_ladder(0, setting.trials, setting.fidelity)}})) {}

  [[nodiscard]] Plan plan() const override { return terms_.plan; }
  [[nodiscard]] Move move(const State& state) const override { return synchronous_move(terms_, state); }

 private:
  Terms terms_;
};

}  // namespace

Entry halving_entry() {
  return {"halving",
          "Successive Halving: of every rung the best one in eta go up",
          {"early", "patience_hours"},
          [](const Setting& s) { return std::make_unique<Halving>(s); }};
}

}  // namespace hpo::promote
