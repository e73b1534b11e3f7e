// SPDX-License-Identifier: Apache-2.0
#include "study/prior.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "study/columns.hpp"
#include "study/rows.hpp"

namespace hpo::study {
namespace {

template <template <class> class Archive>
void describe(Archive<Prior> a) {
  a.text("source", &Prior::source);
  a.number("trial", &Prior::trial);
  a.flag("failed", &Prior::failed, kNoYes);
  a.number("budget", &Prior::budget);
}

std::vector<std::string> value_columns(const Definition& definition) {
  std::vector<std::string> columns;
  for (const auto& objective : definition.objectives)
    (void)h5::column_name("value_", objective.metric, columns);
  return columns;
}

}  // namespace

void write_prior(hid_t file, const Study& study) {
  if (study.prior.empty()) return;
  h5::TableWriter table(file, "prior", "prior", study.prior.size());
  describe(RowWriter<Prior>(table, study.prior));
  std::vector<std::string> points;
  std::vector<const char*> texts;
  for (const auto& row : study.prior) points.push_back(study.definition.space.to_json(row.point).dump());
  for (const auto& point : points) texts.push_back(point.c_str());
  table.texts("point", texts);
  const auto columns = value_columns(study.definition);
  for (std::size_t k = 0; k < columns.size(); ++k) {
    std::vector<double> values;
    for (const auto& row : study.prior) values.push_back(row.values[k]);
    table.numbers<double>(columns[k], values, {{"long_name", study.definition.objectives[k].metric}});
  }
  table.close();
}

void read_prior(hid_t file, std::uint64_t image_size, Study& study) {
  if (!h5::has(file, "prior")) return;
  const h5::TableReader table(file, "prior", "prior", image_size);
  describe(RowReader<Prior>(table, study.prior));
  const auto& space = study.definition.space;
  const auto points = table.texts("point");
  for (std::size_t i = 0; i < points.size(); ++i) {
    try {
      const auto json = nlohmann::json::parse(points[i], nullptr, false);
      study.prior[i].point = space.point_from_json(json, space::Gaps::left);
    } catch (const Error& error) {
      throw h5::Fault(fmt::format("row {} of prior: {}", i, error.what()));
    }
  }
  const auto columns = value_columns(study.definition);
  for (auto& row : study.prior) row.values.resize(columns.size());
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const auto values = table.numbers<double>(columns[k]);
    for (std::size_t i = 0; i < values.size(); ++i) study.prior[i].values[k] = values[i];
  }
}

}  // namespace hpo::study
