// SPDX-License-Identifier: Apache-2.0
#include "slurm/command.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace hpo::slurm;
using hpo::ProcessResult;

TEST_CASE("command: only exit code 0 and silence on stderr make an answer, an empty one too") {
  CHECK(judge({0, false, "12|PENDING\n", ""}, 30).is_answer);
  CHECK(judge({0, false, "12|PENDING\n", ""}, 30).out == "12|PENDING\n");
  CHECK(judge({0, false, "", ""}, 30).is_answer);
}

TEST_CASE("command: what is no answer says why and shows no output") {
  struct {
    ProcessResult result;
    std::string error;
  } const rows[]{
      {{1, false, "", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n"},
       "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"},
      {{0, false, "", "slurm_load_jobs error: Socket timed out on send/recv operation\n"},
       "slurm_load_jobs error: Socket timed out on send/recv operation"},
      {{1, false, "", "Slurm accounting storage is disabled\n"}, "Slurm accounting storage is disabled"},
      {{1, false, "", ""}, "ended with exit code 1"},
      {{143, true, "12|PENDING\n", ""}, "no answer in 30 s"},
      {{0, false, "12|PENDING\n13|PEN", ""}, "the answer breaks off"},
  };
  for (const auto& row : rows) {
    const auto reply = judge(row.result, 30);
    CHECK_FALSE(reply.is_answer);
    CHECK(reply.out.empty());
    CHECK(reply.error == row.error);
  }
}

TEST_CASE("command: a program that is not there is no answer") {
  const auto reply = ask({"no-such-command-of-slurm"});
  CHECK_FALSE(reply.is_answer);
  CHECK(reply.error.find("no-such-command-of-slurm") != std::string::npos);
}

TEST_CASE("command: queries see C's language, whole ranges, seconds, and nothing of the job they run in") {
  ::setenv("SLURM_NTASKS", "4", 1);
  const auto out = ask({"env"}).out;
  ::unsetenv("SLURM_NTASKS");
  for (const char* line : {"LC_ALL=C\n", "SLURM_BITSTR_LEN=0\n", "SLURM_TIME_FORMAT=%s\n"})
    CHECK_MESSAGE(out.find(line) != std::string::npos, line);
  CHECK(out.find("SLURM_NTASKS") == std::string::npos);
}

TEST_CASE("command: a command that hangs is ended, and a slow site can give it more time") {
  CHECK(query_seconds() == kQuerySeconds);
  CHECK(sbatch_seconds() == kSbatchSeconds);
  ::setenv("HPO_SLURM_TIMEOUT", "0.2", 1);
  const auto reply = ask({"sleep", "60"});
  const double sbatch = sbatch_seconds();
  ::setenv("HPO_SLURM_TIMEOUT", "soon", 1);
  const double nonsense = query_seconds();
  ::unsetenv("HPO_SLURM_TIMEOUT");
  CHECK_FALSE(reply.is_answer);
  CHECK(reply.error == "no answer in 0.2 s");
  CHECK(sbatch == doctest::Approx(0.4));
  CHECK(nonsense == kQuerySeconds);
}

TEST_CASE("command: scontrol obeys although it exits 1 for tasks of the array that are over already") {
  CHECK_FALSE(disobeyed({0, false, "", ""}, 30).has_value());
  CHECK_FALSE(
      disobeyed({1, false, "", "13_0: Job has already finished\n13_1-3: No error\n"}, 30).has_value());
  CHECK_FALSE(disobeyed({1, false, "", "13_0-3: Job has already finished\n"}, 30).has_value());
  CHECK_FALSE(disobeyed({1, false, "", "13_0: Job/step already completing or completed\n"}, 30).has_value());
}

TEST_CASE("command: scontrol's refusals come back in its words") {
  CHECK(disobeyed({1, false, "", "13_9: Invalid job id specified\n"}, 30) ==
        "13_9: Invalid job id specified");
  CHECK(disobeyed({1, false, "", "13_0: Job has already finished\n13_1-3: Access/permission denied\n"}, 30)
            .has_value());
  CHECK(disobeyed({1, false, "", ""}, 30) == "ended with exit code 1");
  CHECK(disobeyed({0, true, "", "13_1-3: No error\n"}, 30) == "no answer in 30 s");
}
