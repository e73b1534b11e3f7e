// SPDX-License-Identifier: Apache-2.0
#include "train/comm/rendezvous.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "support/scratch.hpp"
#include "unit/train/expect_error.hpp"

namespace hpo::train::comm {
namespace {

using test::Scratch;

const std::string kId("\0NCCL's id \xff\n", 13);

/// What each rank got: the text, or "error: " and what was thrown.
using Outcome = std::vector<std::string>;

std::string one(const Place& me, const RendezvousPlace& where, const std::string& text = kId) {
  try {
    return meet(me, where, [&] { return text; });
  } catch (const Error& error) {
    return "error: " + std::string(error.what());
  }
}

/// All these ranks of `size` at once, a thread each.
Outcome together(const std::vector<int>& ranks, int size, const RendezvousPlace& where) {
  Outcome outcome(ranks.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < ranks.size(); ++i)
    threads.emplace_back([&, i] { outcome[i] = one({ranks[i], size}, where); });
  for (std::thread& thread : threads) thread.join();
  return outcome;
}

std::size_t count_files(const Scratch& scratch) {
  return file_system().list(scratch.path()).size();
}

TEST_CASE("rendezvous: every rank gets rank 0's text, bit for bit, and no file is left") {
  const Scratch scratch;
  for (const int size : {1, 2, 5}) {
    std::vector<int> ranks;
    for (int rank = size - 1; rank >= 0; --rank) ranks.push_back(rank);
    const Outcome outcome = together(ranks, size, {scratch.path() / "made", "run-1", 20});
    for (const std::string& text : outcome) CHECK(text == kId);
    CHECK(file_system().list(scratch.path() / "made").empty());
  }
}

TEST_CASE("rendezvous: two runs meet in one directory without seeing each other") {
  const Scratch scratch;
  std::map<std::string, Outcome> outcomes{{"a", {}}, {"b", {}}};
  std::vector<std::thread> runs;
  for (auto& entry : outcomes)
    runs.emplace_back([&scratch, &entry] {
      std::vector<std::thread> ranks;
      entry.second.resize(3);
      for (int rank = 0; rank < 3; ++rank)
        ranks.emplace_back([&scratch, &entry, rank] {
          entry.second[static_cast<std::size_t>(rank)] =
              one({rank, 3}, {scratch.path(), entry.first, 20}, entry.first);
        });
      for (std::thread& rank : ranks) rank.join();
    });
  for (std::thread& run : runs) run.join();
  CHECK(outcomes["a"] == Outcome{"a", "a", "a"});
  CHECK(outcomes["b"] == Outcome{"b", "b", "b"});
}

TEST_CASE("rendezvous: what an earlier run of the same name has left is not believed") {
  const Scratch scratch;
  const RendezvousPlace where{scratch.path(), "job-7", 20};
  // Ranks that died while they waited, and a rank 0 that died when it had answered.
  for (const char* name : {"job-7.hello.0.1111111111111111", "job-7.hello.1.2222222222222222",
                           "job-7.hello.2.3333333333333333", "job-7.hello.9.4444444444444444"})
    test::spill(scratch / name, R"({"rank":1,"size":3,"nonce":"2222222222222222","host":"n1","pid":7})");
  test::spill(scratch / "job-7.reply.1.2222222222222222",
              R"({"nonce":"2222222222222222","size":3,"text":"00"})");
  test::spill(scratch / "job-7.reply.2.5555555555555555",
              R"({"nonce":"5555555555555555","size":3,"text":"00"})");
  // Rank 0 and the old hellos alone make no meeting.
  const Outcome alone = together({0}, 3, {scratch.path(), "job-7", 0.2});
  CHECK(contains(alone[0], "error: "));
  test::spill(scratch / "job-7.reply.1.2222222222222222", "");
  boost::filesystem::remove(scratch / "job-7.reply.1.2222222222222222");
  for (const std::string& text : together({0, 1, 2}, 3, where)) CHECK(text == kId);
}

TEST_CASE("rendezvous: a rank that comes when the others have their answer gets one too") {
  const Scratch scratch;
  const RendezvousPlace where{scratch.path(), "job", 20};
  test::spill(scratch / "job.hello.2.3333333333333333", "{}");  // its predecessor's
  Outcome early;
  std::thread others([&] { early = together({0, 1}, 3, where); });
  while (file_system().list(scratch.path()).empty()) std::this_thread::yield();
  // Rank 1 has its answer when its hello is gone; rank 0 waits on.
  const auto has_answered = [&] {
    for (const std::string& name : file_system().list(scratch.path()))
      if (contains(name, "job.reply.2.3333333333333333")) return true;
    return false;
  };
  while (!has_answered()) std::this_thread::yield();
  CHECK(one({2, 3}, where) == kId);
  others.join();
  CHECK(early == Outcome{kId, kId});
}

TEST_CASE("rendezvous: who has not come is named by every rank, and no file of the living stays") {
  const Scratch scratch;
  const Outcome outcome = together({0, 1, 2}, 4, {scratch.path(), "job", 0.3});
  for (const std::string& text : outcome) {
    CHECK(contains(text, "error: rank 3: of 4 has not come to " + scratch.path().string() + " within 0.3 s"));
  }
  CHECK(count_files(scratch) == 0);
  const Outcome headless = together({1, 2}, 3, {scratch.path(), "job", 0.3});
  for (const std::string& text : headless) CHECK(contains(text, "rank 0: of 3 has not come"));
}

TEST_CASE("rendezvous: two processes that take themselves for one rank are an error") {
  const Scratch scratch;
  const Outcome outcome = together({0, 1, 1, 2}, 3, {scratch.path(), "job", 5});
  // The second one has its answer too, or comes when all is over.
  CHECK((contains(outcome[0], "rank 1: there are two of them") || outcome[0] == kId));
  const Outcome heads = together({0, 0, 1}, 2, {scratch.path(), "twice", 1});
  int errors = 0;
  for (const int i : {0, 1}) errors += contains(heads[static_cast<std::size_t>(i)], "error: ") ? 1 : 0;
  CHECK(errors >= 1);
}

TEST_CASE("rendezvous: a rank that was told another number of ranks says so") {
  const Scratch scratch;
  Outcome outcome(2);
  std::thread zero([&] { outcome[0] = one({0, 2}, {scratch.path(), "job", 5}); });
  outcome[1] = one({1, 3}, {scratch.path(), "job", 5});
  zero.join();
  CHECK(contains(outcome[1], "was told of 3 ranks, rank 0 of 2"));
}

TEST_CASE(
    "rendezvous: rank 0 killed before it answers leaves the others with an error, and the next run well") {
  const Scratch scratch;
  const RendezvousPlace where{scratch.path(), "job", 0.5};
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    (void)one({0, 2}, {scratch.path(), "job", 60});
    ::_exit(0);
  }
  while (file_system().list(scratch.path()).empty()) std::this_thread::yield();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(contains(one({1, 2}, where), "rank 0: of 2 has not come"));
  CHECK(count_files(scratch) >= 1);  // the dead one's hello
  for (const std::string& text : together({1, 0}, 2, {scratch.path(), "job", 20})) CHECK(text == kId);
}

TEST_CASE("rendezvous: what rank 0 cannot make is its error, and a name that is no file's is refused") {
  const Scratch scratch;
  const auto fails = [&] {
    std::thread other([&] { (void)one({1, 2}, {scratch.path(), "job", 0.5}); });
    std::string what;
    try {
      (void)meet({0, 2}, {scratch.path(), "job", 5},
                 []() -> std::string { throw Error("NCCL", "has no id"); });
    } catch (const Error& error) {
      what = error.what();
    }
    other.join();
    return what;
  };
  CHECK(fails() == "NCCL: has no id");
  CHECK(count_files(scratch) == 0);
  CHECK(contains(one({1, 2}, {scratch.path(), "a/b", 1}), "cannot be a file's name"));
}

Variable variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const char* name) {
    const auto it = values.find(name);
    return it == values.end() ? std::string() : it->second;
  };
}

