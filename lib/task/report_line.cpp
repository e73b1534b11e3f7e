// SPDX-License-Identifier: Apache-2.0
#include "task/report_line.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace hpo::task {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kLongestLine = 1U << 20U;

// JSON has no NaN, Python's json module writes it all the same: outside of strings, put the bare words in
// quotes.
std::string quote_bare_words(std::string_view line) {
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_string && c == '\\' && i + 1 < line.size()) {
      out += line.substr(i, 2);
      ++i;
      continue;
    }
    if (c == '"') in_string = !in_string;
    bool word = false;
    for (const std::string_view bare : {"NaN", "-Infinity", "Infinity"}) {
      if (in_string || line.substr(i, bare.size()) != bare) continue;
      out += '"' + std::string(bare) + '"';
      i += bare.size() - 1;
      word = true;
      break;
    }
    if (!word) out += c;
  }
  return out;
}

std::optional<double> number(const nlohmann::json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (text == "NaN" || text == "nan") return kNaN;
  if (text == "Infinity" || text == "inf") return kInfinity;
  if (text == "-Infinity" || text == "-inf") return -kInfinity;
  return std::nullopt;
}

void put(ProgramReport& report, const std::string& name, double value, std::string_view unit) {
  if (name == "step" || name == unit) {
    report.step = value;
  } else {
    report.metrics.emplace_back(name, value);
  }
}

}  // namespace

std::optional<ProgramReport> parse_json_report(std::string_view line, std::string_view unit) {
  if (line.size() > kLongestLine) return std::nullopt;
  const auto json = nlohmann::json::parse(quote_bare_words(line), nullptr, false);
  if (!json.is_object()) return std::nullopt;
  ProgramReport report{kNaN, {}};
  for (const auto& [name, value] : json.items())
    if (const auto v = number(value)) put(report, name, *v, unit);
  return report;
}

std::optional<ProgramReport> parse_stdout_report(std::string_view line, std::string_view unit) {
  if (!starts_with(line, "hpo: ") || line.size() > kLongestLine) return std::nullopt;
  ProgramReport report{kNaN, {}};
  for (const auto& word : split(trim(line.substr(5)), ' ')) {
    if (word.empty()) continue;
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0) return std::nullopt;
    const auto value = parse_double(std::string_view(word).substr(equals + 1));
    if (!value) return std::nullopt;
    put(report, word.substr(0, equals), *value, unit);
  }
  return report;
}

std::vector<std::string> LineCutter::take(std::string_view more) {
  std::vector<std::string> lines;
  tail_ += more;
  std::size_t begin = 0;
  for (auto end = tail_.find_first_of("\r\n"); end != std::string::npos;
       end = tail_.find_first_of("\r\n", begin)) {
    lines.push_back(tail_.substr(begin, end - begin));
    begin = end + 1;
  }
  tail_.erase(0, begin);
  if (tail_.size() > kLongestLine) tail_.clear();
  return lines;
}

}  // namespace hpo::task
