// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/search_options.hpp"
#include "promote/expected_fronts.hpp"
#include "promote/ladder.hpp"
#include "promote/ranking.hpp"
#include "promote/rule.hpp"
#include "surrogate/encoding.hpp"
#include "surrogate/forecast.hpp"

namespace hpo::promote {

Entry none_entry();

namespace {

constexpr int kOpening = 27;        // trials before the model decides
constexpr int kRound = 9;           // of them at a time
constexpr double kExploring = 0.1;  // share of the training spent on new points on the lowest rung
constexpr double kNewcomer = 1.5;   // how much more a new point must promise than a trial
constexpr int kBatch = 9;

/// What the rule needs to know of one trial.
struct Standing {
  int first = 0, last = 0;  ///< rungs
  bool pending = false;     ///< on the last
  bool can_rise = false;    ///< has a value there, and no verdict
};

using Standings = std::map<std::int64_t, Standing>;  // by trial

/// The best that can go up, as an index of the ranking's order.
std::optional<std::size_t> best_undecided(const Ranking& ranking) {
  const auto& order = ranking.order();
  for (std::size_t i = 0; i < order.size() && order[i].standing == Ranking::Standing::ranked; ++i)
    if (order[i].seat->verdict == Verdict::none) return i;
  return std::nullopt;
}

Decision decision(const surrogate::Outlook& outlook, int rung, const surrogate::Forecast& forecast) {
  const auto& all = forecast.outlooks();
  const auto rank = 1 + std::ranges::count_if(all, [&](const auto& o) { return o.mean < outlook.mean; });
  return {0,
          rung,
          outlook.trial,
          Verdict::promote,
          static_cast<int>(rank),
          fmt::format("the largest expected improvement; {} of {} by its expected end",
                      ordinal(static_cast<int>(rank)), all.size())};
}

/// Spends the training that Successive Halving of `trials` would cost where a model of all curves so far
/// (surrogate/forecast.hpp) expects most: after an opening by halving without brackets, whose quota counts
/// all trials, each move is the best of two kinds, by expected improvement at the full budget: a trial goes
/// up a rung, or a new one begins, on the second rung. A tenth of the training goes to points that do not
/// depend on results, on the lowest rung: what a model believes never to be worth a look is looked at. What
/// brings one trial to the full budget is kept back for that; the last step may cost more than is left.
/// Freeze-thaw Bayesian optimisation (Swersky, Snoek and Adams 2014) with rungs for epochs.
class Model final : public Rule {
 public:
  explicit Model(const Setting& setting)
      : setting_(setting),
        batch_(whole_option(setting.options, "batch", 1).value_or(kBatch)),
        cost_aware_(flag_option(setting.options, "cost_aware").value_or(true)),
        opening_(std::clamp(setting.trials / 2, std::min(kRound, setting.trials), kOpening)),
        ladder_(make_ladder(0, setting.trials, setting.fidelity)) {
    HPO_CHECK(setting.space != nullptr, "a model without a space");
    double below = 0;
    for (const auto& rung : ladder_.rungs) {
      training_ += rung.tasks * (rung.budget - below);
      below = rung.budget;
    }
  }

  [[nodiscard]] Plan plan() const override { return {{ladder_}}; }
  [[nodiscard]] bool wants_history() const override { return true; }

  [[nodiscard]] Move move(const State& state) const override;

 private:
  [[nodiscard]] const RungState* rung(const State& state, int index) const;
  [[nodiscard]] double budget(int rung) const { return ladder_.rungs[static_cast<std::size_t>(rung)].budget; }
  [[nodiscard]] int top() const { return static_cast<int>(ladder_.rungs.size()) - 1; }
  [[nodiscard]] Standings standings(const State& state) const;
  [[nodiscard]] double left(const Standings& all) const;
  [[nodiscard]] std::optional<Decision> by_quota(const State& state, const Standings& all,
                                                 const surrogate::Encoding* encoding = nullptr) const;
  [[nodiscard]] bool has_one_objective() const {
    return std::ranges::count(setting_.goals, space::Goal::Role::objective, &space::Goal::role) == 1;
  }
  [[nodiscard]] std::optional<surrogate::Forecast> forecast(const State& state,
                                                            const surrogate::Encoding& encoding, double left,
                                                            int free) const;
  [[nodiscard]] std::vector<std::int64_t> expected_ends(const State& state,
                                                        const surrogate::Encoding& encoding) const;
  void open(const State& state, const Standings& all, int out, Move& move) const;
  void go_on(const State& state, const Standings& all, int free, Move& move) const;
  void take_in(const Standings& all, int free, bool explore, Move& move) const;
  void by_forecast(const State& state, const Standings& all, surrogate::Forecast& forecast, int free,
                   Move& move) const;
  void finish(const State& state, const Standings& all, int out, Move& move) const;

