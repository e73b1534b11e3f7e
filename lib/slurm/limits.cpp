// SPDX-License-Identifier: Apache-2.0
#include "slurm/limits.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "base/identity.hpp"
#include "base/text.hpp"
#include "slurm/command.hpp"

namespace hpo::slurm {
namespace {

// "MaxArraySize            = 10001", "MinJobAge               = 300 sec"
std::map<std::string, std::string> settings_of(const std::string& out) {
  std::map<std::string, std::string> settings;
  for (const auto& line : split(out, '\n')) {
    const auto equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string_view text = line;
    settings.emplace(trim(text.substr(0, equals)), trim(text.substr(equals + 1)));
  }
  return settings;
}

// Rows of sacctmgr -P: every one with exactly `count` fields.
std::vector<std::vector<std::string>> rows_of(const std::string& out, std::size_t count) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& line : split(out, '\n'))
    if (auto fields = split(line, '|'); fields.size() == count) rows.push_back(std::move(fields));
  return rows;
}

void lower(std::optional<std::int64_t>& limit, const std::string& field) {
  const auto value = parse_int(field);  // an empty field is no limit
  if (value && *value >= 0) limit = std::min(limit.value_or(*value), *value);
}

// What Slurm takes when the job does not say: the default, else the only one, else its own.
std::string default_qos(const std::string& named, const std::string& allowed) {
  if (!named.empty()) return named;
  return allowed.empty() || allowed.find(',') != std::string::npos ? "normal" : allowed;
}

}  // namespace

std::int32_t Limits::array_tasks() const {
  auto tasks = std::min(array_size, job_count / 10 * 9);
  if (submit) tasks = std::min(tasks, *submit - 2);
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(tasks, 1, std::numeric_limits<std::int32_t>::max()));
}

Limits parse_config(const std::string& out) {
  const auto settings = settings_of(out);
  const auto get = [&](const char* name) {
    const auto found = settings.find(name);
    return found == settings.end() ? std::string() : found->second;
  };
  // In front of a unit: "300 sec".
  const auto number = [&](const char* name, std::int64_t otherwise) {
    const std::string text = get(name);
    return parse_int(std::string_view(text).substr(0, text.find(' '))).value_or(otherwise);
  };
  Limits limits;
  limits.cluster = get("ClusterName");
  limits.version = get("SLURM_VERSION");
  limits.array_size = number("MaxArraySize", limits.array_size);
  limits.job_count = number("MaxJobCount", limits.job_count);
  limits.kill_wait_s = static_cast<double>(number("KillWait", 30));
  limits.min_job_age_s = static_cast<double>(number("MinJobAge", 300));
  if (limits.min_job_age_s == 0) limits.min_job_age_s = std::numeric_limits<double>::infinity();
  limits.has_accounting = get("AccountingStorageType") == "accounting_storage/slurmdbd";
  const auto enforced = split(get("AccountingStorageEnforce"), ',');
  limits.has_submit_limits =
      limits.has_accounting && std::any_of(enforced.begin(), enforced.end(), [](const auto& word) {
        return word == "limits" || word == "safe" || word == "all";
      });
  return limits;
}

std::optional<std::int64_t> parse_submit_limit(const std::string& associations, const std::string& qos_rows,
                                               const std::string& user, const std::string& qos) {
  std::optional<std::int64_t> limit;
  std::string name = qos;
  for (const auto& row : rows_of(associations, 5)) {
    if (row[0] != user && !row[0].empty()) continue;
    if (row[0] == user) lower(limit, row[1]);
    lower(limit, row[2]);
    if (row[0] == user && name.empty()) name = default_qos(row[3], row[4]);
  }
  for (const auto& row : rows_of(qos_rows, 4))
    if (row[0] == name)
      for (std::size_t field = 1; field < row.size(); ++field) lower(limit, row[field]);
  return limit;
}

std::optional<Limits> config() {
  const auto config = ask({"scontrol", "show", "config"});
  if (!config.is_answer) return std::nullopt;
  return parse_config(config.out);
}

std::optional<Limits> limits(const std::string& account, const std::string& qos) {
  auto found = config();
  if (!found || !found->has_submit_limits) return found;
  auto& limits = *found;
  const std::vector<std::string> show{"sacctmgr", "--noheader", "--parsable2", "show"};
  const auto show_us = [&](std::vector<std::string> what) {
    what.insert(what.begin(), show.begin(), show.end());
    return ask(what);
  };
  const std::string user = user_name();
  std::string ours = account;
  if (ours.empty()) ours = trim(show_us({"user", user, "format=defaultaccount"}).out);
  const auto associations = show_us({"assoc", "where", "cluster=" + limits.cluster, "account=" + ours,
                                     "format=user,maxsubmit,grpsubmit,defaultqos,qos"});
  const auto qos_rows = show_us({"qos", "format=name,grpsubmit,maxsubmitpu,maxsubmitpa"});
  limits.submit = parse_submit_limit(associations.out, qos_rows.out, user, qos);
  return found;
}

}  // namespace hpo::slurm
