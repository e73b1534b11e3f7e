// SPDX-License-Identifier: Apache-2.0
#include "report/csv.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <iterator>

#include "base/text.hpp"
#include "report/fields.hpp"

namespace hpo::report {
namespace {

void append_row(std::string& out, const std::vector<std::string>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += ',';
    out += csv_field(cells[i]);
  }
  out += "\r\n";
}

}  // namespace

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  return "\"" + replace_all(std::string(text), "\"", "\"\"") + "\"";
}

std::string csv(const View& view, const std::vector<Column>& columns,
                const std::vector<std::int32_t>& trials) {
  std::string out;
  std::vector<std::string> cells;
  for (const Column& column : columns) cells.push_back(column.field.name);
  append_row(out, cells);
  for (const std::int32_t id : trials) {
    const TrialView& trial = view.trials()[static_cast<std::size_t>(id)];
    cells.clear();
    for (const Column& column : columns)
      cells.push_back(to_text(column.field, column.field.get(view, trial), true));
    append_row(out, cells);
  }
  return out;
}

std::string curves_csv(const View& view, const std::vector<std::int32_t>& trials) {
  std::vector<bool> wanted(view.trials().size(), false);
  for (const std::int32_t id : trials) wanted[static_cast<std::size_t>(id)] = true;
  const study::Study& study = view.study();
  const study::Reports& reports = study.reports;
  std::string out = "trial,bracket,rung,attempt,step,time,metric,value\r\n";
  for (std::size_t row = 0; row < reports.size(); ++row) {
    const study::Attempt& attempt = study.attempts.at(static_cast<std::size_t>(reports.attempt[row]));
    if (!wanted.at(static_cast<std::size_t>(attempt.trial))) continue;
    for (const study::Reports::Metric& metric : reports.metrics) {
      if (std::isnan(metric.values[row])) continue;
      fmt::format_to(std::back_inserter(out), "{},{},{},{},{},{},{},{}\r\n", attempt.trial, attempt.bracket,
                     attempt.rung, attempt.ordinal, shortest(reports.step[row]), iso_time(reports.time[row]),
                     csv_field(metric.name), shortest(metric.values[row]));
    }
  }
  return out;
}

}  // namespace hpo::report
