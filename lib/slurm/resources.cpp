// SPDX-License-Identifier: Apache-2.0
#include "slurm/resources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::slurm {
namespace {

constexpr std::int64_t kMost = 1'000'000;  // of anything: three of them multiplied fit into 63 bits

const std::string* find(const Options& options, const std::string& name) {
  // The last one wins, as on sbatch's command line.
  const auto it =
      std::find_if(options.rbegin(), options.rend(), [&](const auto& o) { return o.first == name; });
  return it == options.rend() ? nullptr : &it->second;
}

std::int64_t count(const std::string& name, std::string_view text) {
  const auto value = parse_int(text);
  if (!value || *value < 1 || *value > kMost)
    throw Error(name, fmt::format("'{}' is not a number between 1 and {}", text, kMost));
  return *value;
}

std::optional<std::int64_t> get(const Options& options, const std::string& name) {
  const std::string* text = find(options, name);
  return text == nullptr ? std::nullopt : std::optional(count(name, *text));
}

// "4", "a100:4": the number behind the last colon.
std::optional<std::int64_t> get_gpus(const Options& options, const std::string& name) {
  const std::string* text = find(options, name);
  if (text == nullptr) return std::nullopt;
  return count(
      name, std::string_view(*text).substr(text->rfind(':') == std::string::npos ? 0 : text->rfind(':') + 1));
}

// GPUs a node from "gpu", "gpu:2", "gpu:a100:2", also within a list.
std::int64_t gpus_of_gres(const std::string& gres) {
  std::int64_t gpus = 0;
  for (const auto& item : split(gres, ',')) {
    const auto parts = split(item, ':');
    if (parts[0] != "gpu" && parts[0] != "gres/gpu") continue;
    gpus += parts.size() > 1 && parse_int(parts.back()) ? count("gres", parts.back()) : 1;
  }
  return gpus;
}

}  // namespace

Allocation allocation(const Options& options) {
  Allocation a;
  // "2-4" nodes: at worst four.
  if (const std::string* nodes = find(options, "nodes"))
    a.nodes = count("nodes", std::string_view(*nodes).substr(
                                 nodes->rfind('-') == std::string::npos ? 0 : nodes->rfind('-') + 1));
  const auto per_node = get(options, "ntasks-per-node");
  const auto tasks = get(options, "ntasks");
  a.ranks = tasks ? *tasks : a.nodes * per_node.value_or(1);
  a.cores = a.ranks * get(options, "cpus-per-task").value_or(1);
  if (const auto total = get_gpus(options, "gpus")) {
    a.gpus = *total;
  } else if (const auto each_node = get_gpus(options, "gpus-per-node")) {
    a.gpus = *each_node * a.nodes;
  } else if (const auto each_task = get_gpus(options, "gpus-per-task")) {
    a.gpus = *each_task * a.ranks;
  } else if (const std::string* gres = find(options, "gres")) {
    a.gpus = gpus_of_gres(*gres) * a.nodes;
  }
  if (const std::string* time = find(options, "time")) {
    const auto seconds = parse_slurm_time(*time);
    if (!seconds) throw Error("time", fmt::format("'{}' is not a Slurm time (M, H:M:S, D-H:M:S)", *time));
    a.time_s = *seconds;
  }
  return a;
}

}  // namespace hpo::slurm
