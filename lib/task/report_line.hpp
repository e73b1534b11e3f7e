// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exchange/segment.hpp"

namespace hpo::task {

/// What a program reports at one point: NaN `step` when it names none.
struct ProgramReport {
  double step = 0;
  exchange::Metrics metrics;
};

/// A line of HPO_REPORT: one JSON object, e.g. {"step": 3, "valid_error": 0.12}; `unit` ("epoch") may stand
/// for "step". Numbers are metrics (also NaN, Infinity and -Infinity as Python writes them), true and false
/// are 1 and 0, other values are ignored. Nothing: not such a line.
[[nodiscard]] std::optional<ProgramReport> parse_json_report(std::string_view line, std::string_view unit);

/// A line of standard output of the form "hpo: step=3 valid_error=0.12". Nothing: an ordinary line.
[[nodiscard]] std::optional<ProgramReport> parse_stdout_report(std::string_view line, std::string_view unit);

/// Cuts a growing text into whole lines, at \n and at \r; the unfinished tail waits for more. What is longer
/// than 1 MiB is no line of ours and is dropped.
class LineCutter {
 public:
  [[nodiscard]] std::vector<std::string> take(std::string_view more);
  /// The last line, when nothing more will come; "" when there is none.
  [[nodiscard]] std::string finish() { return std::exchange(tail_, {}); }

 private:
  std::string tail_;
};

}  // namespace hpo::task
