// SPDX-License-Identifier: Apache-2.0
#include "propose/model_based.hpp"

#include <utility>

#include "propose/opening.hpp"

namespace hpo::propose {

ModelBased::ModelBased(const Setting& setting)
    : setting_(setting), encoding_(*setting.space), design_(make_sobol(setting)) {}

std::vector<space::Point> ModelBased::propose(const space::History& history, const Ask& ask) const {
  if (ask.count < 1) return {};
  const auto session = ask.explore ? opening(encoding_, history) : fit(history, ask);
  if (session == nullptr) return design_->propose(history, ask);

  Seen seen(*setting_.space, history, Likeness::nearly_same);
  std::vector<space::Point> points;
  while (static_cast<int>(points.size()) < ask.count) {
    const auto trial = history.trials.size() + points.size();
    Stream stream(setting_.seed, Purpose::propose, trial);
    std::optional<space::Point> point;
    // Where everything is like something, what differs at all will do.
    for (const auto likeness : {session->keeps_away_from(), Likeness::same}) {
      seen.set(likeness);
      if (!point) point = session->next(stream, seen);
      if (!point) point = design_->next(trial, seen);
    }
    if (!point) break;
    seen.insert(*point);
    session->add(*point);
    points.push_back(std::move(*point));
  }
  return points;
}

}  // namespace hpo::propose
