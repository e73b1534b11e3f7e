// SPDX-License-Identifier: Apache-2.0
#include "train/comm/watchdog.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "support/scratch.hpp"
#include "unit/train/expect_error.hpp"

namespace hpo::train::comm {
namespace {

std::atomic<double> g_now = 0;
double fake_clock() {
  return g_now;
}

/// A watchdog whose time goes by when the test says so, and whose process does not end.
class Kennel {
 public:
  Kennel() : dog_(setup()) { dog_.keep_in(scratch_.path(), "flight.t1"); }

  Watchdog& dog() { return dog_; }
  /// Looks four times a second for so long.
  void pass(double seconds) {
    for (int i = 0; i < static_cast<int>(seconds * 4); ++i) {
      g_now += 0.25;
      dog_.look();
    }
  }
  /// Begins `count` steps, each of so many seconds.
  void steps(int count, double seconds) {
    for (int i = 0; i < count; ++i) {
      dog_.enter(Phase::step, ++step_);
      g_now += seconds;
    }
    dog_.enter(Phase::step, ++step_);
    dog_.look();
  }
  std::vector<int> exits;
  std::string said;

  [[nodiscard]] nlohmann::json record() const {
    return nlohmann::json::parse(test::slurp(scratch_ / "flight.t1.rank1.json"));
  }
  [[nodiscard]] bool has_record() const {
    return boost::filesystem::exists(scratch_ / "flight.t1.rank1.json");
  }
  [[nodiscard]] std::string file() const { return (scratch_ / "flight.t1.rank1.json").string(); }

 private:
  Watchdog::Setup setup() {
    unsetenv("HPO_COMM_TIMEOUT");
    g_now = 1000;
    Watchdog::Setup setup;
    setup.rank = 1;
    setup.size = 4;
    setup.clock = fake_clock;
    setup.exit = [this](int code) { exits.push_back(code); };
    setup.say = [this](const std::string& words) {
      const std::lock_guard lock(mutex_);
      said += words;
    };
    setup.has_thread = false;
    return setup;
  }

