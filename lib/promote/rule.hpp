// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "promote/plan.hpp"
#include "space/fidelity.hpp"
#include "space/goal.hpp"
#include "space/history.hpp"

namespace hpo::promote {

/// What a rule is made from: the study's definition.
struct Setting {
  space::Fidelity fidelity;
  int trials = 27;  ///< in the first rung of the first bracket
  std::uint64_t seed = 0;
  nlohmann::json options = nlohmann::json::object();  ///< [search] keys beyond the common ones
  std::vector<space::Goal> goals = {{}};              ///< what a seat's values stand for, in their order
  const space::Space* space = nullptr;                ///< for rules with a model; must outlive the rule
  bool proposer_learns = false;  ///< new trials are the better for the results of those before them
};

enum class Outcome { pending, finished, failed, diverged, abandoned };
enum class Verdict { none, promote, stop };

/// One trial on one rung.
struct Seat {
  std::int64_t trial = 0;
  Outcome outcome = Outcome::pending;
  std::vector<double> values;       ///< at the rung's budget, turned so that smaller is better; NaN, or none
                                    ///< at all, where there is none
  Verdict verdict = Verdict::none;  ///< decided already
  double ended = 0;                 ///< seconds since 1970; 0: not yet
};

struct RungState {
  int index = 0;
  double budget = 0;
  bool closed = false;  ///< nobody comes in and nobody goes up any more
  std::vector<Seat> seats;
};

struct BracketState {
  int index = 0;
  std::vector<RungState> rungs;  ///< those that have been opened, from rung 0
};

/// A whole study as a rule sees it. Brackets that have not begun have no rungs.
struct State {
  std::vector<BracketState> brackets;       ///< one for each of the plan
  const space::History* history = nullptr;  ///< only for rules that want it
  bool exhausted = false;  ///< there are no further points: of the space, or by the study's budget
  double now = 0;          ///< seconds since 1970
};

/// New trials wanted, for rung `rung` of a bracket.
struct Intake {
  int bracket = 0, rung = 0;
  int count = 0;
  bool explore = false;  ///< points that do not depend on results
};

/// One trial's fate, with the reason in words ("2nd of 27: 0.142 <= 0.155, the last promoted").
struct Decision {
  int bracket = 0, rung = 0;
  std::int64_t trial = 0;
  Verdict verdict = Verdict::stop;
  int rank = 0;  ///< 1 = best; 0: none
  std::string reason;
};

/// A rung that is over, and why in a few words ("9 of 27 promoted").
struct Closing {
  int bracket = 0, rung = 0;
  std::string reason;
};

/// What to do now.
struct Move {
  std::vector<Decision> decisions;  ///< each of an undecided seat
  std::vector<Closing> closings;  ///< every seat without a verdict is stopped; needs no decisions of its own
  std::vector<Intake> intake;
  /// That time alone changes the answer: at a moment, in seconds since 1970, or, as long as that is not
  /// known, no sooner than in so many seconds, in which some trial runs. Infinity: never.
  double again_at = std::numeric_limits<double>::infinity();
  double again_after = std::numeric_limits<double>::infinity();
  std::string waits_for;  ///< when nothing of the above: what for; empty: the study is complete
};

/// Lays out the plan and says what is to be done: which trials go up, which stop, how many new ones come in.
/// Pure functions of (setting, state): the order of seats is irrelevant; ties are broken by the seed and the
/// trial's id, the same on every machine; failed and diverged trials rank last and are never promoted;
/// abandoned ones do not count. A rule may decide a rung all at once (Successive Halving) or a trial at a
/// time (ASHA); it is asked again whenever something may have changed, so it keeps no record of its own.
class Rule {
 public:
  virtual ~Rule() = default;
  /// What will run if nothing fails, at most: for the cost shown before anything is submitted.
  [[nodiscard]] virtual Plan plan() const = 0;
  [[nodiscard]] virtual Move move(const State& state) const = 0;
  /// Whether `move` looks at State::history.
  [[nodiscard]] virtual bool wants_history() const { return false; }
};

struct Entry {
  std::string name;
  std::string help;
  std::vector<std::string> option_names;
  std::function<std::unique_ptr<Rule>(const Setting&)> make;
};

[[nodiscard]] const std::vector<Entry>& registry();
/// Throws Error with "did you mean" for an unknown name.
[[nodiscard]] std::unique_ptr<Rule> make_rule(const std::string& name, const Setting& setting);

}  // namespace hpo::promote
