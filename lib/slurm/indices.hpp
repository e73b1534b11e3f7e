// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hpo::slurm {

/// The tasks that one row of Slurm's speaks of.
struct Indices {
  std::string array;                  ///< "12"
  std::vector<std::int32_t> indices;  ///< {0} for a plain job; empty: not a job id
  bool is_range = false;
  bool has_index = false;
};

/// "12", "12_3", "12_[0,3,8-26%8]", "59_[0-90:3]".
[[nodiscard]] Indices parse_task_id(std::string_view id);

/// "3", "8-26%8", "0-90:3", "0,3,6"; nothing from what is no list of indices.
[[nodiscard]] std::vector<std::int32_t> parse_indices(std::string_view list);

/// {0, 3, 8, 9, 10} of array 12 -> "12_[0,3,8-10]"; one index -> "12_3". Indices ascend; there is at least
/// one.
[[nodiscard]] std::string task_id(std::string_view array, const std::vector<std::int32_t>& indices);

}  // namespace hpo::slurm