  std::mutex mutex_;
  test::Scratch scratch_;
  int step_ = 0;
  Watchdog dog_;
};

TEST_CASE("watchdog: a collective past its deadline ends the process with 75, its record and what hangs") {
  Kennel kennel;
  kennel.dog().set_timeout(8);
  kennel.dog().enter(Phase::step, 12);
  const Watchdog::Collective collective(kennel.dog(), "all_reduce float sum", 7460);
  kennel.pass(7);
  CHECK(kennel.exits.empty());
  kennel.pass(2);
  CHECK(kennel.exits == std::vector{75});
  for (const char* part : {"rank 1 of 4 on ", "all_reduce float sum, collective 1, 7460 bytes", "step 12",
                           "its deadline was 8 s", "try: ", "run the same task again"})
    CHECK_MESSAGE(contains(kennel.said, part), part);
  CHECK(contains(kennel.said, kennel.file()));
  const auto record = kennel.record();
  CHECK(record["collectives"][0]["state"] == "running");
  CHECK(record["rank"] == 1);
  kennel.pass(20);
  CHECK(kennel.exits.size() == 1);
}

TEST_CASE(
    "watchdog: collectives that end have no deadline, however many there are and however long between") {
  Kennel kennel;
  kennel.dog().set_timeout(8);
  for (int i = 0; i < 20; ++i) {
    {
      const Watchdog::Collective collective(kennel.dog(), "barrier", 0);
      kennel.pass(5);
    }
    kennel.pass(5);
  }
  CHECK(kennel.exits.empty());
  CHECK(kennel.said.empty());
  for (const auto& one : kennel.dog().recorder().read()) CHECK(one.state == CollectiveState::done);
}

TEST_CASE("watchdog: the time that the process itself was stopped does not count") {
  Kennel kennel;
  kennel.dog().set_timeout(30);
  const Watchdog::Collective collective(kennel.dog(), "barrier", 0);
  kennel.pass(10);
  g_now += 86400;  // suspended over night
  kennel.pass(10);
  CHECK(kennel.exits.empty());
  kennel.pass(10);
  CHECK(kennel.exits == std::vector{75});
}

TEST_CASE(
    "watchdog: at three quarters of the deadline the record is there already, and goes when all was well") {
  Kennel kennel;
  kennel.dog().set_timeout(20);
  auto collective = std::make_unique<Watchdog::Collective>(kennel.dog(), "barrier", 0);
  kennel.pass(14);
  CHECK(!kennel.has_record());
  kennel.pass(2);
  while (!kennel.has_record()) std::this_thread::yield();
  collective.reset();
  kennel.pass(100);
  CHECK(kennel.exits.empty());
}

TEST_CASE("watchdog: a rank that does not come to its next collective leaves its record but is not ended") {
  Kennel kennel;
  kennel.dog().set_timeout(20);
  { const Watchdog::Collective collective(kennel.dog(), "barrier", 0); }
  kennel.pass(16);
  while (!kennel.has_record()) std::this_thread::yield();
  CHECK(contains(kennel.record()["reason"], "has not come to its next collective"));
  kennel.pass(1000);
  CHECK(kennel.exits.empty());
}

TEST_CASE("watchdog: when a run is at its end nobody is missed") {
  Kennel kennel;
  kennel.dog().set_timeout(20);
  { const Watchdog::Collective collective(kennel.dog(), "barrier", 0); }
  kennel.dog().enter(Phase::end, 5);
  kennel.pass(100);
  CHECK(!kennel.has_record());
}

TEST_CASE("watchdog: the deadline is long at first and wherever one rank may have to be waited for") {
  Kennel kennel;
  Watchdog& dog = kennel.dog();
  CHECK(dog.deadline() == 600);
  kennel.steps(3, 0.1);
  CHECK(dog.deadline() == 600);  // libraries start, nothing is measured
  kennel.steps(10, 0.1);
  CHECK(dog.deadline() == 60);
  dog.enter(Phase::checkpoint, 14);
  CHECK(dog.deadline() == 600);
  dog.enter(Phase::step, 14);
  CHECK(dog.deadline() == 60);
}

TEST_CASE("watchdog: slow steps have a deadline of twenty of them, and then all else has no shorter one") {
  Kennel kennel;
  kennel.steps(10, 10);
  CHECK(kennel.dog().deadline() == 200);
  kennel.dog().enter(Phase::evaluation, 10);
  CHECK(kennel.dog().deadline() == 600);
  Kennel slower;
  slower.steps(10, 50);
  CHECK(slower.dog().deadline() == 1000);
  slower.dog().enter(Phase::evaluation, 10);
  CHECK(slower.dog().deadline() == 1000);
}

TEST_CASE("watchdog: what comes between two steps is no part of a step") {
  Kennel kennel;
  for (int i = 0; i < 20; ++i) {
    kennel.dog().enter(Phase::step, i);
    g_now += 0.5;
    kennel.dog().enter(Phase::evaluation, i);
    g_now += 500;
  }
  kennel.dog().enter(Phase::step, 20);
  CHECK(kennel.dog().deadline() == 60);
}

TEST_CASE("watchdog: a timeout of the user's holds everywhere, the environment's above the configuration's") {
  Kennel kennel;
  kennel.dog().set_timeout(5);
  CHECK(kennel.dog().deadline() == 5);
  kennel.steps(10, 0.1);
  CHECK(kennel.dog().deadline() == 5);
  kennel.dog().set_timeout(0);
  CHECK(kennel.dog().deadline() == 60);
  setenv("HPO_COMM_TIMEOUT", "2.5", 1);
  Watchdog::Setup setup;
  setup.has_thread = false;
  Watchdog dog(setup);
  dog.set_timeout(7);
  CHECK(dog.deadline() == 2.5);
  for (const char* nonsense : {"soon", "0", "-1", "nan"}) {
    setenv("HPO_COMM_TIMEOUT", nonsense, 1);
    CHECK(error_of([&] { Watchdog{setup}; }).code() == ExitCode::usage);
  }
  unsetenv("HPO_COMM_TIMEOUT");
}

TEST_CASE("watchdog: the hook runs after the record is written and before the process ends") {
  Kennel kennel;
  bool had_record = false, had_ended = true;
  kennel.dog().on_expiry([&] {
    had_record = kennel.has_record();
    had_ended = !kennel.exits.empty();
  });
  kennel.dog().set_timeout(1);
  const Watchdog::Collective collective(kennel.dog(), "barrier", 0);
  kennel.pass(3);
  CHECK(had_record);
  CHECK(!had_ended);
  CHECK(kennel.exits == std::vector{75});
}

TEST_CASE("watchdog: a hook that throws or hangs does not keep the process from ending") {
  std::vector<int> exits;
  std::promise<void> go_on, has_ended;
  {
    Watchdog::Setup setup;
    setup.clock = fake_clock;
    setup.exit = [&](int code) { exits.push_back(code); };
    setup.say = [](const std::string&) {};
    setup.last_words_s = 0.05;
    setup.has_thread = false;
    for (const bool is_hanging : {false, true}) {
      const test::Scratch scratch;
      g_now = 0;
      Watchdog dog(setup);
      dog.keep_in(scratch.path(), "flight");
      dog.on_expiry([&, is_hanging] {
        if (!is_hanging) throw hpo::Error("ncclCommAbort", "failed");
        go_on.get_future().wait();
        has_ended.set_value();
      });
      dog.set_timeout(0.5);
      const Watchdog::Collective collective(dog, "barrier", 0);
      for (int i = 0; i < 5; ++i) {
        g_now += 0.25;
        dog.look();
      }
    }
  }
  CHECK(exits == std::vector{75, 75});
  go_on.set_value();
  has_ended.get_future().wait();
}

TEST_CASE("watchdog: a record that cannot go where it should goes to the directory for temporary files") {
  const test::Scratch scratch;
  setenv("TMPDIR", scratch.path().c_str(), 1);
  const auto here = boost::filesystem::current_path();
  boost::filesystem::current_path("/proc");
  Kennel kennel;
  kennel.dog().keep_in("/proc/nowhere", "flight.t1");
  const auto file = kennel.dog().dump("because");
  boost::filesystem::current_path(here);
  unsetenv("TMPDIR");
  CHECK(file == scratch / "flight.t1.rank1.json");
  CHECK(nlohmann::json::parse(test::slurp(file))["reason"] == "because");
}

TEST_CASE("watchdog: a collective that an exception leaves is not done") {
  Kennel kennel;
  try {
    const Watchdog::Collective collective(kennel.dog(), "barrier", 0);
    throw hpo::Error("MPI_Barrier", "failed");
  } catch (const hpo::Error&) {
    CHECK(kennel.dog().recorder().read(1).state == CollectiveState::running);
  }
  kennel.dog().set_timeout(1);
  kennel.pass(100);
  CHECK(kennel.exits.empty());
}

TEST_CASE("watchdog: its own thread sees a deadline pass, with no signals taken") {
  const test::Scratch scratch;
  std::promise<int> ended;
  Watchdog::Setup setup;
  setup.exit = [&](int code) { ended.set_value(code); };
  setup.say = [](const std::string&) {};
  Watchdog dog(setup);
  dog.keep_in(scratch.path(), "flight");
  dog.set_timeout(0.1);
  const Watchdog::Collective collective(dog, "barrier", 0);
  CHECK(ended.get_future().get() == 75);
}

}  // namespace
}  // namespace hpo::train::comm
