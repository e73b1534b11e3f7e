// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "space/fidelity.hpp"
#include "space/goal.hpp"
#include "space/history.hpp"
#include "space/space.hpp"

namespace hpo::propose {

/// What a proposer is made from. All of it comes from the study's definition, so that the same study file
/// makes the same proposer on every machine.
struct Setting {
  const space::Space* space = nullptr;  ///< must outlive the proposer
  std::uint64_t seed = 0;
  int trials_per_bracket = 1;  ///< at least 1: the planned size of a design (Latin hypercube, grid)
  std::vector<space::Point> start_points;             ///< tried first, before the proposer is asked
  nlohmann::json options = nlohmann::json::object();  ///< [search] keys beyond the common ones
  space::Fidelity fidelity = {};
  std::vector<space::Goal> goals = {{}};  ///< what Observation::values stand for, in their order
  double training = 0;                    ///< units of budget that the study plans for; 0: not known
};

/// What is asked of a proposer.
struct Ask {
  Ask(int points, double trained_to = 0, bool exploring = false)
      : count(points), budget(trained_to), explore(exploring) {}
  int count;      ///< points
  double budget;  ///< how far they will be trained first; 0: to the end
  bool explore;   ///< points that do not depend on results, from proposers that can
};

/// Makes points. A pure function of (setting, history, ask): no files, no clock, no hidden state, and the
/// order of the history's trials means nothing. A random number belongs to (seed, number of the trial),
/// counted from 0 over the whole study, start points included. A proposer that learns nothing gives trial k
/// the same point whether asked for alone or in a batch.
class Proposer {
 public:
  virtual ~Proposer() = default;
  /// Up to `ask.count` further points, each legal, allowed, and different from every point of the history and
  /// of each other; fewer only when the space is exhausted. Throws Error when its options make no sense.
  [[nodiscard]] virtual std::vector<space::Point> propose(const space::History& history,
                                                          const Ask& ask) const = 0;
};

struct Entry {
  std::string name;
  std::string help;                       ///< one line for --list
  std::vector<std::string> option_names;  ///< the [search] keys it understands
  std::function<std::unique_ptr<Proposer>(const Setting&)> make;
  bool learns = true;  ///< what it proposes depends on results
};

/// All proposers, one row each, in the order of --list.
[[nodiscard]] const std::vector<Entry>& registry();
/// Throws Error with "did you mean" for an unknown name. Start points are handled here, for every proposer
/// alike.
[[nodiscard]] std::unique_ptr<Proposer> make_proposer(const std::string& name, const Setting& setting);

}  // namespace hpo::propose
