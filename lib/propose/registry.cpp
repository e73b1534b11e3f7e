// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.hpp"
#include "base/registry.hpp"
#include "propose/proposer.hpp"
#include "propose/seen.hpp"

namespace hpo::propose {

// One proposer a file: each defines its entry, and has no header.
Entry random_entry();
Entry grid_entry();
Entry sobol_entry();
Entry lhs_entry();
Entry tpe_entry();
Entry kde_entry();
Entry gp_entry();
Entry evolution_entry();
Entry de_entry();
Entry cmaes_entry();
Entry mf_entry();
Entry portfolio_entry();
Entry external_entry();

namespace {

/// Trials 0, 1, ... are the start points, repeated ones left out; then the proposer is asked.
class StartsFirst final : public Proposer {
 public:
  StartsFirst(std::vector<space::Point> starts, const space::Space& space, std::unique_ptr<Proposer> proposer)
      : starts_(std::move(starts)), space_(space), proposer_(std::move(proposer)) {}

  [[nodiscard]] std::vector<space::Point> propose(const space::History& history,
                                                  const Ask& ask) const override {
    const int count = ask.count;
    if (history.trials.size() >= starts_.size()) return proposer_->propose(history, ask);
    space::History extended = history;
    Seen seen(space_, history);
    std::vector<space::Point> points;
    for (std::size_t i = history.trials.size(); i < starts_.size() && static_cast<int>(points.size()) < count;
         ++i) {
      if (!seen.insert(starts_[i])) continue;
      points.push_back(starts_[i]);
      space::PastTrial trial;
      trial.id = static_cast<std::int64_t>(extended.trials.size());
      trial.point = starts_[i];
      extended.trials.push_back(std::move(trial));
    }
    auto others =
        proposer_->propose(extended, {count - static_cast<int>(points.size()), ask.budget, ask.explore});
    std::move(others.begin(), others.end(), std::back_inserter(points));
    return points;
  }

 private:
  std::vector<space::Point> starts_;
  const space::Space& space_;
  std::unique_ptr<Proposer> proposer_;
};

std::vector<space::Point> checked_starts(const Setting& setting) {
  Seen seen(*setting.space, {});
  std::vector<space::Point> starts;
  for (std::size_t i = 0; i < setting.start_points.size(); ++i) {
    const auto& point = setting.start_points[i];
    if (const auto fault = setting.space->fault(point)) throw Error(fmt::format("start[{}]", i), *fault);
    if (seen.insert(point)) starts.push_back(point);
  }
  return starts;
}

}  // namespace

const std::vector<Entry>& registry() {
  static const std::vector<Entry> entries{
      portfolio_entry(),  //
      random_entry(),     //
      grid_entry(),       //
      sobol_entry(),      //
      lhs_entry(),        //
      tpe_entry(),        //
      kde_entry(),        //
      gp_entry(),         //
      evolution_entry(),  //
      de_entry(),         //
      cmaes_entry(),      //
      mf_entry(),         //
      external_entry(),   //
  };
  return entries;
}

std::unique_ptr<Proposer> make_proposer(const std::string& name, const Setting& setting) {
  HPO_CHECK(setting.space != nullptr, "a proposer without a space");
  HPO_CHECK(setting.trials_per_bracket >= 1, "a bracket without trials");
  const Entry& entry = find_entry(registry(), name, "search.proposer", "proposer");
  auto starts = checked_starts(setting);
  auto proposer = entry.make(setting);
  if (starts.empty()) return proposer;
  return std::make_unique<StartsFirst>(std::move(starts), *setting.space, std::move(proposer));
}

}  // namespace hpo::propose
