// SPDX-License-Identifier: Apache-2.0
#include "slurm/snapshot.hpp"

#include <doctest/doctest.h>

#include "base/text.hpp"
#include "slurm/indices.hpp"

using namespace hpo::slurm;

namespace {

std::vector<TaskRow> queue(const std::string& line) {
  return parse_queue(line + "\n");
}

// sacct's lines with '~' for the separator.
std::vector<TaskRow> accounting(const std::string& lines, double since = 0) {
  return parse_accounting(hpo::replace_all(lines, "~", std::string(1, kAccountingSeparator)) + "\n",
                          {"hpo-x"}, since);
}

// One finished record of task 1_0 of ours.
std::string record(const std::string& state, const std::string& exit = "0:0",
                   const std::string& derived = "0:0") {
  return "1_0~2~hpo-x~" + state + "~" + exit + "~" + derived + "~1000~1010~1100~90~2~n[1-2]~1001~7";
}

}  // namespace

TEST_CASE("task_id: what parse_task_id reads") {
  using List = std::vector<std::int32_t>;
  CHECK(task_id("12", {3}) == "12_3");
  CHECK(task_id("12", {0, 3, 8, 9, 10}) == "12_[0,3,8-10]");
  for (const List& indices : {List{0}, List{0, 1}, List{5, 7, 8, 100}})
    CHECK(parse_task_id(task_id("12", indices)).indices == indices);
}

TEST_CASE("indices: every form in which Slurm writes tasks") {
  using List = std::vector<std::int32_t>;
  CHECK(parse_indices("3") == List{3});
  CHECK(parse_indices("4,8%2") == List{4, 8});
  CHECK(parse_indices("1-3,5-6%8") == List{1, 2, 3, 5, 6});
  CHECK(parse_indices("0-90:30") == List{0, 30, 60, 90});
  for (const char* wrong : {"", "N/A", "57,60,6...%5", "3-", "-3", "1-9:0", "0-99999999999"})
    CHECK_MESSAGE(parse_indices(wrong).empty(), wrong);
  CHECK(parse_task_id("12").indices == List{0});
  CHECK_FALSE(parse_task_id("12").has_index);
  CHECK(parse_task_id("12_3").indices == List{3});
  CHECK_FALSE(parse_task_id("12_3").is_range);
  CHECK(parse_task_id("56_[2-4%2]").array == "56");
  CHECK(parse_task_id("56_[2-4%2]").indices == List{2, 3, 4});
  CHECK(parse_task_id("56_[2-4%2]").is_range);
  for (const char* wrong : {"", "x", "12_", "12+0", "197_[0,3,6,9,12,15,18,21,24,27,", "12_3.batch"})
    CHECK_MESSAGE(parse_task_id(wrong).indices.empty(), wrong);
}

TEST_CASE("queue: a task that runs, with the end of its time limit left out") {
  const auto rows = queue("1|4|6|RUNNING|1795261760|1795261762|1795262362|2|n[1-2]|hpo-x|None");
  REQUIRE(rows.size() == 1);
  const auto& row = rows[0];
  CHECK(row.array == "1");
  CHECK(row.index == 4);
  CHECK(row.raw == "6");
  CHECK(row.name == "hpo-x");
  CHECK(row.state == "RUNNING");
  CHECK(row.phase == Phase::running);
  CHECK(row.submitted == 1795261760);
  CHECK(row.started == 1795261762);
  CHECK(row.ended == 0);
  CHECK(row.node_count == 2);
  CHECK(row.nodes == "n[1-2]");
}

TEST_CASE("queue: a task that is over, for as long as the queue remembers it") {
  const auto row = queue("1|1|3|FAILED|1000|1010|1100|1|n1|hpo-x|NonZeroExitCode")[0];
  CHECK(row.phase == Phase::over);
  CHECK(row.ending == Ending::failed);
  CHECK(row.ended == 1100);
  CHECK(row.elapsed_s == 90);
  CHECK(row.exit_code == 0);
}

TEST_CASE("queue: a task that waits has not started, whatever Slurm expects, and no job id of its own") {
  const auto row = queue("8|2|8|PENDING|1000|2000|3000|1||hpo-x|JobArrayTaskLimit")[0];
  CHECK(row.phase == Phase::waiting);
  CHECK(row.raw.empty());
  CHECK(row.started == 0);
  CHECK(row.ended == 0);
}

