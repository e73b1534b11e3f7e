// SPDX-License-Identifier: Apache-2.0
#include "propose/model_based.hpp"

#include <utility>

namespace hpo::propose {

Entry sobol_entry();

ModelBased::ModelBased(const Setting& setting) : setting_(setting), encoding_(*setting.space) {
  design_ = sobol_entry().make(setting);
}

std::vector<space::Point> ModelBased::propose(const space::History& history, const Ask& ask) const {
  if (ask.count < 1) return {};
  const auto session = fit(history, ask);
  if (session == nullptr) return design_->propose(history, ask);

  Seen seen(*setting_.space, history);
  std::vector<space::Point> points;
  std::optional<space::History> extended;  // made when the design is needed
  while (static_cast<int>(points.size()) < ask.count) {
    Stream stream(setting_.seed, Purpose::propose, history.trials.size() + points.size());
    auto point = session->next(stream, seen);
    if (!point) {
      if (!extended) extended = history;
      for (auto i = extended->trials.size() - history.trials.size(); i < points.size(); ++i) {
        space::PastTrial trial;
        trial.id = static_cast<std::int64_t>(extended->trials.size());
        trial.point = points[i];
        extended->trials.push_back(std::move(trial));
      }
      auto others = design_->propose(*extended, 1);
      if (others.empty()) break;
      point = std::move(others.front());
    }
    seen.insert(*point);
    session->add(*point);
    points.push_back(std::move(*point));
  }
  return points;
}

}  // namespace hpo::propose
