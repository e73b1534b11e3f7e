// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.hpp"
#include "space/history.hpp"
#include "study/study.hpp"

namespace hpo::flow {

/// What one file of [search] warm gave.
struct WarmSource {
  std::string name;
  int taken = 0;  ///< trials
  /// Trials left out, by the parameter or metric that was the reason: how many, and the first one's reason.
  std::map<std::string, std::pair<int, std::string>> left_out;
};

struct Warmth {
  std::vector<study::Prior> rows;
  std::vector<WarmSource> sources;
};

/// Reads the files of [search] warm, relative to `directory`: a study, or else a CSV file (docs/warm-start.md
/// says what becomes of a space that has changed). Throws Error for a file that cannot be read, is neither,
/// or has no column in common with this study.
[[nodiscard]] Warmth read_warm(const study::Definition& definition, const fs::path& directory);

/// "first.h5: 42 trials taken over; 3 not: lr: 0.2 is above high = 0.1 (and 2 more like it)"
[[nodiscard]] std::string to_text(const WarmSource& source);

}  // namespace hpo::flow
