// SPDX-License-Identifier: Apache-2.0
#include "report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include "base/error.hpp"
#include "base/identity.hpp"
#include "base/text.hpp"

namespace hpo::report {
namespace {

[[noreturn]] void refuse(const std::string& word, std::string reason) {
  throw Error(ExitCode::usage, word, std::move(reason), "--format=trial,value%10,param.*");
}

Setting read_width(const std::string& word, std::size_t percent) {
  const std::optional<std::int64_t> width = parse_int(word.substr(percent + 1));
  if (!width || *width == 0 || *width < -1000 || *width > 1000) {
    refuse(word, "a width is a whole number from 1 to 1000, or negative to justify left");
  }
  return {*width < 0, static_cast<std::size_t>(*width < 0 ? -*width : *width)};
}

// Texts stand left when nothing else is asked for.
Setting natural(const Field& field, const View& view) {
  for (const TrialView& trial : view.trials()) {
    const space::Value value = field.get(view, trial);
    if (space::is_active(value)) return {std::holds_alternative<std::string>(value), 0};
  }
  return {};
}

std::string heading(const Field& field) {
  const std::string prefix = "param.";
  if (starts_with(field.name, prefix)) return field.name.substr(prefix.size());
  std::string out = field.name;
  if (starts_with(out, "metric.")) return out.substr(7);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

std::string delimited(const std::vector<std::vector<std::string>>& rows, const std::string& delimiter) {
  std::string out;
  for (const auto& row : rows) out += join(row, delimiter) + "\n";
  return out;
}

}  // namespace

std::string default_format() {
  const std::string chosen = environment("HPO_FORMAT");
  return chosen.empty() ? kDefaultFormat : chosen;
}

std::vector<Column> columns(const View& view, const std::string& format) {
  const std::vector<Field> fields = all_fields(view);
  std::vector<Column> out;
  for (const std::string& part : split(format, ',')) {
    const std::string word(trim(part));
    const std::size_t percent = std::min(word.find('%'), word.size());
    const std::string name = word.substr(0, percent);
    const bool has_width = percent < word.size();
    const bool many = !name.empty() && name.back() == '*';
    const auto add = [&](const Field& field) {
      out.push_back({field, has_width ? read_width(word, percent) : natural(field, view)});
    };
    if (name.empty()) refuse(format, "an empty field name");
    if (many && name != "*" && name != "metric.*" && name != "param.*") {
      refuse(name, "only metric.*, param.* and * stand for several fields");
    }
    if (!many) add(find_field(fields, name));
    for (const Field& field : fields) {
      if (many && starts_with(field.name, name.substr(0, name.size() - 1))) add(field);
    }
  }
  return out;
}

std::string table(const View& view, const std::vector<Column>& columns,
                  const std::vector<std::int32_t>& trials, const TableStyle& style) {
  std::vector<std::vector<std::string>> rows;
  std::vector<Setting> settings;
  for (const Column& column : columns) settings.push_back(column.setting);
  if (style.header) {
    rows.emplace_back();
    for (const Column& column : columns) rows.back().push_back(heading(column.field));
  }
  for (const std::int32_t id : trials) {
    const TrialView& trial = view.trials()[static_cast<std::size_t>(id)];
    rows.emplace_back();
    for (const Column& column : columns) {
      rows.back().push_back(to_text(column.field, column.field.get(view, trial), style.parsable));
    }
  }
  return style.parsable ? delimited(rows, style.delimiter) : lay_out(rows, settings);
}

}  // namespace hpo::report
