// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/segment.hpp"

namespace hpo::task {

/// What a program reports at one point: NaN `step` when it names none.
struct ProgramReport {
  double step = 0;
  exchange::Metrics metrics;
};

/// A line of HPO_REPORT: one JSON object, e.g. {"step": 3, "valid_error": 0.12}; `unit` ("epoch") may stand for "step". Numbers
/// are metrics (also NaN, Infinity and -Infinity as Python writes them), true and false are 1 and 0, other values are ignored. Nothing: not such a line.
[[nodiscard]] std::optional<ProgramReport> parse_json_report(std::string_view line, std::string_view unit);

/// A line of standard output of the form "hpo: step=3 valid_error=0.12". Nothing: an ordinary line.
[[nodiscard]] std::optional<ProgramReport> parse_stdout_report(std::string_view line, std::string_view unit);

/// Cuts a growing text into whole lines; the unfinished tail waits for more.
class LineCutter {
 public:
  [[nodiscard]] std::vector<std::string> take(std::string_view more);

 private:
  std::string tail_;
};

}  // namespace hpo::task
