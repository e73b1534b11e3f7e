// SPDX-License-Identifier: Apache-2.0
#include "slurm/resources.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

using hpo::slurm::allocation;

TEST_CASE("resources: nothing asked for is one rank on one node without a limit") {
  const auto a = allocation({});
  CHECK(a.nodes == 1);
  CHECK(a.ranks == 1);
  CHECK(a.cores == 1);
  CHECK(a.gpus == 0);
  CHECK(a.time_s == 0);
}

TEST_CASE("resources: ranks are nodes times tasks per node, cores are ranks times cpus") {
  const auto a =
      allocation({{"nodes", "4"}, {"ntasks-per-node", "8"}, {"cpus-per-task", "3"}, {"time", "01:30:00"}});
  CHECK(a.ranks == 32);
  CHECK(a.cores == 96);
  CHECK(a.node_hours() == doctest::Approx(6));
  CHECK(a.core_hours() == doctest::Approx(144));
}

TEST_CASE("resources: GPUs by job, by node, by task, by gres") {
  CHECK(allocation({{"gpus", "6"}, {"nodes", "2"}}).gpus == 6);
  CHECK(allocation({{"gpus-per-node", "a100:4"}, {"nodes", "2"}}).gpus == 8);
  CHECK(allocation({{"gpus-per-task", "1"}, {"ntasks", "3"}}).gpus == 3);
  CHECK(allocation({{"gres", "gpu:a100:2,lustre:1"}, {"nodes", "3"}}).gpus == 6);
  CHECK(allocation({{"gres", "gpu"}}).gpus == 1);
}

TEST_CASE("resources: a range of nodes costs its upper end") {
  CHECK(allocation({{"nodes", "2-4"}}).nodes == 4);
}

TEST_CASE("resources: what cannot be read is refused by name") {
  CHECK_THROWS_WITH_AS((void)allocation({{"nodes", "many"}}),
                       "nodes: 'many' is not a number between 1 and 1000000", hpo::Error);
  CHECK_THROWS_WITH_AS((void)allocation({{"time", "soon"}}),
                       "time: 'soon' is not a Slurm time (M, H:M:S, D-H:M:S)", hpo::Error);
  CHECK_THROWS_AS((void)allocation({{"ntasks", "99999999999999999999"}}), hpo::Error);
  const auto most = allocation({{"nodes", "1000000"},
                                {"ntasks-per-node", "1000000"},
                                {"cpus-per-task", "1000000"},
                                {"time", "1000000-0"}});
  CHECK(most.core_hours() == doctest::Approx(2.4e25));
}