TEST_CASE("queue: a task cancelled before it began did not start") {
  const auto row = queue("7|0|7|CANCELLED|1000|1005|1005|1||hpo-x|JobHeldUser")[0];
  CHECK(row.phase == Phase::over);
  CHECK(row.ending == Ending::cancelled);
  CHECK(row.started == 0);
  CHECK(row.ended == 1005);
  CHECK(row.elapsed_s == 0);
}

TEST_CASE("queue: a reason may hold commas, blanks, brackets and bars") {
  const auto row =
      queue("8|2|8|PENDING|1000|N/A|N/A|1||hpo-x|ReqNodeNotAvail, UnavailableNodes:n[1-8] (a|b)")[0];
  CHECK(row.reason == "ReqNodeNotAvail, UnavailableNodes:n[1-8] (a|b)");
  CHECK(row.phase == Phase::waiting);
}

TEST_CASE("queue: a row for a range becomes a row for each task, a plain job is task 0") {
  const auto rows = queue("8|5-6,9%4|8|PENDING|1000|N/A|N/A|1||hpo-x|JobHeldUser");
  REQUIRE(rows.size() == 3);
  CHECK(rows[2].index == 9);
  CHECK(rows[2].phase == Phase::held);
  CHECK(queue("17|N/A|17|PENDING|1000|N/A|N/A|1||hpo-x|Dependency")[0].index == 0);
}

TEST_CASE("queue: refused submissions and lines that are none of Slurm's are left out") {
  CHECK(queue("11|N/A|11|FAILED|1000|N/A|1000|1||hpo-x|BadConstraints").empty());
  CHECK(queue("").empty());
  CHECK(queue("slurm_load_jobs error: Invalid job id specified").empty());
  CHECK(queue("8|5|8|PENDING|10").empty());
  CHECK(queue("x|5|8|PENDING|1000|N/A|N/A|1||hpo-x|None").empty());
  CHECK(queue("8|57,60,6...%5|8|PENDING|1000|N/A|N/A|1||hpo-x|None").empty());
}

TEST_CASE("accounting: each state as sacct writes it, with its exit codes") {
  struct {
    std::string state, exit, derived;
    Ending ending;
    int code;
  } const rows[]{
      {"COMPLETED", "0:0", "0:0", Ending::completed, 0},
      {"COMPLETED", "0:0", "213:0", Ending::completed, 0},
      {"FAILED", "7:0", "0:0", Ending::failed, 7},
      {"FAILED", "85:0", "0:0", Ending::failed, 85},
      {"FAILED", "0:9", "0:0", Ending::failed, 137},
      {"FAILED", "0:53", "0:0", Ending::failed, 181},
      {"FAILED", "0:0", "0:0", Ending::failed, 0},
      {"TIMEOUT", "0:0", "0:0", Ending::timeout, 0},
      {"NODE_FAIL", "0:0", "0:0", Ending::node_failure, 0},
      {"PREEMPTED", "0:0", "0:0", Ending::preempted, 0},
      {"REQUEUED", "99:0", "0:0", Ending::requeued, 99},
      {"RESIZING", "0:0", "0:0", Ending::requeued, 0},
      {"DEADLINE", "0:0", "0:0", Ending::deadline, 0},
      {"BOOT_FAIL", "0:0", "0:0", Ending::node_failure, 0},
      {"NEW_IN_27", "0:0", "0:0", Ending::failed, 0},
      {"OUT_OF_MEMORY", "0:125", "0:0", Ending::out_of_memory, 137},
  };
  for (const auto& row : rows) {
    CAPTURE(row.state);
    const auto found = accounting(record(row.state, row.exit, row.derived));
    REQUIRE(found.size() == 1);
    CHECK(found[0].phase == Phase::over);
    CHECK(found[0].ending == row.ending);
    CHECK(found[0].exit_code == row.code);
  }
}

