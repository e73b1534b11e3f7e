// SPDX-License-Identifier: Apache-2.0
#include "slurm/submit.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "slurm/script.hpp"

using namespace hpo::slurm;
using Kind = Answer::Kind;

TEST_CASE("submit: an accepted job in all the forms of sbatch") {
  struct {
    std::string out, job;
  } const rows[]{
      {"31\n", "31"},
      {"3;testc\n", "3;testc"},
      {"Submitted batch job 2\n", "2"},
      {"Submitted batch job 12 on cluster testc\n", "12;testc"},
      {"Welcome to the site's own sbatch\nproject 7 has 300 node-hours left\n31\n", "31"},
  };
  for (const auto& row : rows) {
    const auto answer = parse_answer(0, false, row.out, "");
    CHECK(answer.kind == Kind::accepted);
    CHECK(answer.job == row.job);
  }
}

TEST_CASE("submit: success without a job id is not known to be one") {
  for (const char* out : {"", "done\n", ";testc\n", "12a\n"})
    CHECK(parse_answer(0, false, out, "").kind == Kind::undecided);
}

TEST_CASE("submit: what slurmctld says no with is a refusal, also in a plugin's own words") {
  const std::string failed = "sbatch: error: Batch job submission failed: ";
  const std::string policy =
      failed + "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)";
  const std::string refusals[]{
      "sbatch: error: invalid partition specified: nosuch\n" + failed + "Invalid partition name specified",
      failed + "Invalid job array specification",
      failed + "Invalid account or account/partition combination specified",
      failed + "Invalid qos specification",
      failed + "User's group not permitted to use this partition",
      failed + "Requested time limit is invalid (missing or exceeds some limit)",
      failed + "Node count specification invalid",
      failed + "More processors requested than permitted",
      failed + "Requested node configuration is not available",
      "sbatch: error: Invalid generic resource (gres) specification",
      failed + "Invalid feature specification",
      failed + "Invalid node name specified",
      failed + "Requested reservation is invalid",
      failed + "Job dependency problem",
      "sbatch: error: QOSGrpCPUMinutesLimit\n" + policy,
      policy,
      "sbatch: error: No cluster 'nocluster' known by database.",
      "sbatch: error: account is missing, see the site's handbook\n" + failed + "Unspecified error",
      "sbatch: error: Batch script is empty!",
      "sbatch: error: Batch script contains DOS line breaks (\\r\\n)",
      "sbatch: error: This does not look like a batch script.  The first",
  };
  for (const auto& text : refusals) {
    const auto answer = parse_answer(1, false, "", text + "\n");
    CHECK_MESSAGE(answer.kind == Kind::refused, text);
    CHECK(answer.message == text);
  }
  CHECK(parse_answer(255, false, "", "sbatch: unrecognized option '--bogus'").kind == Kind::refused);
}

TEST_CASE("submit: a drained partition passes") {
  CHECK(parse_answer(1, false, "",
                     "sbatch: error: Batch job submission failed: Required partition not available (inactive "
                     "or drain)\n")
            .kind == Kind::later);
}

TEST_CASE("submit: a limit on jobs in the queue passes") {
  const std::string violates =
      "\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, "
      "user's "
      "size and/or time limits)\n";
  for (const char* limit :
       {"AssocMaxSubmitJobLimit", "AssocGrpSubmitJobsLimit", "QOSMaxSubmitJobPerUserLimit",
        "QOSMaxSubmitJobPerAccountLimit", "QOSGrpSubmitJobsLimit"})
    CHECK_MESSAGE(
        parse_answer(1, false, "", std::string("sbatch: error: ") + limit + violates).kind == Kind::later,
        limit);
  CHECK(parse_answer(
            1, false, "",
            "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\nsbatch: error: "
            "Batch job submission failed: Resource temporarily unavailable\n")
            .kind == Kind::later);
}

TEST_CASE("submit: after anything else the job may be there") {
  const std::string failed = "sbatch: error: Batch job submission failed: ";
  for (const auto& text : {failed + "Socket timed out on send/recv operation",
                           failed + "Unable to contact slurm controller (connect failure)",
                           failed + "Zero Bytes were transmitted or received",
                           std::string("sbatch: error: Unable to open file rung.sbatch"), std::string()})
    CHECK_MESSAGE(parse_answer(1, false, "", text).kind == Kind::undecided, text);
  CHECK(parse_answer(1, false, "31\n", "").kind == Kind::undecided);
}

TEST_CASE("submit: what our clock ended is undecided, whatever it had said") {
  CHECK(parse_answer(143, true, "", "").kind == Kind::undecided);
  CHECK(parse_answer(0, true, "31\n", "").kind == Kind::undecided);
  const auto full = parse_answer(
      143, true, "", "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\n");
  CHECK(full.kind == Kind::undecided);
  CHECK(full.message.find("temporarily unable to accept job") != std::string::npos);
}

TEST_CASE("script: every placeholder is filled, none is left over, a plain at sign stays") {
  CHECK(render("t", "a @NAME@ b@c.d @ @X", {{"NAME", "n"}}) == "a n b@c.d @ @X");
  CHECK_THROWS_WITH_AS((void)render("t", "@WHAT@", {}), "t: unknown placeholder @WHAT@", hpo::Error);
  CHECK_THROWS_WITH_AS((void)render("t", "plain", {{"NAME", "n"}}), "t: the placeholder @NAME@ is missing",
                       hpo::Error);
}

TEST_CASE("script: words for the shell are quoted when they need it") {
  CHECK(shell_word("/a/b-c_1.h5") == "/a/b-c_1.h5");
  CHECK(shell_word("it's $HOME") == "'it'\\''s $HOME'");
  CHECK(shell_word("") == "''");
}
