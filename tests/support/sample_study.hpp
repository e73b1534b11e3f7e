// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "study/study.hpp"

namespace hpo::test {

/// A definition with every kind of parameter, two objectives and metrics with awkward names.
[[nodiscard]] std::string sample_toml();
/// Ten parameters of the usual kinds.
[[nodiscard]] std::string plain_toml();

/// One parameter.
[[nodiscard]] std::string small_toml();

struct SampleSize {
  std::size_t trials = 0, reports_per_trial = 0;
};
/// A study as it may stand halfway, made up from `seed`: tables of all kinds, consistent, every field set.
[[nodiscard]] study::Study sample_study(const std::string& toml, std::uint64_t seed, SampleSize size);

/// "" when both hold the same, else the first table that differs. NaN equals NaN; unset task values equal
/// all-NaN ones.
[[nodiscard]] std::string difference(const study::Study& a, const study::Study& b);

}  // namespace hpo::test
