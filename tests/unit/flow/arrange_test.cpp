// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "flow/fold.hpp"
#include "flow/submit.hpp"
#include "small_study.hpp"

using namespace hpo;
using test::SmallStudy;

TEST_CASE("arrange: no array is larger than the cluster or study.toml allow") {
  SmallStudy s;
  (void)flow::propose(s.study, {}, 100);
  CHECK(flow::arrange(s.study, 4, 100).rows.size() == 3);
  CHECK(s.study.submissions[2].tasks == 1);

  SmallStudy smaller("[submit]\narray_size = 2\n");
  (void)flow::propose(smaller.study, {}, 100);
  CHECK(flow::arrange(smaller.study, 4, 100).rows.size() == 5);
}

TEST_CASE("arrange: the arrays of a study without a step have a canary, later ones none") {
  SmallStudy s;
  (void)flow::propose(s.study, 4, 100);
  (void)flow::arrange(s.study, 1000, 100);
  CHECK(s.study.submissions[0].canary);
  s.finish(0, 0, 0.5);
  (void)flow::fold(s.study, s.layout);
  (void)flow::propose(s.study, {}, 100);
  (void)flow::arrange(s.study, 1000, 100);
  CHECK_FALSE(s.study.submissions[1].canary);

  SmallStudy alone;
  (void)flow::propose(alone.study, 1, 100);
  (void)flow::arrange(alone.study, 1000, 100);
  CHECK_FALSE(alone.study.submissions[0].canary);

  SmallStudy brave("[submit]\ncanary = false\n");
  brave.begin();
  CHECK_FALSE(brave.study.submissions[0].canary);
}

TEST_CASE("arrange: a budget holds what is promised, and what is given back is used") {
  // A task may take 2 node-hours; the budget has room for four.
  SmallStudy s("[budget]\nnode_hours = 9\n");
  (void)flow::propose(s.study, {}, 100);
  const auto first = flow::arrange(s.study, 1000, 100);
  REQUIRE(first.rows.size() == 1);
  CHECK(s.study.submissions[0].tasks == 4);
  CHECK(first.waiting == 5);
  CHECK(first.reason ==
        "a task may take 2 node-hours, and of the budget of 9 only 1 are neither spent nor promised");
  CHECK_FALSE(flow::arrange(s.study, 1000, 100).changed());

  // Half an hour on two nodes each: 3 node-hours are given back by three, one still holds 2.
  for (int i = 0; i < 3; ++i) {
    auto segment = s.attempt(i, 0, 1000);
    segment.write(exchange::Reported{1, 2000, {{"error", 0.1}}});
    segment.write(exchange::Ended{exchange::Ending::finished, 1, 2800, 0, ""});
  }
  (void)flow::fold(s.study, s.layout);
  const auto second = flow::arrange(s.study, 1000, 100);
  REQUIRE(second.rows.size() == 1);
  CHECK(s.study.submissions[1].tasks == 2);
  CHECK(second.waiting == 3);
}

TEST_CASE("arrange: tasks that the budget will never pay are abandoned with the numbers, once nothing runs") {
  SmallStudy s("[budget]\nnode_hours = 3\n");
  (void)flow::propose(s.study, {}, 100);
  (void)flow::arrange(s.study, 1000, 100);
  s.finish(0, 0, 0.5);  // an hour on two nodes
  (void)flow::fold(s.study, s.layout);
  const auto last = flow::arrange(s.study, 1000, 100);
  CHECK(last.abandoned == 8);
  CHECK(s.task(1, 0).state == study::TaskState::abandoned);
  CHECK(
      s.task(1, 0).message ==
      "not run: a task may take 2 node-hours, and of the budget of 3 only 1 are neither spent nor promised");
}

TEST_CASE("to_submit: tells what would be submitted and its worst case") {
  SmallStudy s;
  s.begin();
  const auto lines = flow::to_submit(s.study);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] ==
        "hpo-small-00112233-b0-r0-s0: 9 tasks of 2 nodes for 01:00:00 each, at most 18 node-hours");
  s.study.submissions[0].state = study::SubmissionState::submitted;
  CHECK(flow::to_submit(s.study).empty());
}

TEST_CASE("arrange: a packed index is promised whole, and is no larger than its trials need") {
  SmallStudy s("[[rung]]\nindex = 0\nnodes = 1\ngpus-per-node = 1\npack = 4\n[budget]\ngpu_hours = 100\n");
  (void)flow::propose(s.study, {}, 100);
  (void)flow::arrange(s.study, 1000, 100);
  const auto& nine = s.study.submissions.at(0);
  CHECK(nine.indices() == 3);
  CHECK(nine.gpus == 4);  // of an index
  CHECK(nine.gpu_hours == doctest::Approx(12));
  CHECK(nine.node_hours == doctest::Approx(3));

  SmallStudy one("[[rung]]\nindex = 0\nnodes = 1\ngpus-per-node = 1\npack = 4\n");
  (void)flow::propose(one.study, 1, 100);
  (void)flow::arrange(one.study, 1000, 100);
  CHECK(one.study.submissions.at(0).pack == 1);
  CHECK(one.study.submissions.at(0).gpus == 1);
  CHECK(one.study.submissions.at(0).gpu_hours == doctest::Approx(1));
}
