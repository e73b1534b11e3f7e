// SPDX-License-Identifier: Apache-2.0
#include "slurm/environment.hpp"

#include <doctest/doctest.h>

using namespace hpo::slurm;

TEST_CASE("environment: a task of an array is named by array and index, never by the bare number") {
  const auto e = job_environment({{"SLURM_JOB_ID", "812"},
                                  {"SLURM_ARRAY_JOB_ID", "812"},
                                  {"SLURM_ARRAY_TASK_ID", "26"},
                                  {"SLURM_RESTART_COUNT", "2"}});
  CHECK(e.job == "812_26");
  CHECK(e.array_index == 26);
  CHECK(e.restart == 2);
}

TEST_CASE("environment: outside Slurm there is no job and one node") {
  const auto e = job_environment({});
  CHECK(e.job.empty());
  CHECK(e.nodes == 1);
  CHECK(e.array_index == -1);
  CHECK_FALSE(e.first_host.empty());
}

TEST_CASE(
    "environment: in a step, nodes and hosts are the step's; its lone process may start the trial's ranks") {
  std::map<std::string, std::string> variables{{"SLURM_JOB_NUM_NODES", "4"},
                                               {"SLURM_JOB_NODELIST", "n[1-4]"},
                                               {"SLURM_STEP_NUM_NODES", "1"},
                                               {"SLURM_STEP_NODELIST", "n3"},
                                               {"SLURM_STEP_NUM_TASKS", "1"},
                                               {"SLURM_NTASKS", "1"},
                                               {"HPO_RANKS", "2"}};
  const auto e = job_environment(variables);
  CHECK(e.nodes == 1);
  CHECK(e.first_host == "n3");
  CHECK(e.ranks == 2);
  variables["SLURM_STEP_NUM_TASKS"] = variables["SLURM_NTASKS"] = "8";
  CHECK(job_environment(variables).ranks == 8);
}

TEST_CASE("environment: a canary is the first task of an array, and packed are several trials in one") {
  std::map<std::string, std::string> first{
      {"HPO_CANARY", "1"}, {"SLURM_ARRAY_JOB_ID", "812"}, {"SLURM_ARRAY_TASK_ID", "0"}};
  CHECK(job_environment(first).is_canary);
  first["SLURM_ARRAY_TASK_ID"] = "1";
  CHECK_FALSE(job_environment(first).is_canary);
  CHECK_FALSE(job_environment({{"HPO_CANARY", "1"}}).is_canary);
  CHECK_FALSE(
      job_environment({{"HPO_CANARY", ""}, {"SLURM_ARRAY_JOB_ID", "812"}, {"SLURM_ARRAY_TASK_ID", "0"}})
          .is_canary);
  CHECK(job_environment({{"SLURM_ARRAY_JOB_ID", "812"}}).array == "812");
  CHECK(job_environment({{"HPO_PACK", "4"}}).is_packed);
  CHECK_FALSE(job_environment({{"HPO_PACK", "1"}}).is_packed);
}

TEST_CASE("environment: the first host of a compressed list") {
  CHECK(first_host("n1") == "n1");
  CHECK(first_host("n1,n2") == "n1");
  CHECK(first_host("n[3-5,9],x1") == "n3");
  CHECK(first_host("gpu[007,009]-ib") == "gpu007-ib");
  CHECK(first_host("") == "");
  CHECK(first_host("broken[3") == "broken[3");
}

TEST_CASE("environment: rendezvous ports differ by task and stay within their range") {
  CHECK(rendezvous_port("a") != rendezvous_port("b"));
  for (const char* name : {"", "a", "hpo-x-b0-r0-s0t1.b0.r0.a00"}) {
    CHECK(rendezvous_port(name) >= 15000);
    CHECK(rendezvous_port(name) < 35000);
  }
}

TEST_CASE("environment: nothing of the caller's job leaks into a submission, SLURM_CONF stays") {
  const auto e = clean_environment({{"PATH", "/bin"},
                                    {"SLURM_NTASKS", "4"},
                                    {"SLURM_CONF", "/etc/x"},
                                    {"SBATCH_PARTITION", "p"},
                                    {"HPO_TASK", "3"}});
  CHECK(e == std::map<std::string, std::string>{{"PATH", "/bin"}, {"SLURM_CONF", "/etc/x"}});
}

TEST_CASE(
    "environment: a run stops a minute before its deadline, or earlier when there is little time at all") {
  CHECK(stop_before(0, 1000) == 0);
  CHECK(stop_before(10000, 1000) == 9940);
  CHECK(stop_before(1100, 1000) == 1075);
  CHECK(stop_before(900, 1000) == 900);
}

TEST_CASE("environment: how many processes a launcher started") {
  CHECK(launched_processes({}) == 1);
  CHECK(launched_processes({{"OMPI_COMM_WORLD_SIZE", "4"}}) == 4);
  CHECK(launched_processes({{"SLURM_STEP_NUM_TASKS", "1"}}) == 1);
}
