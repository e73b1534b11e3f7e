// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/fields.hpp"
#include "report/layout.hpp"
#include "report/view.hpp"

namespace hpo::report {

/// One column of --format.
struct Column {
  Field field;
  Setting setting;
};

inline constexpr const char* kDefaultFormat = "trial,state,rung,value,node_hours,param.*";
/// HPO_FORMAT where it is set, else kDefaultFormat.
[[nodiscard]] std::string default_format();

/// Reads "trial,state%-10,param.lr%8": NAME, NAME%WIDTH (right-justified) or NAME%-WIDTH (left). "metric.*"
/// and "param.*" stand for all of them, "*" for every field. Without a width a column is as wide as it must
/// be; numbers stand right, texts left. Throws Error (usage).
[[nodiscard]] std::vector<Column> columns(const View& view, const std::string& format);

struct TableStyle {
  bool header = true;
  bool parsable = false;        ///< no padding, exact numbers, columns separated by `delimiter`
  std::string delimiter = "|";  ///< and control characters of a value replaced by blanks
};

/// One line a trial, as sacct prints them.
[[nodiscard]] std::string table(const View& view, const std::vector<Column>& columns,
                                const std::vector<std::int32_t>& trials, const TableStyle& style);

}  // namespace hpo::report
