// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "propose/lattice.hpp"
#include "propose/proposer.hpp"
#include "propose/seen.hpp"

namespace hpo::propose {

/// A proposer that learns nothing: trial k has an endless row of candidates of its own, and gets the first
/// one that is allowed and new. So its point depends on the setting and on k alone, save where another trial
/// had it before: not on results, failures, or the size of the calls; and a start point put before it changes
/// no other trial.
///
/// A space of at most kMostEnumerated points is used to the last one: when its candidates have failed, a
/// trial walks through all points from a random one on. Of a larger or continuous one a trial tries kTries
/// candidates, then the space counts as exhausted: of a region that holds one point in 10,000, one trial in
/// 20,000 gives up too early. Where near repetitions count too (Seen), no more than kTriesBeforeEnumeration
/// are tried: a caller then asks again without.
class Design : public Proposer {
 public:
  static constexpr std::uint64_t kMostEnumerated = 100'000;
  static constexpr int kTries = 100'000;
  static constexpr int kTriesBeforeEnumeration = 1'000;

  explicit Design(const Setting& setting);
  /// Of the points of a lattice only: `candidate` gives no other.
  Design(const Setting& setting, Lattice lattice);
  [[nodiscard]] std::vector<space::Point> propose(const space::History& history, const Ask& ask) const final;
  /// The point of one trial, where all others are `seen`. Nothing: the space is exhausted.
  [[nodiscard]] std::optional<space::Point> next(std::uint64_t trial, const Seen& seen) const;

 protected:
  /// Candidate number `attempt` of a trial, into the unit cube. `stream` is the trial's own; it goes on from
  /// one attempt to the next.
  virtual void candidate(std::uint64_t trial, int attempt, Stream& stream, std::span<double> cube) const = 0;

  [[nodiscard]] const Setting& setting() const { return setting_; }

 private:
  Setting setting_;
  std::optional<Lattice> all_;  // every point there is, when they are few
};

/// Scrambled Sobol points: what proposers with a model fall back to.
[[nodiscard]] std::unique_ptr<Design> make_sobol(const Setting& setting);

/// For the registry row of a design.
template <class Kind>
[[nodiscard]] std::unique_ptr<Proposer> make_design(const Setting& setting) {
  return std::make_unique<Kind>(setting);
}

}  // namespace hpo::propose
