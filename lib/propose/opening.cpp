// SPDX-License-Identifier: Apache-2.0
#include "propose/opening.hpp"

#include <optional>

namespace hpo::propose {
namespace {

class Middle final : public ModelBased::Session {
 public:
  explicit Middle(const surrogate::Encoding& encoding) : encoding_(encoding) {}

  [[nodiscard]] std::optional<space::Point> next(Stream& stream, const Seen& seen) override {
    if (!first_) return std::nullopt;
    auto row = encoding_.uniform(stream);
    for (Eigen::Index j = 0; j < row.size(); ++j)
      if (encoding_.columns()[static_cast<std::size_t>(j)].categories == 0) row[j] = 0.5;
    auto point = encoding_.point(row, stream);
    if (seen.contains(point) || encoding_.space().forbidden_by(point) != nullptr) return std::nullopt;
    return point;
  }
  void add(const space::Point&) override { first_ = false; }

 private:
  const surrogate::Encoding& encoding_;
  bool first_ = true;
};

}  // namespace

std::unique_ptr<ModelBased::Session> opening(const surrogate::Encoding& encoding,
                                             const space::History& history) {
  if (!history.trials.empty()) return nullptr;
  return std::make_unique<Middle>(encoding);
}

}  // namespace hpo::propose
