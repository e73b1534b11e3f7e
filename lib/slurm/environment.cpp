// SPDX-License-Identifier: Apache-2.0
#include "slurm/environment.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/checksum.hpp"
#include "base/identity.hpp"
#include "base/text.hpp"

namespace hpo::slurm {
namespace {

std::string get(const std::map<std::string, std::string>& variables, const std::string& name) {
  const auto it = variables.find(name);
  return it == variables.end() ? "" : it->second;
}

int number(const std::map<std::string, std::string>& variables, const std::string& name, int otherwise) {
  const auto value = parse_int(get(variables, name));
  return value && *value >= 0 && *value < 1'000'000'000 ? static_cast<int>(*value) : otherwise;
}

}  // namespace

JobEnvironment job_environment(const std::map<std::string, std::string>& variables) {
  JobEnvironment e;
  const std::string array = get(variables, "SLURM_ARRAY_JOB_ID");
  e.array_index = number(variables, "SLURM_ARRAY_TASK_ID", -1);
  // The array's number alone is also the number of one of its tasks: always A_i.
  e.job =
      array.empty() ? get(variables, "SLURM_JOB_ID") : array + "_" + get(variables, "SLURM_ARRAY_TASK_ID");
  e.array = array;
  e.is_canary = !array.empty() && e.array_index == 0 && !get(variables, "HPO_CANARY").empty();
  e.is_packed = number(variables, "HPO_PACK", 1) > 1;
  e.restart = number(variables, "SLURM_RESTART_COUNT", 0);
  // A trial that shares its job with others runs in a step, and the step is all it has.
  e.nodes = number(variables, "SLURM_STEP_NUM_NODES", number(variables, "SLURM_JOB_NUM_NODES", 1));
  e.ranks = number(variables, "SLURM_NTASKS", e.nodes);
  if (number(variables, "SLURM_STEP_NUM_TASKS", 0) == 1) e.ranks = number(variables, "HPO_RANKS", e.ranks);
  e.node = get(variables, "SLURMD_NODENAME");
  if (e.node.empty()) e.node = host_name();
  for (const char* name : {"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST"})
    if (e.first_host.empty()) e.first_host = first_host(get(variables, name));
  if (e.first_host.empty()) e.first_host = e.node;
  for (const char* name : {"HPO_DEADLINE", "SLURM_JOB_END_TIME"})
    if (const auto end = parse_double(get(variables, name)); end && e.deadline == 0) e.deadline = *end;
  return e;
}

double stop_before(double deadline, double now) {
  return deadline > 0 ? deadline - std::clamp((deadline - now) / 4, 0.0, 60.0) : 0;
}

int launched_processes(const std::map<std::string, std::string>& variables) {
  int most = 1;
  for (const char* name : {"SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
    most = std::max(most, number(variables, name, 1));
  return most;
}

std::string first_host(const std::string& node_list) {
  const auto bracket = node_list.find('[');
  const auto comma = node_list.find(',');
  if (bracket == std::string::npos || comma < bracket) return node_list.substr(0, comma);
  const auto end = node_list.find_first_of("-,]", bracket + 1);
  const auto close = node_list.find(']', bracket);
  if (end == std::string::npos || close == std::string::npos) return node_list;
  const auto next = node_list.find(',', close);
  const auto tail = node_list.substr(close + 1, next == std::string::npos ? next : next - close - 1);
  return node_list.substr(0, bracket) + node_list.substr(bracket + 1, end - bracket - 1) + tail;
}

int rendezvous_port(const std::string& identity) {
  return 15000 + static_cast<int>(fnv1a(identity) % 20000);
}

std::map<std::string, std::string> clean_environment(std::map<std::string, std::string> variables) {
  constexpr std::array<std::string_view, 5> kLeaking{"SLURM_", "SBATCH_", "SRUN_", "SALLOC_", "HPO_"};
  std::erase_if(variables, [&](const auto& variable) {
    if (variable.first == "SLURM_CONF" || variable.first == "SLURM_JWT") return false;
    for (const auto prefix : kLeaking)
      if (starts_with(variable.first, prefix)) return true;
    return false;
  });
  return variables;
}

}  // namespace hpo::slurm
