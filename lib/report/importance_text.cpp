// SPDX-License-Identifier: Apache-2.0
#include "report/importance_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "report/layout.hpp"

namespace hpo::report {
namespace {

// Shares below it are not worth a word about where the parameter is best.
constexpr double kWorthAWord = 0.02;

std::string percent(double share) {
  return share > 0 && share < 0.005 ? "<1%" : fmt::format("{:.0f}%", 100 * share);
}

std::string value_text(const space::Value& value) {
  const double* real = std::get_if<double>(&value);
  return real != nullptr ? rounded(*real, 3) : printable(space::to_text(value));
}

std::string best_text(const ParameterImportance& parameter) {
  constexpr std::size_t kShown = 3;
  if (parameter.share < kWorthAWord || parameter.best.empty()) return "";
  if (!parameter.is_categorical) {
    const auto low = value_text(parameter.marginal[parameter.best.front()].low);
    const auto high = value_text(parameter.marginal[parameter.best.back()].high);
    return low == high ? low : low + " to " + high;
  }
  std::vector<std::string> values;
  for (const std::size_t i : parameter.best) values.push_back(value_text(parameter.marginal[i].low));
  if (values.size() <= kShown) return join(values, ", ");
  values.resize(kShown);
  return join(values, ", ") + fmt::format(" and {} more", parameter.best.size() - kShown);
}

// The objective between the lowest and the highest mean of any parameter.
struct Scale {
  double low = 0, high = 0;
};

Scale scale_of(const std::vector<ParameterImportance>& parameters) {
  Scale scale{parameters.front().marginal.front().value, parameters.front().marginal.front().value};
  for (const ParameterImportance& parameter : parameters)
    for (const MarginalPiece& piece : parameter.marginal) {
      scale.low = std::min(scale.low, piece.value);
      scale.high = std::max(scale.high, piece.value);
    }
  return scale;
}

// The marginal in cells of equal width on the parameter's scale, each as high as its mean.
std::string profile(const ParameterImportance& parameter, const Scale& scale, const Terminal& terminal) {
  constexpr int kCells = 10;
  constexpr std::array<const char*, 8> kBlocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr std::array<const char*, 8> kDigits{"0", "1", "2", "3", "4", "5", "6", "7"};
  if (parameter.is_categorical || scale.high <= scale.low) return "";
  std::string out;
  for (int cell = 0; cell < kCells; ++cell) {
    const double begin = static_cast<double>(cell) / kCells, end = static_cast<double>(cell + 1) / kCells;
    double at = 0, sum = 0;
    for (const MarginalPiece& piece : parameter.marginal) {
      sum += piece.value * std::max(0.0, std::min(end, at + piece.width) - std::max(begin, at));
      at += piece.width;
    }
    const double height = (sum * kCells - scale.low) / (scale.high - scale.low);
    const auto level = static_cast<std::size_t>(std::clamp(height * 7 + 0.5, 0.0, 7.0));
    out += terminal.unicode ? kBlocks[level] : kDigits[level];
  }
  return out;
}

std::string table(const Importance& importance, const Terminal& terminal) {
  const Scale scale = scale_of(importance.parameters);
  constexpr int kCells = 20;
  std::vector<std::vector<std::string>> rows{{"PARAMETER", "SHARE", "SPREAD", "", "LOW...HIGH", "BEST"}};
  for (const ParameterImportance& parameter : importance.parameters)
    rows.push_back({parameter.name, percent(parameter.share), percent(parameter.spread),
                    bar(terminal, parameter.share, kCells), profile(parameter, scale, terminal),
                    best_text(parameter)});
  return lay_out(rows, {{true, 0}, {}, {}, {true, 0}, {true, 0}, {true, 0}});
}

std::string pairs_line(const Importance& importance) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> parts;
  for (const PairImportance& pair : importance.pairs) {
    if (pair.share < kWorthAWord || parts.size() == kShown) break;
    parts.push_back(
        fmt::format("{} x {} {} ({})", pair.first, pair.second, percent(pair.share), percent(pair.spread)));
  }
  double alone = 0, together = 0;
  for (const ParameterImportance& parameter : importance.parameters) alone += parameter.share;
  for (const PairImportance& pair : importance.pairs) together += pair.share;
  return fmt::format("pairs   {}\nsum     alone {}, in pairs {}, the rest in larger groups or by chance\n",
                     parts.empty() ? "none that matters" : join(parts, ", "), percent(alone),
                     percent(together));
}

std::string data_line(const Importance& importance) {
  const std::string unit = importance.unit.empty() || importance.budget == 1 || importance.unit.back() == 's'
                               ? importance.unit
                               : importance.unit + "s";
  const std::string budget = readable(importance.budget, 6) + " " + unit;
  std::string line =
      fmt::format("data    {} {}", importance.trials, importance.trials == 1 ? "trial" : "trials");
  if (importance.measured_there == importance.trials)
    line += " at " + budget;
  else
    line += fmt::format(", {} of them at {}; to the others is added what trials gained that were trained on",
                        importance.measured_there, budget);
  if (importance.failed > 0) line += fmt::format("; {} without a value left out", importance.failed);
  return line + "\n";
}

std::string trust_line(const Importance& importance) {
  constexpr double kPoor = 0.2;
  if (!importance.r_squared)
    return "trust   little: with so few trials, chance alone gives shares like these\n";
  const double share = std::clamp(*importance.r_squared, 0.0, 1.0);
  return fmt::format("trust   {}predicts {} of the variance of trials it was not shown\n",
                     share < kPoor ? "little: the forest " : "the forest ", percent(share));
}

}  // namespace

std::string to_text(const Importance& importance, const Terminal& terminal, const std::string& study_file) {
  std::string out = fmt::format("{}  what decides {} ({})", paint(terminal, Color::bold, importance.study),
                                importance.metric, importance.maximize ? "maximize" : "minimize");
  if (importance.among_best < 100)
    out += fmt::format(", among the best {}%", rounded(importance.among_best, 3));
  out += "\n";
  if (importance.trials == 0)
    return out + "no trial has a value yet: hpo-collect " + study_file + " --status\n";
  out += data_line(importance);
  if (importance.constant)
    return out + (importance.trials < 3
                      ? "nothing can be said of so few trials\n"
                      : "no parameter makes a difference: the trials' values are the same\n");
  return out + table(importance, terminal) + pairs_line(importance) + trust_line(importance);
}

}  // namespace hpo::report