TEST_CASE("launch: rank and size come from the innermost launcher, or from a person") {
  const auto check = [](const Variable& from, int rank, int size) {
    const Place place = place_from(from);
    CHECK(place.rank == rank);
    CHECK(place.size == size);
  };
  check(variables({}), 0, 1);
  check(variables({{"SLURM_PROCID", "3"}, {"SLURM_NTASKS", "4"}}), 3, 4);
  check(variables({{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "8"}, {"SLURM_STEP_NUM_TASKS", "2"}}), 1, 2);
  check(variables({{"PMI_RANK", "2"}, {"PMI_SIZE", "3"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}}), 2,
        3);
  check(variables({{"OMPI_COMM_WORLD_RANK", "5"},
                   {"OMPI_COMM_WORLD_SIZE", "6"},
                   {"SLURM_PROCID", "1"},
                   {"SLURM_NTASKS", "2"}}),
        5, 6);
  check(variables({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}}), 1, 2);
  for (const char* rank : {"2", "-1", "one"}) {
    const Error error = error_of([&] { (void)place_from(variables({{"RANK", rank}, {"WORLD_SIZE", "2"}})); });
    CHECK(error.culprit() == "RANK and WORLD_SIZE");
  }
}

TEST_CASE("launch: requeued, restarted and neighbouring runs have names of their own, fit for a file") {
  std::map<std::string, std::string> job{
      {"SLURM_JOB_ID", "12"}, {"SLURM_ARRAY_TASK_ID", "3"}, {"SLURM_STEP_ID", "0"}};
  const std::string first = launch_name_from(variables(job));
  job["SLURM_RESTART_COUNT"] = "1";
  const std::string second = launch_name_from(variables(job));
  job["SLURM_STEP_ID"] = "1";
  CHECK(first != second);
  CHECK(second != launch_name_from(variables(job)));
  job["PMIX_NAMESPACE"] = "a/b@c";
  CHECK(launch_name_from(variables(job)).find_first_of("/@") == std::string::npos);
  CHECK(launch_name_from(variables({{"HPO_RENDEZVOUS", "mine"}, {"SLURM_JOB_ID", "12"}})) == "mine");
}

}  // namespace
}  // namespace hpo::train::comm
