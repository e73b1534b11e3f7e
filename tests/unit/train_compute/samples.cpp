// SPDX-License-Identifier: Apache-2.0
#include "unit/train_compute/samples.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"

namespace hpo::train {

Samples::Samples(std::int64_t count, std::int64_t features_, std::int64_t outputs_)
    : features(features_), outputs(outputs_) {
  Stream stream(1, Purpose::test, 0);
  for (std::int64_t i = 0; i < count * features; ++i) inputs.push_back(static_cast<float>(stream.normal()));
  for (std::int64_t i = 0; i < count * outputs; ++i) targets.push_back(static_cast<float>(stream.normal()));
  for (std::int64_t i = 0; i < count; ++i) {
    labels.push_back(static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(outputs))));
    ids.push_back(stream.next64());
  }
}

Batch Samples::batch(std::int64_t first, std::int64_t count, std::uint64_t epoch) const {
  return {.inputs = inputs.data() + first * features,
          .labels = labels.data() + first,
          .targets = targets.data() + first * outputs,
          .count = count,
          .sample_ids = ids.data() + first,
          .epoch = epoch};
}

Config small_config(const std::string& kind) {
  Config config;
  config.model.kind = kind;
  config.model.hidden = {12, 9};
  config.model.channels = {4, 6};
  return config;
}

StateView find(const std::vector<StateView>& views, const std::string& name) {
  for (const StateView& view : views)
    if (view.name == name) return view;
  FAIL("no tensor " << name);
  return {};
}

}  // namespace hpo::train
