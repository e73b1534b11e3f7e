// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

namespace hpo::slurm {

/// What a process can know of the job it runs in, from SLURM_* variables read once; outside Slurm: one node,
/// no job.
struct JobEnvironment {
  std::string job;         ///< "1234_7" for an array task, "1234" for a plain job, "" outside Slurm
  std::string array;       ///< "1234", "" outside arrays
  bool is_canary = false;  ///< the first of an array whose others are held until it takes a step (HPO_CANARY)
  bool is_packed = false;  ///< other trials share this array task (HPO_PACK)
  int restart = 0;         ///< SLURM_RESTART_COUNT
  int array_index = -1;
  int nodes = 1;           ///< of the step we run in, else of the job
  int ranks = 1;           ///< of the step, else of the job; in a step of one process HPO_RANKS
  std::string first_host;  ///< of the step, else of the job; the host's own name outside Slurm
  std::string node;        ///< SLURMD_NODENAME, or the host's name
  double deadline =
      0;  ///< seconds since 1970 (SLURM_JOB_END_TIME of newer Slurm, or HPO_DEADLINE); 0: none known
};
[[nodiscard]] JobEnvironment job_environment(const std::map<std::string, std::string>& variables);

/// When to stop for a deadline: a minute before it, or a quarter of the time that is left at the start. 0: no
/// deadline.
[[nodiscard]] double stop_before(double deadline, double now);

/// How many processes a launcher (Slurm step, Open MPI, PMI) has started beside this one, itself included.
[[nodiscard]] int launched_processes(const std::map<std::string, std::string>& variables);

/// The first name of a host list: "n[3-5,9],x1" -> "n3".
[[nodiscard]] std::string first_host(const std::string& node_list);

/// A TCP port for a rendezvous, different for array tasks and restarts on one host: 15000 + hash mod 20000.
[[nodiscard]] int rendezvous_port(const std::string& identity);

/// The environment for sbatch: ours without SLURM_* (but SLURM_CONF and SLURM_JWT), SBATCH_*, SRUN_*,
/// SALLOC_*, HPO_*, so that nothing of the caller's job leaks into the new one.
[[nodiscard]] std::map<std::string, std::string> clean_environment(
    std::map<std::string, std::string> variables);

}  // namespace hpo::slurm
