// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hpo {

/// The candidate nearest to `word` when it is near enough to be a slip of the finger (Damerau-Levenshtein
/// distance at most a third of the length, at least 1).
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<const std::string> candidates);
/// "" or "did you mean 'NAME'?"
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

/// Strict: the whole text must be the number; no locale, no leading or trailing blanks.
[[nodiscard]] std::optional<double> parse_double(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> parse_int(std::string_view text);

/// Slurm's forms of a time limit: "M", "M:S", "H:M:S", "D-H", "D-H:M", "D-H:M:S"; seconds.
[[nodiscard]] std::optional<std::int64_t> parse_slurm_time(std::string_view text);
/// Seconds as "1-02:03:04" or "02:03:04" (sbatch reads it back).
[[nodiscard]] std::string slurm_time(std::int64_t seconds);
/// Seconds for a person: "0.4 s", "12 s", "3 min", "4.1 h", "2.3 d".
[[nodiscard]] std::string human_duration(double seconds);
[[nodiscard]] std::string human_bytes(double bytes);
/// "2026-11-21T05:26:25Z"
[[nodiscard]] std::string iso_time(double seconds_since_1970);
/// The shortest text that reads back as the same double; "nan", "inf", "-inf".
[[nodiscard]] std::string shortest(double value);
/// `digits` significant digits, no trailing zeros.
[[nodiscard]] std::string rounded(double value, int digits);

[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);
[[nodiscard]] bool starts_with(std::string_view text, std::string_view prefix);
[[nodiscard]] std::string replace_all(std::string text, std::string_view from, std::string_view to);

/// [A-Za-z0-9._-]{1,64}, not starting with '.' or '-': safe as a file name, a job name, an argument.
[[nodiscard]] bool is_plain_name(std::string_view text);

}  // namespace hpo
