// SPDX-License-Identifier: Apache-2.0
#include "base/permutation.hpp"
#include "propose/design.hpp"

namespace hpo::propose {
namespace {

/// Latin hypercube: of every n = trials_per_bracket successive trials each parameter has one in each of n
/// equal parts of its range. McKay, Beckman and Conover, "A comparison of three methods for selecting values
/// of input variables", Technometrics 1979. A point that cannot be used is drawn anew in its part of every
/// range, and anywhere when that has failed kTriesInStratum times.
class LatinHypercube final : public Design {
 public:
  static constexpr int kTriesInStratum = 100;

  explicit LatinHypercube(const Setting& setting)
      : Design(setting), size_(static_cast<std::uint64_t>(setting.trials_per_bracket)) {}

 private:
  void candidate(std::uint64_t trial, int attempt, Stream& stream, std::span<double> cube) const override {
    for (double& u : cube) u = stream.uniform();
    if (attempt >= kTriesInStratum) return;
    Stream strata(setting().seed, Purpose::scramble, trial / size_);
    for (double& u : cube) {
      const auto stratum = static_cast<double>(Permutation(size_, strata)(trial % size_));
      u = (stratum + u) / static_cast<double>(size_);
    }
  }

  std::uint64_t size_;
};

}  // namespace

Entry lhs_entry() {
  return {
      "lhs", "Latin hypercubes, one a bracket: even in every range", {}, make_design<LatinHypercube>, false};
}

}  // namespace hpo::propose
