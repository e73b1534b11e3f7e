// SPDX-License-Identifier: Apache-2.0
#include "flow/cluster.hpp"

#include <algorithm>
#include <string>

#include "base/identity.hpp"
#include "base/log.hpp"
#include "slurm/submit.hpp"

namespace hpo::flow {
namespace {

constexpr std::int32_t kUsualArraySize = 1000;  // MaxArraySize is 1001 unless a site has changed it

std::string option(const study::Definition& definition, const std::string& name) {
  for (const auto& [key, value] : definition.slurm)
    if (key == name) return value;
  return "";
}

}  // namespace

std::int32_t Cluster::array_size() const {
  return limits ? limits->array_tasks() : kUsualArraySize;
}

bool is_in_slurm(const study::Study& study) {
  return std::any_of(study.tasks.begin(), study.tasks.end(), [&](const auto& task) {
    return task.submission >= 0 && !task.has_ended() &&
           study.submissions[static_cast<std::size_t>(task.submission)].state ==
               study::SubmissionState::submitted;
  });
}

Cluster look_around(const study::Study& study) {
  Cluster cluster;
  cluster.is_here = slurm::available() && environment("HPO_LOCAL").empty();
  if (!cluster.is_here) return cluster;
  cluster.limits = slurm::limits(option(study.definition, "account"), option(study.definition, "qos"));
  auto query = query_of(study);
  query.has_accounting = cluster.limits && cluster.limits->has_accounting;
  cluster.snapshot = slurm::look(query);
  for (const auto* error : {&cluster.snapshot.queue_error, &cluster.snapshot.accounting_error})
    if (!error->empty()) log::debug("{}", *error);
  return cluster;
}

Refreshed refresh(study::Study& study, const study::Layout& layout, const Cluster& cluster) {
  Refreshed refreshed;
  refreshed.folded = fold(study, layout);
  refreshed.reconciled = reconcile(study, cluster.snapshot);
  return refreshed;
}

}  // namespace hpo::flow