  Setting setting_;
  int batch_;
  bool cost_aware_;
  int opening_;
  PlannedBracket ladder_;
  double training_ = 0;
};

const RungState* Model::rung(const State& state, int index) const {
  const auto& rungs = state.brackets.front().rungs;
  return static_cast<std::size_t>(index) < rungs.size() ? &rungs[static_cast<std::size_t>(index)] : nullptr;
}

Standings Model::standings(const State& state) const {
  Standings all;
  for (const auto& at : state.brackets.front().rungs) {
    const Ranking ranking(at.seats, setting_.goals, setting_.seed);
    for (const auto& place : ranking.order()) {
      const bool is_new = !all.contains(place.seat->trial);
      auto& standing = all[place.seat->trial];
      if (is_new) standing.first = at.index;
      standing.last = at.index;
      standing.pending = place.standing == Ranking::Standing::pending;
      standing.can_rise = place.standing == Ranking::Standing::ranked && place.seat->verdict == Verdict::none;
    }
  }
  return all;
}

/// Of the planned training, less what brings the furthest trial to the full budget while none is on its way
/// there.
double Model::left(const Standings& all) const {
  double spent = 0, furthest = 0;
  for (const auto& [trial, standing] : all) {
    spent += budget(standing.last);
    const bool counts = standing.last == top() || standing.pending || standing.can_rise;
    if (counts) furthest = std::max(furthest, budget(standing.last));
  }
  const double left = training_ - spent - (budget(top()) - furthest);
  constexpr double kRounding = 1e-9;
  return left > kRounding * training_ ? left : 0;
}

Move Model::move(const State& state) const {
  HPO_CHECK(state.history != nullptr, "a model without a history");
  const auto all = standings(state);
  const auto out =
      static_cast<int>(std::ranges::count_if(all, [](const auto& entry) { return entry.second.pending; }));
  const bool opens = static_cast<int>(all.size()) < opening_;

  Move move;
  if (!opens && left(all) == 0) {
    finish(state, all, out, move);
  } else if (opens) {
    open(state, all, out, move);
  } else if (out < batch_) {
    go_on(state, all, batch_ - out, move);
  }
  const bool idle = move.decisions.empty() && move.closings.empty() && move.intake.empty();
  if (idle && out > 0) move.waits_for = fmt::format("{} trials have not ended", out);
  return move;
}

/// One in eta goes up: the best of those on its rung, as observed, or with an encoding and several objectives
/// as expected.
std::optional<Decision> Model::by_quota(const State& state, const Standings& all,
                                        const surrogate::Encoding* encoding) const {
  for (int k = 0; k < top(); ++k) {
    const RungState* at = rung(state, k);
    if (at == nullptr) break;
    int seen = 0, up = 0;
    for (const auto& [trial, standing] : all) {
      seen += standing.last > k || (standing.last == k && !standing.pending) ? 1 : 0;
      up += standing.last > k ? 1 : 0;
    }
    if (one_in(setting_.fidelity.eta, seen) <= up) continue;
    const auto expected = encoding != nullptr ? expected_ends(state, *encoding) : std::vector<std::int64_t>();
    const auto waits = [&, k](std::int64_t trial) {
      const auto found = all.find(trial);
      return found != all.end() && found->second.last == k && found->second.can_rise;
    };
    if (const auto first = std::ranges::find_if(expected, waits); first != expected.end()) {
      const int place = static_cast<int>(first - expected.begin()) + 1;
      return Decision{
          0,
          k,
          *first,
          Verdict::promote,
          place,
          fmt::format("{} of {} by the fronts of their expected ends", ordinal(place), expected.size())};
    }
    const Ranking ranking(at->seats, setting_.goals, setting_.seed);
    const auto best = best_undecided(ranking);
    if (!best) continue;
    const int rank = static_cast<int>(*best) + 1;
    return Decision{0,
                    k,
                    ranking.order()[*best].seat->trial,
                    Verdict::promote,
                    rank,
                    fmt::format("{} of {}: {}, the best that waits", ordinal(rank), ranking.counted(),
                                ranking.standing(*best))};
  }
  return std::nullopt;
}

void Model::open(const State& state, const Standings& all, int out, Move& move) const {
  const int known = static_cast<int>(all.size()), in_round = known % kRound;
  const int missing = std::min(kRound - in_round, opening_ - known);
  if (in_round == 0 && known > 0) {
    if (const auto decision = by_quota(state, all)) {
      move.decisions.push_back(*decision);
      return;
    }
    if (out > 0) return;
  }
  if (!state.exhausted) {
    move.intake.push_back({0, 0, missing, true});
  } else if (out == 0) {
    go_on(state, all, batch_, move);
  }
}

/// A forecast is of one number.
std::optional<surrogate::Forecast> Model::forecast(const State& state, const surrogate::Encoding& encoding,
                                                   double training_left, int free) const {
  if (!has_one_objective()) return std::nullopt;
  surrogate::Forecast::Options options;
  options.batch = free;
  options.spare = free;
  options.sight = surrogate::Forecast::next_sight(*state.history);
  if (cost_aware_) options.cost_share = training_left / training_;
  return surrogate::Forecast::of(encoding, setting_.fidelity, setting_.goals, *state.history, options);
}

/// Of several objectives. Improvements of several cannot be weighed against a new trial's: one in eta goes
/// up, and the forecasts say who.
std::vector<std::int64_t> Model::expected_ends(const State& state,
                                               const surrogate::Encoding& encoding) const {
  if (has_one_objective()) return {};
  surrogate::Forecast::Options options;
  options.sight = surrogate::Forecast::Sight::over_all;
  return expected_fronts(encoding, setting_.fidelity, setting_.goals, *state.history, setting_.seed, options);
}

void Model::go_on(const State& state, const Standings& all, int free, Move& move) const {
  double spent = 0, explored = 0;
  for (const auto& [trial, standing] : all) {
    spent += budget(standing.last);
    if (standing.first == 0) explored += budget(0);
  }
  if (explored < kExploring * spent && !state.exhausted) {
    take_in(all, free, true, move);
    return;
  }
  const surrogate::Encoding encoding(*setting_.space);
  if (auto expected = forecast(state, encoding, left(all), free)) {
    by_forecast(state, all, *expected, free, move);
  } else if (auto decision = by_quota(state, all, &encoding)) {
    move.decisions.push_back(std::move(*decision));
  } else if (!state.exhausted) {
    take_in(all, free, false, move);
  }
  const bool idle = move.decisions.empty() && move.intake.empty();
  if (idle && free == batch_) finish(state, all, 0, move);
}

/// New trials on the lowest rung, no more than there is training left for.
void Model::take_in(const Standings& all, int free, bool explore, Move& move) const {
  const double affordable = std::max(1.0, std::ceil(left(all) / budget(0)));
  const int most = std::min(free, kRound);
  move.intake.push_back({0, 0, affordable < most ? static_cast<int>(affordable) : most, explore});
}

void Model::by_forecast(const State& state, const Standings& all, surrogate::Forecast& forecast, int free,
                        Move& move) const {
  auto trials = forecast.outlooks();
  std::erase_if(trials, [&](const auto& outlook) {
    const auto found = all.find(outlook.trial);
    return found == all.end() || !found->second.can_rise || found->second.last == top();
  });
  std::ranges::sort(trials, {}, [](const auto& o) { return std::pair(-o.log_improvement, o.trial); });

  std::set<std::string> taken;
  for (const auto& trial : state.history->trials) taken.insert(setting_.space->key(trial.point));
  const auto usable = [&](const space::Point& point) {
    return setting_.space->forbidden_by(point) == nullptr && !taken.contains(setting_.space->key(point));
  };
  Stream stream(setting_.seed, Purpose::promote, all.size());
  const int entry = std::min(1, top());
  int newcomers = 0;
  auto next = trials.begin();
  double training = left(all);
  for (int k = 0; k < free && training > 0; ++k) {
    std::optional<surrogate::Suggestion> fresh;
    if (!state.exhausted) fresh = forecast.suggest(usable, stream);
    const bool rises = next != trials.end() &&
                       (!fresh || fresh->log_improvement < next->log_improvement + std::log(kNewcomer));
    if (rises) {
      const int from = all.at(next->trial).last;
      move.decisions.push_back(decision(*next, from, forecast));
      training -= budget(from + 1) - budget(from);
      ++next;
    } else if (fresh) {
      ++newcomers;
      taken.insert(setting_.space->key(fresh->point));
      forecast.take(fresh->point);
      training -= budget(entry);
    } else {
      break;
    }
  }
  if (newcomers > 0) move.intake.push_back({0, entry, newcomers, false});
}

void Model::finish(const State& state, const Standings& all, int out, Move& move) const {
  if (out > 0) return;
  // The study's answer is a trial trained to the end.
  const bool has_end =
      std::ranges::any_of(all, [&](const auto& entry) { return entry.second.last == top(); });
  for (int k = top() - 1; k >= 0 && !has_end; --k) {
    const RungState* at = rung(state, k);
    if (at == nullptr) continue;
    const Ranking ranking(at->seats, setting_.goals, setting_.seed);
    const auto best = best_undecided(ranking);
    if (!best) continue;
    move.decisions.push_back({0, k, ranking.order()[*best].seat->trial, Verdict::promote,
                              static_cast<int>(*best) + 1,
                              fmt::format("the best on the highest rung: {}", ranking.standing(*best))});
    return;
  }
  for (const auto& at : state.brackets.front().rungs)
    if (!at.closed && !at.seats.empty())
      move.closings.push_back({0, at.index, "the training planned for is spent"});
}

}  // namespace

Entry model_entry() {
  return {"model",
          "what a model of all curves expects most of: a trial goes up, or a new one begins",
          {"batch", "cost_aware"},
          [](const Setting& setting) -> std::unique_ptr<Rule> {
            // With one budget there is nothing to decide.
            if (setting.fidelity.min >= setting.fidelity.max) return none_entry().make(setting);
            return std::make_unique<Model>(setting);
          }};
}

}  // namespace hpo::promote
