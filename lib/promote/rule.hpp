// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "promote/plan.hpp"
#include "space/fidelity.hpp"

namespace hpo::promote {

/// What a rule is made from: the study's definition.
struct Setting {
  space::Fidelity fidelity;
  int trials = 27;  ///< in the first rung of the first bracket
  std::uint64_t seed = 0;
  nlohmann::json options = nlohmann::json::object();  ///< [search] keys beyond the common ones
};

enum class Outcome { pending, finished, failed, diverged, abandoned };

/// One trial of the rung to decide on. `value`: the first objective at the rung's budget, smaller is better,
/// NaN when there is none.
struct Candidate {
  std::int64_t trial = 0;
  Outcome outcome = Outcome::pending;
  double value = 0;
};

enum class Verdict { promote, stop };

/// One trial's fate, with the reason in words ("2nd of 27: 0.142 <= 0.155, the last promoted").
struct Decision {
  std::int64_t trial = 0;
  Verdict verdict = Verdict::stop;
  int rank = 0;  ///< 1 = best
  std::string reason;
};

/// What a rule says of a rung: `ready` false = not yet (and why).
struct Ruling {
  bool ready = false;
  std::string reason;
  std::vector<Decision> decisions;  ///< every candidate once, best first
};

/// Lays out the plan and says which trials of a rung go up. Pure functions: the order of candidates is
/// irrelevant; ties are broken by the seed and the trial's id, the same on every machine; failed and diverged
/// trials rank last and are never promoted.
class Rule {
 public:
  virtual ~Rule() = default;
  [[nodiscard]] virtual Plan plan() const = 0;
  /// `bracket`, `rung` index into plan(); the last rung of a bracket is never decided.
  [[nodiscard]] virtual Ruling decide(int bracket, int rung,
                                      const std::vector<Candidate>& candidates) const = 0;
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
