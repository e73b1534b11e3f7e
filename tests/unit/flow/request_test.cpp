// SPDX-License-Identifier: Apache-2.0
#include "flow/request.hpp"

#include <doctest/doctest.h>

#include "flow/fold.hpp"
#include "small_study.hpp"

using namespace hpo;
using test::SmallStudy;

namespace {

std::string value_of(const slurm::Options& options, const std::string& name) {
  for (const auto& [key, value] : options)
    if (key == name) return value;
  return "";
}

study::Submission submission_of(SmallStudy& s) {
  s.begin();
  return s.study.submissions.at(0);
}

// Nine tasks of rung 0, each of `seconds` from start to end, and rung 1 opened.
void run_rung_0(SmallStudy& s, double seconds, const std::string& checkpoint) {
  s.begin();
  for (int i = 0; i < 9; ++i) {
    auto segment = s.attempt(i, 0, 1000);
    segment.write(exchange::Reported{1, 1000 + seconds, {{"error", i / 10.0}}});
    if (!checkpoint.empty()) segment.write(exchange::Checkpointed{1, 1000 + seconds, checkpoint, 20});
    segment.write(exchange::Ended{exchange::Ending::finished, 1, 1000 + seconds, 0, ""});
  }
  (void)flow::fold(s.study, s.layout);
  (void)flow::promote(s.study, 5000);
}

}  // namespace

TEST_CASE("wall time: what [slurm] says while nothing has been timed") {
  SmallStudy s;
  s.begin();
  CHECK(flow::wall_time(s.study, 0, 0, {}) == 3600);
  CHECK(flow::wall_time(s.study, 0, 1, {}) == 3600);
}

TEST_CASE("wall time: from the slowest task of the rung below, with half as much again, in whole minutes") {
  SmallStudy s;
  run_rung_0(s, 300, "ckpt/x");
  // Two more epochs of 300 s each, times 1.5, a minute to start, and 50 s of notice (two checkpoints and 10
  // s).
  CHECK(flow::wall_time(s.study, 0, 1, {}) == 17 * 60);
}

TEST_CASE("wall time: a trial without a checkpoint starts from nothing") {
  SmallStudy s;
  run_rung_0(s, 300, "");
  CHECK(flow::wall_time(s.study, 0, 1, {}) == 26 * 60);
}

TEST_CASE("wall time: never above [slurm] time, unless more time is what a task needs") {
  SmallStudy s;
  run_rung_0(s, 3000, "ckpt/x");
  CHECK(flow::wall_time(s.study, 0, 1, {}) == 3600);
  flow::Adjustment more;
  more.time_factor = 1.5;
  CHECK(flow::wall_time(s.study, 0, 1, more) == 5400);
}

TEST_CASE("wall time: where one task ran out of a measured time, the others get all of it") {
  SmallStudy s;
  run_rung_0(s, 300, "ckpt/x");
  (void)flow::arrange(s.study, 1000, 5000);
  study::Execution execution;
  execution.submission = 1;
  execution.cause = study::Cause::timeout;
  s.study.executions.push_back(execution);
  CHECK(flow::wall_time(s.study, 0, 1, {}) == 3600);
}

TEST_CASE("wall time: time = \"fixed\" keeps what [slurm] says") {
  SmallStudy s("[submit]\ntime = \"fixed\"\n");
  run_rung_0(s, 300, "ckpt/x");
  CHECK(flow::wall_time(s.study, 0, 1, {}) == 3600);
}

TEST_CASE("notice: two of the slowest checkpoints and ten seconds, at most a quarter of the limit") {
  SmallStudy s;
  CHECK(flow::notice(s.study, 3600) == 120);
  CHECK(flow::notice(s.study, 120) == 30);
  CHECK(flow::notice(s.study, 20) == 10);
  run_rung_0(s, 300, "ckpt/x");
  CHECK(flow::notice(s.study, 3600) == 50);
  CHECK(flow::notice(s.study, 0) == 50);
}

TEST_CASE("options: a submission's own time, memory and nodes to avoid win") {
  SmallStudy s("mem = \"3G\"\nexclude = \"n9\"\n[submit]\ntime_min = 0.5\n");
  auto submission = submission_of(s);
  submission.time_s = 600;
  submission.memory_factor = 2;
  submission.exclude = "n1,n4";
  const auto options = flow::options_of(s.study.definition, submission);
  CHECK(value_of(options, "time") == "00:10:00");
  CHECK(value_of(options, "time-min") == "00:05:00");
  CHECK(value_of(options, "mem") == "6144M");
  CHECK(value_of(options, "exclude") == "n9,n1,n4");
  CHECK(value_of(options, "nodes") == "2");
}

TEST_CASE("options: a packed index has room for its trials, and each step takes its share") {
  SmallStudy s(
      "[[rung]]\nindex = 0\nnodes = 1\nntasks-per-node = 2\ncpus-per-task = 3\ngpus-per-node = "
      "\"a100:1\"\nmem = 1000\npack = 4\n");
  const auto submission = submission_of(s);
  CHECK(submission.pack == 4);
  CHECK(submission.indices() == 3);
  CHECK(submission.node_hours == doctest::Approx(3));
  const auto options = flow::options_of(s.study.definition, submission);
  CHECK(value_of(options, "nodes") == "1");
  CHECK(value_of(options, "ntasks-per-node") == "8");
  CHECK(value_of(options, "cpus-per-task") == "3");
  CHECK(value_of(options, "gpus-per-node") == "a100:4");
  CHECK(value_of(options, "mem") == "4000M");
  CHECK(flow::step_options(s.study.definition, submission) ==
        "--exact --nodes=1 --ntasks=1 --cpus-per-task=6 --gres=gpu:1 --mem=1000");
  s.study.definition.command.clear();  // the built-in trainer: srun starts its ranks
  CHECK(flow::step_options(s.study.definition, submission) ==
        "--exact --nodes=1 --ntasks=2 --cpus-per-task=3 --gres=gpu:1 --mem=1000");
}

TEST_CASE("options: a step of a cluster with default memory takes that") {
  SmallStudy s("[[rung]]\nindex = 0\nnodes = 1\npack = 2\n");
  CHECK(
      flow::step_options(s.study.definition, submission_of(s)) ==
      "--exact --nodes=1 --ntasks=1 --cpus-per-task=1 ${SLURM_MEM_PER_CPU:+--mem-per-cpu=$SLURM_MEM_PER_CPU}"
      " ${SLURM_MEM_PER_NODE:+--mem=$((SLURM_MEM_PER_NODE / 2))}");
}
