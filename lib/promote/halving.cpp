// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "base/error.hpp"
#include "promote/ladder.hpp"
#include "promote/ranking.hpp"

namespace hpo::promote {
namespace {

/// Successive Halving in one bracket: every rung is waited for, then its best go up (ladder.hpp has the
/// formula).
class Halving final : public Rule {
 public:
  explicit Halving(const Setting& setting)
      : seed_(setting.seed),
        eta_(setting.fidelity.eta),
        bracket_(make_ladder(0, setting.trials, setting.fidelity)) {}

  [[nodiscard]] Plan plan() const override { return {{bracket_}}; }

  [[nodiscard]] Ruling decide(int bracket, int rung,
                              const std::vector<Candidate>& candidates) const override {
    const auto from = static_cast<std::size_t>(rung);
    HPO_CHECK(bracket == 0 && rung >= 0 && from + 1 < bracket_.rungs.size(), "no rung to decide");
    return promote_best(candidates, seed_, [&](int counted) {
      return places(bracket_.rungs[from], bracket_.rungs[from + 1], counted, eta_);
    });
  }

 private:
  std::uint64_t seed_;
  double eta_;
  PlannedBracket bracket_;
};

}  // namespace

Entry halving_entry() {
  return {"halving", "Successive Halving: of every rung the best one in eta go up", {}, [](const Setting& s) {
            return std::make_unique<Halving>(s);
          }};
}

}  // namespace hpo::promote
