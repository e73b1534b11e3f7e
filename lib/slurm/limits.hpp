// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hpo::slurm {

/// What a cluster allows, as far as it says so.
struct Limits {
  std::string cluster, version;
  std::int64_t array_size = 1001;      ///< MaxArraySize: an index stays below it
  std::int64_t job_count = 10000;      ///< MaxJobCount, of all users; every array task counts
  std::optional<std::int64_t> submit;  ///< jobs of ours that may be in the queue at once (association, QOS)
  double min_job_age_s = 300;          ///< how long squeue remembers a job that is over; infinity: for ever
  double kill_wait_s = 30;
  bool has_accounting = false;
  bool has_submit_limits = false;  ///< accounting enforces limits
  /// Tasks that one array may hold, at least 1: as wide as array_size, two below submit (room for a
  /// controller job), and nine tenths of job_count (there are other users).
  [[nodiscard]] std::int32_t array_tasks() const;
};

/// Asks scontrol show config. Nothing when slurmctld does not answer.
[[nodiscard]] std::optional<Limits> config();

/// The same, and where limits are enforced what sacctmgr says of those of the user in the account
/// ("": the default one) and of the QOS ("": the default one). Nothing when slurmctld does not answer;
/// `submit` stays empty when slurmdbd does not. Limits of parent accounts and of a partition's own QOS are
/// not looked for: sbatch says no to what exceeds them.
[[nodiscard]] std::optional<Limits> limits(const std::string& account, const std::string& qos);

/// Parses `scontrol show config`: pure.
[[nodiscard]] Limits parse_config(const std::string& out);

/// The smallest submit limit that applies: pure. `associations` are the account's rows of `sacctmgr -n -P
/// show assoc format=user,maxsubmit,grpsubmit,defaultqos,qos` (the account's own has no user), `qos_rows`
/// those of `sacctmgr -n -P show qos format=name,grpsubmit,maxsubmitpu,maxsubmitpa`. qos "": the user's
/// default.
[[nodiscard]] std::optional<std::int64_t> parse_submit_limit(const std::string& associations,
                                                             const std::string& qos_rows,
                                                             const std::string& user, const std::string& qos);

}  // namespace hpo::slurm
