// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "train/engine.hpp"

namespace hpo::train {

/// Random samples for a test, both kinds of target; a batch is a range of them.
struct Samples {
  Samples(std::int64_t count, std::int64_t features, std::int64_t outputs);
  [[nodiscard]] Batch batch(std::int64_t first, std::int64_t count, std::uint64_t epoch = 0) const;
  [[nodiscard]] Batch all() const { return batch(0, static_cast<std::int64_t>(labels.size())); }

  std::int64_t features, outputs;
  std::vector<float> inputs, targets;
  std::vector<std::int32_t> labels;
  std::vector<std::uint64_t> ids;
};

/// A small configuration: two hidden layers of 12 and 9, a cnn with two convolutions of 4 and 6.
[[nodiscard]] Config small_config(const std::string& kind = "mlp");

/// The view of this name; fails the test when there is none.
[[nodiscard]] StateView find(const std::vector<StateView>& views, const std::string& name);

}  // namespace hpo::train
