// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flow/warm.hpp"

/// How the trials of one file become rows: between warm.cpp and the readers of the two kinds of file.
namespace hpo::flow {

/// One trial as its file has it.
struct FoundTrial {
  std::int32_t number = 0;
  bool failed = false;
  std::vector<std::pair<std::string, space::Value>> values;     ///< parameters by name, active ones
  std::vector<std::pair<double, std::vector<double>>> results;  ///< budget, and a value for each objective
};

/// Turns trials into rows of this study's space, and counts those it cannot.
class Taker {
 public:
  Taker(const study::Definition& definition, std::string name, Warmth& into);
  void take(const FoundTrial& trial);

 private:
  [[nodiscard]] space::Point point_of(const FoundTrial& trial) const;

  const study::Definition& definition_;
  Warmth& into_;
  WarmSource& source_;
};

/// The trials of another study: its parameters and metrics by name.
[[nodiscard]] std::vector<FoundTrial> trials_of(const study::Study& other,
                                                const study::Definition& definition);
/// The rows of a CSV file: columns by the names of parameters and metrics. `name` is for messages.
[[nodiscard]] std::vector<FoundTrial> trials_of_csv(std::string_view text, const std::string& name,
                                                    const study::Definition& definition);

}  // namespace hpo::flow
