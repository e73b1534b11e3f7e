// SPDX-License-Identifier: Apache-2.0
#include "slurm/indices.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace hpo::slurm {
namespace {

constexpr std::int64_t kMostIndex = 4'000'000;  // the most that MaxArraySize can be, less one

bool is_index(const std::optional<std::int64_t>& value) {
  return value && *value >= 0 && *value <= kMostIndex;
}

}  // namespace

std::vector<std::int32_t> parse_indices(std::string_view list) {
  std::vector<std::int32_t> indices;
  for (const auto& item : split(list.substr(0, list.find('%')), ',')) {
    const auto colon = item.find(':');
    const auto dash = item.find('-');
    const std::string_view ends = std::string_view(item).substr(0, colon);
    const auto first = parse_int(ends.substr(0, dash));
    const auto last = dash == std::string::npos ? first : parse_int(ends.substr(dash + 1));
    const auto step = colon == std::string::npos ? 1 : parse_int(std::string_view(item).substr(colon + 1));
    if (!is_index(first) || !is_index(last) || !is_index(step) || *step == 0) return {};
    for (auto index = *first; index <= *last; index += *step)
      indices.push_back(static_cast<std::int32_t>(index));
  }
  return indices;
}

std::string task_id(std::string_view array, const std::vector<std::int32_t>& indices) {
  if (indices.size() == 1) return fmt::format("{}_{}", array, indices.front());
  std::string list;
  for (std::size_t i = 0; i < indices.size();) {
    std::size_t last = i;
    while (last + 1 < indices.size() && indices[last + 1] == indices[last] + 1) ++last;
    list += list.empty() ? "" : ",";
    list += last == i ? fmt::format("{}", indices[i]) : fmt::format("{}-{}", indices[i], indices[last]);
    i = last + 1;
  }
  return fmt::format("{}_[{}]", array, list);
}

Indices parse_task_id(std::string_view id) {
  Indices result;
  const auto underscore = id.find('_');
  const auto array = id.substr(0, underscore);
  if (array.empty() || !std::all_of(array.begin(), array.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return result;
  result.array = array;
  if (underscore == std::string_view::npos) {
    result.indices = {0};
    return result;
  }
  auto rest = id.substr(underscore + 1);
  result.has_index = true;
  result.is_range = rest.starts_with('[');
  if (result.is_range) {
    if (!rest.ends_with(']')) return result;
    rest = rest.substr(1, rest.size() - 2);
  }
  result.indices = parse_indices(rest);
  return result;
}

}  // namespace hpo::slurm
