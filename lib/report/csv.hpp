// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/table.hpp"
#include "report/view.hpp"

namespace hpo::report {

/// A field of RFC 4180: in quotes when it holds a comma, a quote or a line break; quotes doubled.
[[nodiscard]] std::string csv_field(std::string_view text);

/// One row a trial under a header of field names; numbers read back as the same doubles, "" where there is no
/// value. Lines end in CR LF.
[[nodiscard]] std::string csv(const View& view, const std::vector<Column>& columns,
                              const std::vector<std::int32_t>& trials);

/// Every report of the chosen trials, one row a metric: trial,bracket,rung,attempt,step,time,metric,value.
[[nodiscard]] std::string curves_csv(const View& view, const std::vector<std::int32_t>& trials);

}  // namespace hpo::report
