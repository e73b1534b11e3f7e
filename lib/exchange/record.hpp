// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "exchange/segment.hpp"

namespace hpo::exchange {

/// One record as one line of text without a line break: a letter and compact JSON. NaN and infinities are the
/// texts "nan", "inf", "-inf"; bytes that are not UTF-8 become U+FFFD. docs/study-format.md lists the
/// members.
///   S{...} Started   M[step,time,{"name":value,...}] Reported   C{...} Checkpointed   N{...} Noted   E{...}
///   Ended
[[nodiscard]] std::string encode_record(const Record& record);
/// Nothing when the text is not a record.
[[nodiscard]] std::optional<Record> decode_record(std::string_view text);

}  // namespace hpo::exchange
