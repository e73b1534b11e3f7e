// SPDX-License-Identifier: Apache-2.0
#include "train/comm/launch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.hpp"
#include "base/identity.hpp"
#include "base/text.hpp"

namespace hpo::train::comm {
namespace {

struct Pair {
  const char *rank, *size;
};

// PMIx gives no size: under Slurm the step has it.
constexpr Pair kPairs[] = {{"RANK", "WORLD_SIZE"},
                           {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                           {"PMI_RANK", "PMI_SIZE"},
                           {"PMIX_RANK", "SLURM_STEP_NUM_TASKS"},
                           {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},
                           {"SLURM_PROCID", "SLURM_NTASKS"}};

}  // namespace

Place place_from(const Variable& variable) {
  constexpr std::int64_t kMostRanks = 1'000'000;
  for (const Pair& pair : kPairs) {
    const std::string rank_text = variable(pair.rank), size_text = variable(pair.size);
    if (rank_text.empty() || size_text.empty()) continue;
    const auto rank = parse_int(rank_text), size = parse_int(size_text);
    if (!rank || !size || *size < 1 || *size > kMostRanks || *rank < 0 || *rank >= *size)
      throw Error(fmt::format("{} and {}", pair.rank, pair.size),
                  fmt::format("'{}' of '{}' is no rank of a run", rank_text, size_text),
                  "start all ranks by one launcher, or set RANK and WORLD_SIZE for each");
    return {static_cast<int>(*rank), static_cast<int>(*size)};
  }
  return {};
}

std::string launch_name_from(const Variable& variable) {
  if (const std::string given = variable("HPO_RENDEZVOUS"); !given.empty()) return given;
  std::string name = "run";
  for (const char* part : {"SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_STEP_ID",
                           "SLURM_RESTART_COUNT", "PMIX_NAMESPACE", "HPO_TASK"}) {
    const std::string text = variable(part);
    if (!text.empty()) name += "-" + text;
  }
  // It becomes a file name.
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; },
      '_');
  return name;
}

Place place_from_environment() {
  return place_from([](const char* name) { return environment(name); });
}

std::string launch_name_from_environment() {
  return launch_name_from([](const char* name) { return environment(name); });
}

}  // namespace hpo::train::comm
