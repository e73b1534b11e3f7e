// SPDX-License-Identifier: Apache-2.0
#include "slurm/submit.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "slurm/script.hpp"

using namespace hpo::slurm;
using Kind = Answer::Kind;

TEST_CASE("submit: --parsable answers in all their forms") {
  CHECK(parse_answer(0, false, "31\n", "").kind == Kind::accepted);
  CHECK(parse_answer(0, false, "31\n", "").job == "31");
  CHECK(parse_answer(0, false, "3;testc\n", "").job == "3;testc");
  CHECK(parse_answer(0, false, "Submitted batch job 2\n", "").kind == Kind::undecided);
}

TEST_CASE("submit: only a definite text is a refusal") {
  const std::string failed = "sbatch: error: Batch job submission failed: ";
  CHECK(parse_answer(1, false, "", failed + "Invalid qos specification").kind == Kind::refused);
  CHECK(parse_answer(1, false, "", failed + "Job violates accounting/QOS policy (job submit limit, ...)")
            .kind == Kind::refused);
  CHECK(
      parse_answer(1, false, "",
                   "sbatch: error: AssocMaxSubmitJobLimit\n" + failed + "Job violates accounting/QOS policy")
          .kind == Kind::later);
  CHECK(parse_answer(255, false, "", "sbatch: unrecognized option '--bogus'").kind == Kind::refused);
  CHECK(parse_answer(1, false, "", failed + "Socket timed out on send/recv operation").kind ==
        Kind::undecided);
  CHECK(parse_answer(1, false, "", failed + "Unable to contact slurm controller (connect failure)").kind ==
        Kind::undecided);
  CHECK(parse_answer(143, true, "", "").kind == Kind::undecided);
  CHECK(parse_answer(1, false, "", "").kind == Kind::undecided);
}

TEST_CASE("submit: rows of refused submissions under our name are not ours, the lowest id comes first") {
  CHECK(parse_jobs("").empty());
  CHECK(parse_jobs("slurm_load_jobs error\n").empty());
  const auto jobs = parse_jobs(
      "12|PENDING|JobHeldUser\n12|RUNNING|None\n9|COMPLETED|None\n9|CANCELLED|None\n11|FAILED|"
      "BadConstraints\n");
  REQUIRE(jobs.size() == 2);
  CHECK(jobs[0] == Job{"9", false, false, true});
  CHECK(jobs[1] == Job{"12", true, true, false});
}

TEST_CASE("submit: a job in a state nobody has heard of is alive") {
  for (const char* state : {"PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING", "REQUEUED",
                            "SPECIAL_EXIT", "STAGE_OUT", "NEW_IN_26"})
    CHECK(parse_jobs(std::string("5|") + state + "|None")[0].live);
  for (const char* state : {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY",
                            "PREEMPTED", "BOOT_FAIL", "DEADLINE"})
    CHECK_FALSE(parse_jobs(std::string("5|") + state + "|None")[0].live);
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
