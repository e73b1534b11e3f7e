// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "propose/proposer.hpp"

namespace hpo::propose {

/// A search over more parameters than a model of distances can tell apart, of which only some decide
/// anything. Until `others` has brought results enough, all points are its own. Then functional ANOVA
/// (surrogate/importance.hpp) says which parameters matter, anew for every batch; a proposer that is made for
/// a space of those alone searches over them, and the rest of each of its points is filled in
///   in turns from what `others` proposes and from one of the best configurations so far;
/// one point in kPlainOneIn is left as `others` proposes it, so that what was overlooked still gets its
/// chance. After Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing hyperparameter
/// importance", ICML 2014, and the low effective dimension of Bergstra and Bengio, "Random search for
/// hyper-parameter optimization", JMLR 2012. Parameters under conditions are never among those chosen; with
/// several objectives all points are those of `others`.
class Focused final : public Proposer {
 public:
  using Make = std::function<std::unique_ptr<Proposer>(const Setting&)>;

  /// `model` searches over what matters, `others` over everything.
  Focused(const Setting& setting, Make model, std::unique_ptr<Proposer> others);

  [[nodiscard]] std::vector<space::Point> propose(const space::History& history,
                                                  const Ask& ask) const override;

  static constexpr std::size_t kPlainOneIn = 4;
  static constexpr std::size_t kMostChosen = 10;

 private:
  Setting setting_;
  Make model_;
  std::unique_ptr<Proposer> others_;
};

/// Which free parameters matter, as indices into space.free(), increasing; none while there are too few
/// results to say, or nothing can be said.
[[nodiscard]] std::vector<std::size_t> what_matters(const Setting& setting, const space::History& history);

}  // namespace hpo::propose
