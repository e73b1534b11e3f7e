// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/random.hpp"
#include "propose/design.hpp"
#include "propose/proposer.hpp"
#include "propose/seen.hpp"
#include "surrogate/encoding.hpp"

namespace hpo::propose {

/// A proposer with a model of the history. Before there is enough evidence for one, whenever the model has
/// nothing usable to offer, and where it is asked to explore, points are those of a scrambled Sobol design.
/// No point is nearly the same as another (propose/neighbours.hpp), as long as one that is not is found.
class ModelBased : public Proposer {
 public:
  /// A model that has been fitted once, for one batch.
  class Session {
   public:
    virtual ~Session() = default;
    /// The next point: legal, allowed, not `seen`. Nothing: the design's is taken instead. `stream` is the
    /// trial's own.
    [[nodiscard]] virtual std::optional<space::Point> next(Stream& stream, const Seen& seen) = 0;
    /// `point` is in the batch, whoever it came from: the points after it must take it into account.
    virtual void add(const space::Point& point) = 0;
    /// What points are kept away from, as long as others are found.
    [[nodiscard]] virtual Likeness keeps_away_from() const { return Likeness::nearly_same; }
  };

  explicit ModelBased(const Setting& setting);
  [[nodiscard]] std::vector<space::Point> propose(const space::History& history, const Ask& ask) const final;

 protected:
  /// The model of a history; nothing while there is too little to fit one to. What it makes must not depend
  /// on the order of the history's trials. `history` outlives the session.
  [[nodiscard]] virtual std::unique_ptr<Session> fit(const space::History& history, const Ask& ask) const = 0;

  [[nodiscard]] const Setting& setting() const { return setting_; }
  [[nodiscard]] const surrogate::Encoding& encoding() const { return encoding_; }

 private:
  Setting setting_;
  surrogate::Encoding encoding_;
  std::unique_ptr<Design> design_;
};

}  // namespace hpo::propose
