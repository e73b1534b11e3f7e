// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "study/definition.hpp"
#include "study/definition_table.hpp"

namespace hpo::study {

/// [study]: name and seed.
void read_study(const Table& root, Definition& definition);
[[nodiscard]] std::vector<Objective> read_objectives(const Table& root);
/// Once objectives and fidelity are there: no metric has the name under which reports give their position.
void check_metrics(const Table& root, const Definition& definition);
[[nodiscard]] space::Fidelity read_fidelity(const Table& root);
[[nodiscard]] Search read_search(const Table& root);
[[nodiscard]] Budget read_budget(const Table& root);

/// Seconds since 1970 of a date-time as TOML writes it: "2026-11-21T05:26:25+01:00", in local time without
/// offset, at midnight without time; fractions of a second are dropped. Nothing when it is no date-time or
/// there is no such day.
[[nodiscard]] std::optional<double> parse_date_time(std::string_view text);

}  // namespace hpo::study
