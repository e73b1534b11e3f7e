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
  CHECK(parse_answer(1, false, "", failed + "Job violates accounting/QOS policy (job submit limit, ...)").kind == Kind::refused);
  CHECK(parse_answer(255, false, "", "sbatch: unrecognized option '--bogus'").kind == Kind::refused);
  CHECK(parse_answer(1, false, "", failed + "Socket timed out on send/recv operation").kind == Kind::undecided);
  CHECK(parse_answer(1, false, "", failed + "Unable to contact slurm controller (connect failure)").kind == Kind::undecided);
  CHECK(parse_answer(143, true, "", "").kind == Kind::undecided);
  CHECK(parse_answer(1, false, "", "").kind == Kind::undecided);
}

TEST_CASE("submit: rows of refused submissions under our name are not ours, the lowest id comes first") {
  CHECK(parse_jobs("") == std::vector<std::string>{});
  CHECK(parse_jobs("12|PENDING|JobHeldUser\n12|PENDING|JobHeldUser\n9|RUNNING|None\n11|FAILED|BadConstraints\n") == std::vector<std::string>{"9", "12"});
  CHECK(parse_jobs("slurm_load_jobs error\n") == std::vector<std::string>{});
}

TEST_CASE("script: every placeholder is filled, none is left over, a plain at sign stays") {
  CHECK(render("t", "a @NAME@ b@c.d @ @X", {{"NAME", "n"}}) == "a n b@c.d @ @X");
  CHECK_THROWS_WITH_AS((void)render("t", "@WHAT@", {}), "t: unknown placeholder @WHAT@", hpo::Error);
  CHECK_THROWS_WITH_AS((void)render("t", "plain", {{"NAME", "n"}}), "t: the placeholder @NAME@ is missing", hpo::Error);
}

TEST_CASE("script: words for the shell are quoted when they need it") {
  CHECK(shell_word("/a/b-c_1.h5") == "/a/b-c_1.h5");
  CHECK(shell_word("it's $HOME") == "'it'\\''s $HOME'");
  CHECK(shell_word("") == "''");
}
