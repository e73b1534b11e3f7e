// SPDX-License-Identifier: Apache-2.0
#include "flow/cluster.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "base/log.hpp"
#include "flow/arrays.hpp"
#include "slurm/submit.hpp"

namespace hpo::flow {
namespace {

constexpr std::int32_t kUsualArraySize = 1000;  // MaxArraySize is 1001 unless a site has changed it

bool is_slurm_here() {
  return slurm::available() && environment("HPO_LOCAL").empty();
}

std::string option(const study::Definition& definition, const std::string& name) {
  for (const auto& [key, value] : definition.slurm)
    if (key == name) return value;
  return "";
}

// `sbatch rung.sbatch` typed by a person: its array runs, and is nobody's until it is recorded. What is still
// held may be a promoter's of this moment.
int adopt(study::Study& study, const std::vector<slurm::TaskRow>& queue) {
  int adopted = 0;
  const auto arrays = arrays_by_name(queue);
  for (auto& submission : study.submissions) {
    const auto found = arrays.find(submission.name);
    if (submission.state != study::SubmissionState::intended || found == arrays.end()) continue;
    const auto loose = std::find_if(found->second.begin(), found->second.end(),
                                    [](const auto& array) { return array.has_loose; });
    if (loose == found->second.end()) continue;
    submission.state = study::SubmissionState::submitted;
    submission.job = loose->job;
    submission.submitted = submission.released = file_system().now();
    ++adopted;
  }
  return adopted;
}

}  // namespace

std::int32_t Cluster::array_size() const {
  return limits ? limits->array_tasks() : kUsualArraySize;
}

bool is_in_slurm(const study::Study& study) {
  const auto is_open = [](const auto& task) { return task.submission >= 0 && !task.has_ended(); };
  const bool has_job =
      std::any_of(study.attempts.begin(), study.attempts.end(), [](const auto& a) { return !a.job.empty(); });
  return std::any_of(study.tasks.begin(), study.tasks.end(), [&](const auto& task) {
    return is_open(task) && (has_job || study.submissions[static_cast<std::size_t>(task.submission)].state ==
                                            study::SubmissionState::submitted);
  });
}

Cluster look_at_limits(const study::Study& study) {
  Cluster cluster;
  cluster.is_here = is_slurm_here();
  if (cluster.is_here)
    cluster.limits = slurm::limits(option(study.definition, "account"), option(study.definition, "qos"));
  return cluster;
}

Cluster look_around(const study::Study& study, bool for_submission) {
  Cluster cluster;
  if (for_submission) {
    cluster = look_at_limits(study);
  } else if ((cluster.is_here = is_slurm_here())) {
    cluster.limits = slurm::config();
  }
  if (!cluster.is_here) return cluster;
  auto query = query_of(study);
  // Where slurmctld does not say, accounting is asked: "disabled" is an answer too, silence is none.
  query.has_accounting = !cluster.limits || cluster.limits->has_accounting;
  cluster.snapshot = slurm::look(query);
  for (const auto* error : {&cluster.snapshot.queue_error, &cluster.snapshot.accounting_error})
    if (!error->empty()) log::debug("{}", *error);
  return cluster;
}

Refreshed refresh(study::Study& study, const study::Layout& layout, const Cluster& cluster) {
  Refreshed refreshed;
  refreshed.folded = fold(study, layout);
  refreshed.adopted = adopt(study, cluster.snapshot.queue);
  refreshed.reconciled = reconcile(study, cluster.snapshot);
  return refreshed;
}

}  // namespace hpo::flow
