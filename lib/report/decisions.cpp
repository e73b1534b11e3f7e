// SPDX-License-Identifier: Apache-2.0
#include "report/decisions.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

namespace hpo::report {

std::string decisions_text(const study::Study& study, std::size_t first) {
  struct Rung {
    int promoted = 0, stopped = 0;
    std::string lines;
  };
  std::map<std::pair<int, int>, Rung> rungs;
  for (std::size_t i = first; i < study.decisions.size(); ++i) {
    const auto& d = study.decisions[i];
    auto& rung = rungs[{d.bracket, d.rung}];
    ++(d.promoted ? rung.promoted : rung.stopped);
    if (d.promoted) rung.lines += fmt::format("  trial {:>5}  {}\n", d.trial, d.reason);
  }
  std::string text;
  for (const auto& [key, rung] : rungs)
    text += fmt::format("bracket {} rung {}: {} promoted, {} stopped\n{}", key.first, key.second,
                        rung.promoted, rung.stopped, rung.lines);
  return text;
}

std::string decisions_json(const study::Study& study, std::size_t first) {
  std::string text;
  for (std::size_t i = first; i < study.decisions.size(); ++i) {
    const auto& d = study.decisions[i];
    const nlohmann::ordered_json line{{"schema", 1},      {"bracket", d.bracket},   {"rung", d.rung},
                                      {"trial", d.trial}, {"promoted", d.promoted}, {"rank", d.rank},
                                      {"value", d.value}, {"reason", d.reason}};
    text += line.dump() + "\n";  // NaN is written as null
  }
  return text;
}

}  // namespace hpo::report