TEST_CASE("accounting: times, nodes and numbers of a record") {
  const auto row = accounting(record("COMPLETED"))[0];
  CHECK(row.array == "1");
  CHECK(row.index == 0);
  CHECK(row.raw == "2");
  CHECK(row.submitted == 1000);
  CHECK(row.started == 1010);
  CHECK(row.ended == 1100);
  CHECK(row.elapsed_s == 90);
  CHECK(row.node_count == 2);
  CHECK(row.nodes == "n[1-2]");
}

TEST_CASE("accounting: out of memory is found behind another state, but not behind a stronger one") {
  CHECK(accounting(record("FAILED", "1:0", "0:125"))[0].ending == Ending::out_of_memory);
  CHECK(accounting(record("COMPLETED", "0:0", "0:125"))[0].ending == Ending::out_of_memory);
  CHECK(accounting(record("FAILED", "0:125"))[0].ending == Ending::out_of_memory);
  const std::string step = "\n1_0.0~2.0~srun~OUT_OF_MEMORY~0:125~~1010~1010~1050~40~1~n1~~7";
  CHECK(accounting(record("FAILED", "1:0") + step)[0].ending == Ending::out_of_memory);
  CHECK(accounting(record("COMPLETED") + step)[0].ending == Ending::out_of_memory);
  CHECK(accounting(record("TIMEOUT", "0:0", "0:125") + step)[0].ending == Ending::timeout);
  CHECK(accounting(record("PREEMPTED", "0:0", "0:125"))[0].ending == Ending::preempted);
  CHECK(accounting(record("NODE_FAIL", "0:0", "0:125"))[0].ending == Ending::node_failure);
  CHECK(accounting(record("CANCELLED by 1001", "0:0", "0:125"))[0].ending == Ending::cancelled);
}

TEST_CASE("accounting: a step counts for the record it belongs to, not for another execution of the task") {
  const auto rows = accounting(
      "1_4~6~hpo-x~REQUEUED~0:0~0:0~1000~1010~1100~90~1~n1~1001~5\n"
      "1_4.0~6.0~srun~OUT_OF_MEMORY~0:125~~1010~1010~1050~40~1~n1~~5\n"
      "1_4~6~hpo-x~COMPLETED~0:0~0:0~1100~1111~1200~89~1~n1~1001~6");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].ending == Ending::requeued);
  CHECK(rows[1].ending == Ending::completed);
}

TEST_CASE("accounting: a cancelled task was cancelled by its owner, or by somebody else") {
  CHECK(accounting(record("CANCELLED by 1001"))[0].ending == Ending::cancelled);
  CHECK(accounting(record("CANCELLED by 0"))[0].ending == Ending::evicted);
  CHECK(accounting(record("CANCELLED by 10010"))[0].ending == Ending::evicted);
  CHECK(accounting(record("CANCELLED"))[0].ending == Ending::evicted);
  CHECK(accounting(record("CANCELLED by 1001"))[0].state == "CANCELLED");
}

TEST_CASE("accounting: what is over but has no end is asked for again") {
  const auto row = accounting("1_0~2~hpo-x~COMPLETED~0:0~0:0~1000~1010~Unknown~90~1~n1~1001~7")[0];
  CHECK(row.phase == Phase::running);
  CHECK(row.ended == 0);
  CHECK(accounting("1_0~2~hpo-x~NEW_IN_27~0:0~0:0~1000~1010~Unknown~9~1~n1~1001~7")[0].phase ==
        Phase::running);
  CHECK(accounting("1_0~2~hpo-x~RUNNING~0:0~0:0~1000~1010~Unknown~9~1~n1~1001~7")[0].phase == Phase::running);
}

TEST_CASE("accounting: executions of a task come oldest first") {
  const auto rows = accounting(
      "1_4~6~hpo-x~PENDING~0:0~0:0~1100~Unknown~Unknown~0~1~None assigned~1001~9\n"
      "1_4~6~hpo-x~REQUEUED~0:0~0:0~1000~1010~1100~90~1~n1~1001~5");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].ending == Ending::requeued);
  CHECK(rows[1].phase == Phase::waiting);
  CHECK(rows[1].nodes.empty());
  CHECK(rows[1].raw.empty());
  CHECK(rows[1].started == 0);
}

