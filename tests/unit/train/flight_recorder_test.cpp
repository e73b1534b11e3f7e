// SPDX-License-Identifier: Apache-2.0
#include "train/comm/flight_recorder.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "base/identity.hpp"
#include "support/scratch.hpp"

namespace hpo::train::comm {
namespace {

double g_time = 0;
double fake_clock() {
  return g_time;
}

TEST_CASE("flight recorder: a collective is enqueued, runs and is done, each at its time") {
  g_time = 100;
  FlightRecorder recorder(fake_clock);
  const Sequence bucket = recorder.enqueue("gradient", 4096, 3);
  g_time = 101;
  const Sequence blocking = recorder.begin("barrier", 0);
  CHECK(bucket == 1);
  CHECK(blocking == 2);
  CHECK(recorder.read(bucket).state == CollectiveState::enqueued);
  CHECK(recorder.read(blocking).state == CollectiveState::running);
  recorder.start(bucket);
  g_time = 102;
  recorder.finish(bucket);
  const RecordedCollective done = recorder.read(bucket);
  CHECK(done.state == CollectiveState::done);
  CHECK(std::string(done.what) == "gradient");
  CHECK(done.bucket == 3);
  CHECK(done.bytes == 4096);
  CHECK(done.enqueued == 100);
  CHECK(done.started == 101);
  CHECK(done.ended == 102);
}

TEST_CASE("flight recorder: it keeps the last 1024, oldest first") {
  FlightRecorder recorder;
  for (int i = 0; i < 3000; ++i) recorder.finish(recorder.begin("barrier", i));
  const auto kept = recorder.read();
  REQUIRE(kept.size() == FlightRecorder::kCapacity);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    CHECK(kept[i].sequence == 3000 - 1024 + 1 + i);
    CHECK(kept[i].bytes == static_cast<std::int64_t>(kept[i].sequence) - 1);
  }
}

TEST_CASE("flight recorder: news of a collective that has left the ring change nothing") {
  FlightRecorder recorder;
  const Sequence old = recorder.enqueue("gradient", 1);
  for (std::size_t i = 0; i < FlightRecorder::kCapacity; ++i) (void)recorder.begin("barrier", 2);
  recorder.finish(old);
  CHECK(recorder.read(old).sequence == 0);
  for (const auto& one : recorder.read()) CHECK(one.state == CollectiveState::running);
}

TEST_CASE(
    "flight recorder: the file is sound JSON that says whose it is and why, with times since its start") {
  g_time = 5;
  FlightRecorder recorder(fake_clock);
  recorder.enter(Phase::step, 17);
  recorder.finish(recorder.begin("all_reduce float sum", 400));
  g_time = 7.5;
  (void)recorder.enqueue("gradient", 100, 2);
  const test::Scratch scratch;
  recorder.write_json(scratch / "flight.json", {.rank = 2, .size = 4, .reason = "a \"quoted\" reason \xff"});
  const auto record = nlohmann::json::parse(test::slurp(scratch / "flight.json"));
  CHECK(record["schema"] == 1);
  CHECK(record["host"] == host_name());
  CHECK(record["rank"] == 2);
  CHECK(record["size"] == 4);
  CHECK(record["phase"] == "step");
  CHECK(record["step"] == 17);
  CHECK(record["newest"] == 2);
  REQUIRE(record["collectives"].size() == 2);
  const auto& first = record["collectives"][0];
  CHECK(first["what"] == "all_reduce float sum");
  CHECK(first["bytes"] == 400);
  CHECK(first["enqueued"] == 0);
  CHECK(first["ended"] == 0);
  CHECK(first["state"] == "done");
  CHECK(!first.contains("bucket"));
  const auto& second = record["collectives"][1];
  CHECK(second["bucket"] == 2);
  CHECK(second["enqueued"] == 2.5);
  CHECK(second["started"].is_null());
  CHECK(second["state"] == "enqueued");
}

TEST_CASE("flight recorder: a reader never sees half a record, however fast the writer is") {
  FlightRecorder recorder;
  std::atomic<bool> has_ended = false;
  std::thread writer([&] {
    for (std::int64_t i = 0; i < 200'000; ++i) recorder.finish(recorder.enqueue("x", i + 1, 7));
    has_ended = true;
  });
  std::int64_t seen = 0, torn = 0;
  while (!has_ended)
    for (const auto& one : recorder.read()) {
      ++seen;
      const bool is_whole = one.bytes == static_cast<std::int64_t>(one.sequence) && one.bucket == 7 &&
                            one.enqueued >= 0 && (one.state == CollectiveState::done) == (one.ended >= 0);
      torn += is_whole ? 0 : 1;
    }
  writer.join();
  CHECK(seen > 0);
  CHECK(torn == 0);
}

}  // namespace
}  // namespace hpo::train::comm
