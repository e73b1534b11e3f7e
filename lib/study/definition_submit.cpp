// SPDX-License-Identifier: Apache-2.0
#include "study/definition_submit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace hpo::study {
namespace {

constexpr std::int64_t kMostTasks = 10'000'000;

constexpr std::array<std::pair<const char*, int Retry::*>, 9> kCounts{{
    {"failed", &Retry::failed},
    {"no_result", &Retry::no_result},
    {"infrastructure", &Retry::infrastructure},
    {"timeout", &Retry::timeout},
    {"out_of_memory", &Retry::out_of_memory},
    {"node_failure", &Retry::node_failure},
    {"preempted", &Retry::preempted},
    {"evicted", &Retry::evicted},
    {"lost", &Retry::lost},
}};

int count(const Table& table, const std::string& key, std::int64_t least, std::int64_t most) {
  return static_cast<int>(table.whole(key, least, most));
}

// A text of minutes alone would be read as seconds by some and as minutes by Slurm: it takes a colon.
double read_duration(const Table& table, const std::string& key) {
  constexpr std::int64_t kLongest = 30 * 86400;
  if (!table.json().at(key).is_string()) return static_cast<double>(table.whole(key, 1, kLongest));
  const auto text = table.text(key);
  const auto seconds = parse_slurm_time(text);
  if (!seconds || text.find(':') == std::string::npos)
    table.fail(key, fmt::format("'{}' is not a time", text), "write seconds, \"MM:SS\" or \"H:MM:SS\"");
  if (*seconds < 1 || *seconds > kLongest)
    table.fail(key, fmt::format("'{}' must be between 1 second and 30 days", text));
  return static_cast<double>(*seconds);
}

// What holds on one rung, and the tables it comes from, the nearest first.
struct Options {
  Resources resources;
  int pack = 1;
  std::vector<Table> tables;

  [[nodiscard]] std::string value(std::string_view name) const {
    const auto found = std::ranges::find(resources, name, &Resources::value_type::first);
    return found == resources.end() ? "" : found->second;
  }
  // At the nearest place where one of the two keys stands.
  [[noreturn]] void fail(const std::string& one, const std::string& reason_there, const std::string& other,
                         const std::string& reason_at_other) const {
    for (const Table& table : tables) {
      if (table.has(one)) table.fail(one, reason_there);
      if (table.has(other)) table.fail(other, reason_at_other);
    }
    tables.back().fail(one, reason_there);
  }
};

std::vector<Options> all_options(const Table& root, const Definition& definition) {
  std::vector<Table> common;
  for (const char* key : {"slurm", "submit"})  // in this order: both have a `time`
    if (root.has(key)) common.push_back(root.table(key));
  std::vector<Options> all;
  if (!common.empty()) all.push_back({definition.slurm, definition.submit.pack_of(-1), common});
  for (const Table& table : root.tables("rung")) {
    const int index = count(table, "index", 0, kMostTasks);
    all.push_back({definition.resources(index), definition.submit.pack_of(index), {table}});
    all.back().tables.insert(all.back().tables.end(), common.begin(), common.end());
  }
  return all;
}

// nodes is "4" or "2-4"; what else it may be is judged where resources are worked out.
void check_pack(const Options& options) {
  const auto nodes = options.value("nodes");
  const auto most = parse_int(std::string_view(nodes).substr(nodes.find('-') + 1));
  if (options.pack == 1 || !most || *most <= 1) return;
  constexpr const char* kWhy = "a trial on several nodes cannot share them";
  options.fail("pack", fmt::format("{} does not go with nodes = {}: {}", options.pack, nodes, kWhy),  //
               "nodes", fmt::format("{} does not go with pack = {}: {}", nodes, options.pack, kWhy));
}

void check_time_min(const Options& options, double share) {
  const auto least = options.value("time-min"), limit = options.value("time");
  if (least.empty()) return;
  if (share > 0) {
    const auto reason = "is worked out from [submit] time_min: remove one of the two";
    options.fail("time-min", reason, "time-min", reason);
  }
  if (!limit.empty() && parse_slurm_time(least) > parse_slurm_time(limit))
    options.fail("time-min", fmt::format("{} is above time = {}", least, limit),  //
                 "time", fmt::format("{} is below time-min = {}", limit, least));
}

}  // namespace

int Submit::pack_of(int rung) const {
  for (const int key : {rung, -1})
    if (const auto found = pack.find(key); found != pack.end()) return found->second;
  return 1;
}

Submit read_submit(const Table& root) {
  Submit submit;
  for (const Table& rung : root.tables("rung"))
    if (rung.has("pack"))
      submit.pack[count(rung, "index", 0, kMostTasks)] = count(rung, "pack", 1, kMostPack);
  if (!root.has("submit")) return submit;
  const Table table = root.table("submit");
  table.allow({"pack", "throttle", "canary", "array_size", "time", "time_min", "confirm_node_hours"});
  if (table.has("pack")) submit.pack[-1] = count(table, "pack", 1, kMostPack);
  if (table.has("throttle")) submit.throttle = count(table, "throttle", 0, kMostTasks);
  if (table.has("canary")) submit.canary = table.flag("canary");
  if (table.has("array_size")) submit.array_size = count(table, "array_size", 1, kMostTasks);
  if (table.has("time")) submit.measured_time = table.choice("time", {"measured", "fixed"}) == 0;
  if (table.has("time_min")) submit.time_min = table.number("time_min", 0, 1);
  if (table.has("confirm_node_hours")) submit.confirm_node_hours = table.above_zero("confirm_node_hours");
  return submit;
}

Retry read_retry(const Table& root) {
  Retry retry;
  if (!root.has("retry")) return retry;
  const Table table = root.table("retry");
  std::vector<std::string> keys;
  for (const auto& [key, member] : kCounts) keys.emplace_back(key);
  for (const char* key : {"time_factor", "memory_factor", "exclude_after", "lost_after", "alike"})
    keys.emplace_back(key);
  table.allow(keys);
  for (const auto& [key, member] : kCounts)
    if (table.has(key)) retry.*member = count(table, key, 0, 1000);
  if (table.has("time_factor")) retry.time_factor = table.number("time_factor", 1, 10);
  if (table.has("memory_factor")) retry.memory_factor = table.number("memory_factor", 1, 10);
  if (table.has("exclude_after")) retry.exclude_after = count(table, "exclude_after", 0, 100);
  if (table.has("lost_after")) retry.lost_after_s = read_duration(table, "lost_after");
  if (table.has("alike")) retry.alike = count(table, "alike", 0, 1000);
  return retry;
}

void check_submit(const Table& root, const Definition& definition) {
  for (const Options& options : all_options(root, definition)) {
    check_pack(options);
    check_time_min(options, definition.submit.time_min);
  }
}

}  // namespace hpo::study
