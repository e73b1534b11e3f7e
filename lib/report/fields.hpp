// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/view.hpp"
#include "space/value.hpp"

namespace hpo::report {

/// What a field's value stands for, which decides how it is written.
enum class Quantity {
  plain,
  time,      ///< seconds since 1970, written as ISO 8601 in UTC
  duration,  ///< seconds
};

/// One thing that can be told of a trial. `get` gives monostate where there is nothing to tell; never NaN.
struct Field {
  std::string name;
  std::string help;
  Quantity quantity = Quantity::plain;
  std::function<space::Value(const View&, const TrialView&)> get;
};

/// The fields every study has: "trial", "state", "value", ...
[[nodiscard]] const std::vector<Field>& common_fields();
/// The common ones, then "metric.NAME" for every objective, then "param.NAME" for every parameter.
[[nodiscard]] std::vector<Field> all_fields(const View& view);
/// Throws Error (usage) with the nearest name.
[[nodiscard]] const Field& find_field(const std::vector<Field>& fields, const std::string& name);

/// The text of a value: "" when there is none. `exact`: numbers that read back as the same double; else six
/// digits, durations as Slurm writes them.
[[nodiscard]] std::string to_text(const Field& field, const space::Value& value, bool exact);
/// --helpformat: one field a line.
[[nodiscard]] std::string fields_help(const std::vector<Field>& fields);

}  // namespace hpo::report
