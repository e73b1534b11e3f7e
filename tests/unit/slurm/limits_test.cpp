// SPDX-License-Identifier: Apache-2.0
#include "slurm/limits.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace hpo::slurm;

namespace {

const char* const kConfig =
    "Configuration data as of 2026-11-21T11:49:34\n"
    "AccountingStorageBackupHost = (null)\n"
    "AccountingStorageEnforce = associations,limits,qos\n"
    "AccountingStorageType   = accounting_storage/slurmdbd\n"
    "ClusterName             = testc\n"
    "KillWait                = 2 sec\n"
    "MaxArraySize            = 10001\n"
    "MaxJobCount             = 50000\n"
    "MinJobAge               = 3600 sec\n"
    "PowerPlugin             = \n"
    "SLURM_VERSION           = 22.05.8\n"
    "\n"
    "Slurmctld(primary) at vm is UP\n";

const char* const kAssociations = "||50||normal\nroot|9||q2|normal,q2\nu1|7|30||normal\nu2||||normal,q2\n";
const char* const kQos = "normal|||\nq2|100|4|20\nwide|600||\n";

}  // namespace

TEST_CASE("limits: what scontrol show config says") {
  const auto limits = parse_config(kConfig);
  CHECK(limits.cluster == "testc");
  CHECK(limits.version == "22.05.8");
  CHECK(limits.array_size == 10001);
  CHECK(limits.job_count == 50000);
  CHECK(limits.min_job_age_s == 3600);
  CHECK(limits.kill_wait_s == 2);
  CHECK(limits.has_accounting);
  CHECK(limits.has_submit_limits);
}

TEST_CASE("limits: a cluster that says nothing has Slurm's defaults") {
  const auto limits = parse_config("");
  CHECK(limits.array_size == 1001);
  CHECK(limits.job_count == 10000);
  CHECK(limits.min_job_age_s == 300);
  CHECK(limits.kill_wait_s == 30);
  CHECK_FALSE(limits.has_accounting);
  CHECK_FALSE(limits.has_submit_limits);
}

TEST_CASE("limits: without slurmdbd there is no accounting, without enforcement no submit limit") {
  CHECK_FALSE(parse_config("AccountingStorageType   = (null)\n").has_accounting);
  CHECK_FALSE(parse_config("AccountingStorageType   = accounting_storage/none\n").has_accounting);
  const auto limits = parse_config(
      "AccountingStorageEnforce = none\nAccountingStorageType   = accounting_storage/slurmdbd\n");
  CHECK(limits.has_accounting);
  CHECK_FALSE(limits.has_submit_limits);
}

TEST_CASE("limits: a MinJobAge of 0 is a queue that never forgets") {
  CHECK(std::isinf(parse_config("MinJobAge               = 0 sec\n").min_job_age_s));
}

TEST_CASE("limits: the smallest of user's, account's and QOS's applies, other people's do not") {
  CHECK(parse_submit_limit(kAssociations, kQos, "u1", "") == 7);
  CHECK(parse_submit_limit(kAssociations, kQos, "root", "") == 4);  // by the default QOS
  CHECK(parse_submit_limit(kAssociations, kQos, "root", "normal") == 9);
  CHECK(parse_submit_limit(kAssociations, kQos, "u2", "") == 50);  // several QOS: Slurm's own default
  CHECK(parse_submit_limit(kAssociations, kQos, "u2", "q2") == 4);
  CHECK(parse_submit_limit(kAssociations, kQos, "nobody", "wide") == 50);
}

TEST_CASE("limits: empty fields are no limit, and no answer is none known") {
  CHECK_FALSE(parse_submit_limit("root|||normal|normal\n", "normal|||\n", "root", "").has_value());
  CHECK_FALSE(parse_submit_limit("", "", "root", "").has_value());
  CHECK(parse_submit_limit("root|||q|q\n", "q|0||\n", "root", "") == 0);
}

TEST_CASE("limits: an array fits the index, its limit beside a controller, and leaves room for others") {
  Limits limits;
  CHECK(limits.array_tasks() == 1001);
  limits.array_size = 10;
  CHECK(limits.array_tasks() == 10);
  limits.array_size = 4'000'001;
  CHECK(limits.array_tasks() == 9000);
  limits.submit = 7;
  CHECK(limits.array_tasks() == 5);
  limits.submit = 2;
  CHECK(limits.array_tasks() == 1);
  limits.submit = 0;
  CHECK(limits.array_tasks() == 1);
}
