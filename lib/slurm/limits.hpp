// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hpo::slurm {

/// What a cluster allows, as far as it says so.
struct Limits {
  std::string cluster, version;
  std::int64_t array_size = 1001;  ///< MaxArraySize: an index stays below it
  std::int64_t job_count = 10000;  ///< MaxJobCount, of all users; every array task counts
  std::optional<std::int64_t> submit;  ///< jobs of ours that may be in the queue at once (association, QOS)
  double min_job_age_s = 300;          ///< how long squeue remembers a job that is over
  double kill_wait_s = 30;
  bool has_accounting = false;
  /// Tasks that one array may hold: one below array_size wide, and small enough to fit in beside a controller.
  [[nodiscard]] std::int32_t array_tasks() const;
};

/// Asks scontrol show config once, and sacctmgr for the limits of user, account and qos where there is
/// accounting. Nothing when slurmctld does not answer.
[[nodiscard]] std::optional<Limits> limits(const std::string& account, const std::string& qos);

/// Parses `scontrol show config`: pure.
[[nodiscard]] Limits parse_config(const std::string& out);
/// The smallest submit limit in `sacctmgr -n -P show assoc/qos` answers, see the .cpp for the fields: pure.
[[nodiscard]] std::optional<std::int64_t> parse_submit_limit(const std::string& associations,
                                                             const std::string& qos);

}  // namespace hpo::slurm
