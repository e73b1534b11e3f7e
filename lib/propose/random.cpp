// SPDX-License-Identifier: Apache-2.0
#include "propose/design.hpp"

namespace hpo::propose {
namespace {

/// Independent uniform points. Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR
/// 2012.
class Random final : public Design {
 public:
  using Design::Design;

 private:
  void candidate(std::uint64_t, int, Stream& stream, std::span<double> cube) const override {
    for (double& u : cube) u = stream.uniform();
  }
};

}  // namespace

Entry random_entry() {
  return {"random", "independent uniform points", {}, make_design<Random>, false};
}

}  // namespace hpo::propose