TEST_CASE("accounting: a range speaks only for tasks that have no row of their own") {
  const auto rows = accounting(
      "8_0~9~hpo-x~COMPLETED~0:0~0:0~1000~1000~1001~1~1~n1~1001~15\n"
      "8_[0,5-6%4]~8~hpo-x~CANCELLED by 1001~0:0~0:0~1000~1003~1003~0~1~None assigned~1001~19");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].index == 0);
  CHECK(rows[0].ending == Ending::completed);
  CHECK(rows[1].index == 5);
  CHECK(rows[2].index == 6);
  CHECK(rows[2].ending == Ending::cancelled);
  CHECK(rows[2].started == 0);
}

TEST_CASE("accounting: a range cut short by sacct says nothing") {
  CHECK(accounting("8_[0,3,6...%5]~8~hpo-x~PENDING~0:0~0:0~1000~Unknown~Unknown~0~1~None assigned~1001~9")
            .empty());
}

TEST_CASE("accounting: other people's jobs under our ids are left out") {
  const auto row = [](const std::string& id, const std::string& name, const std::string& submit) {
    return id + "~2~" + name + "~RUNNING~0:0~0:0~" + submit + "~1010~Unknown~90~1~n1~1001~7";
  };
  CHECK(accounting(row("1_0", "other", "1000")).empty());
  CHECK(accounting(row("1_0", "hpo-x", "100"), 1000).size() == 1);  // names are ours, whatever the clocks say
  CHECK(accounting(row("1_0", "allocation", "950"), 1000).size() == 1);  // clocks differ
  CHECK(accounting(row("1_0", "allocation", "1000"), 1000).size() == 1);
  CHECK(accounting(row("1_0", "allocation", "900"), 1000).empty());
  CHECK(accounting(row("1", "allocation", "1000"), 1000).empty());
  CHECK(accounting(row("1_0", "allocation", "Unknown"), 1000).empty());
}

TEST_CASE("accounting: steps and broken lines are no tasks") {
  CHECK(accounting("1_0.batch~2.batch~batch~COMPLETED~0:0~~1010~1010~1100~90~1~n1~~7").empty());
  CHECK(accounting("1_0~2~hpo-x~COMPL").empty());
  CHECK(accounting("").empty());
}

TEST_CASE("snapshot: what the queue does not say of an execution is taken from its record") {
  auto rows = queue("1|0|2|FAILED|1000|1010|1100|2|n[1-2]|hpo-x|NonZeroExitCode");
  complete(rows, accounting(record("FAILED", "1:0", "0:125")));
  CHECK(rows[0].ending == Ending::out_of_memory);
  CHECK(rows[0].exit_code == 1);
  rows = queue("1|0|2|CANCELLED|1000|1010|1100|2|n[1-2]|hpo-x|None");
  complete(rows, accounting(record("CANCELLED by 0")));
  CHECK(rows[0].ending == Ending::evicted);
}

TEST_CASE("snapshot: the record of another execution changes nothing") {
  auto rows = queue("1|0|2|FAILED|1100|1110|1200|2|n[1-2]|hpo-x|NonZeroExitCode");
  complete(rows, accounting(record("REQUEUED", "99:0") + "\n" + record("NODE_FAIL")));
  CHECK(rows[0].ending == Ending::failed);
  CHECK(rows[0].exit_code == 0);
  rows = queue("1|0|2|RUNNING|1000|1010|N/A|2|n[1-2]|hpo-x|None");
  complete(rows, accounting(record("FAILED", "1:0")));
  CHECK(rows[0].phase == Phase::running);
}

TEST_CASE("snapshot: nothing to ask for is known without asking") {
  const auto snapshot = look({});
  CHECK(snapshot.queue_known);
  CHECK(snapshot.accounting_known);
}

TEST_CASE("snapshot: the first task of each array that Slurm expects to start, and why it waits") {
  const auto expected =
      parse_expected("8|N/A|Priority\n8|2000|Resources\n8|1500|Resources\n9|N/A|Dependency\n");
  REQUIRE(expected.size() == 2);
  CHECK(expected[0].array == "8");
  CHECK(expected[0].start == 1500);
  CHECK(expected[0].reason == "Resources");
  CHECK(expected[1].start == 0);
}
