// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <string>

#include "propose/focused.hpp"
#include "propose/proposer.hpp"

namespace hpo::propose {

Entry gp_entry();
Entry mf_entry();
Entry tpe_entry();

namespace {

constexpr std::size_t kFewParameters = 20;  // as far as distances between points tell a model much
constexpr std::size_t kManyTrials = 1'000;  // beyond which Gaussian processes see only some of them

/// The proposer that suits the study so far, asked anew for every batch:
///   one objective, few parameters, several budgets, up to 1,000 trials   mf
///   few parameters, up to 1,000 trials                                   gp
///   many parameters, up to 1,000 trials                                  focused, with mf or gp
///   otherwise                                                            tpe
/// Where parameters are many, tpe takes them one by one: those that decide nothing then stay uniform; as soon
/// as results tell which of them matter, a model searches over those alone (propose/focused.hpp). All
/// start with the middle of every range and a stratified design. After the practice in Bergstra et al.,
/// "Algorithms for hyper-parameter optimization", NeurIPS 2011, and Turner et al., "Bayesian optimization is
/// superior to random search for machine learning hyperparameter tuning", PMLR 133, 2021: Gaussian processes
/// where they can be fitted, densities where they cannot.
class Portfolio final : public Proposer {
 public:
  explicit Portfolio(const Setting& setting) {
    const bool few = setting.space->dimension() <= kFewParameters;
    const auto objectives =
        std::ranges::count(setting.goals, space::Goal::Role::objective, &space::Goal::role);
    const bool curves = setting.fidelity.min < setting.fidelity.max && objectives == 1;
    if (few) {
      first_ = curves ? mf_entry().make(setting) : gp_entry().make(setting);
      many_ = tpe_entry().make(setting);
    } else {
      Setting one_by_one = setting;
      one_by_one.options = {{"multivariate", false}};
      first_ = std::make_unique<Focused>(setting, curves ? mf_entry().make : gp_entry().make,
                                         tpe_entry().make(one_by_one));
      many_ = tpe_entry().make(one_by_one);
    }
  }

  [[nodiscard]] std::vector<space::Point> propose(const space::History& history,
                                                  const Ask& ask) const override {
    const bool use_first = history.trials.size() < kManyTrials;
    return (use_first ? first_ : many_)->propose(history, ask);
  }

 private:
  std::unique_ptr<Proposer> first_, many_;  // of up to kManyTrials trials; of more
};

}  // namespace

Entry portfolio_entry() {
  return {"portfolio",
          "the default: mf, gp or tpe, by budgets, parameters, objectives, and trials",
          {"cost_aware"},
          [](const Setting& setting) { return std::make_unique<Portfolio>(setting); }};
}

}  // namespace hpo::propose
