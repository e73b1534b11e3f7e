// SPDX-License-Identifier: Apache-2.0
// Segments and manifests under every possible end of their writer.
#include <doctest/doctest.h>

#include <boost/filesystem/operations.hpp>
#include <cerrno>

#include "base/error.hpp"
#include "crash/crash.hpp"
#include "exchange/manifest.hpp"
#include "exchange/segment.hpp"
#include "support/scratch.hpp"

using namespace hpo;
using namespace hpo::exchange;
using namespace hpo::test;

namespace {

constexpr std::size_t kRecords = 5;

void write_segment(const fs::path& segments) {
  Started who;
  who.study_uuid = "0123456789abcdef", who.trial = 3, who.time = 1;
  auto writer = SegmentWriter::create(segments, who);
  writer.write(Reported{1, 2, {{"loss", 0.5}}});
  writer.write(Checkpointed{1, 3, "ckpt/x"});
  writer.write(Reported{2, 4, {{"loss", 0.25}}});
  writer.write(Ended{Ending::finished, 2, 5, 0, ""});
}

void audit_segment(const fs::path& segments, bool acknowledged) {
  for (const auto& name : list_segments(segments, 3, 0, 0)) {
    const auto reading = read_segment(name.path(segments), {});
    REQUIRE(reading.records.size() <= kRecords);
    REQUIRE(!reading.damaged);
    if (!reading.records.empty()) REQUIRE(std::get<Started>(reading.records[0]).ordinal == 0);
    if (acknowledged) REQUIRE(reading.records.size() == kRecords);
  }
  const std::size_t before = list_segments(segments, 3, 0, 0).size();
  write_segment(segments);
  const auto names = list_segments(segments, 3, 0, 0);
  REQUIRE(names.size() == before + 1);
  REQUIRE(read_segment(names.back().path(segments), {}).records.size() == kRecords);
}

Manifest manifest() {
  Manifest m;
  m.submission = "hpo-x";
  m.tasks.resize(2);
  m.tasks[1].trial = 7;
  m.tasks[1].params = {{"lr", 0.1}};
  m.tasks[0].params = nlohmann::ordered_json::object();
  return m;
}

// Under its name there is nothing or all of it; writing it again is always possible.
void audit_manifest(const fs::path& file, bool acknowledged) {
  if (fs::exists(file)) {
    REQUIRE(read_manifest(file).tasks.at(1).trial == 7);
  } else {
    REQUIRE(!acknowledged);
  }
  write_manifest(file, manifest());
  REQUIRE(read_assignment(file, 1).task.trial == 7);
}

// Kills and failures at every operation of `act`, each in a fresh place.
template <class Act, class Audit>
void everywhere(Act act, Audit audit) {
  std::vector<Faults> kills;
  {
    const Scratch scratch;
    kills = all_kills([&] { act(scratch.path()); });
  }
  REQUIRE(kills.size() > 4);
  for (const auto& kill : kills) {
    CAPTURE(kill.kill_at);
    const Scratch scratch;
    REQUIRE(in_child(kill, [&] { act(scratch.path()); }) == Fate::killed);
    audit(scratch.path(), false);
  }
  for (std::uint64_t at = 1; at <= kills.size(); ++at) {
    CAPTURE(at);
    for (const int error : {ENOSPC, EIO, EDQUOT}) {
      for (const bool sticky : {false, true}) {
        const Scratch scratch;
        Faults faults;
        faults.error_at = at, faults.error = error, faults.sticky = sticky;
        const bool finished = here(faults, [&] { act(scratch.path()); }) == Fate::finished;
        audit(scratch.path(), finished);
      }
    }
  }
}

}  // namespace

TEST_CASE(
    "crash: a segment whose writer dies or fails at every operation is a whole beginning, and the next "
    "attempt has its own") {
  everywhere([](const fs::path& where) { write_segment(where / "seg"); },
             [](const fs::path& where, bool acknowledged) { audit_segment(where / "seg", acknowledged); });
}

TEST_CASE("crash: a manifest whose writer dies or fails at every operation is whole or not there") {
  everywhere([](const fs::path& where) { write_manifest(where / "m", manifest()); },
             [](const fs::path& where, bool acknowledged) { audit_manifest(where / "m", acknowledged); });
}

TEST_CASE("crash: a failed write asks for another try, and nothing more is written behind it") {
  const Scratch scratch;
  const auto create = [&] { return SegmentWriter::create(scratch / "seg", Started{}); };
  Faults faults;
  faults.error_at = count_operations([&] { (void)create(); }) + 1;
  faults.error = EIO;
  fs::remove_all(scratch / "seg");
  FaultFileSystem files(faults);
  const Installed installed(files);
  auto writer = create();
  try {
    writer.write(Noted{1, "lost"});
    FAIL("the write should have failed");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::try_again);
  }
  CHECK_THROWS_AS(writer.write(Noted{2, "after"}), Error);
  const auto reading = read_segment(writer.name().path(scratch / "seg"), {});
  CHECK(reading.records.size() == 1);
  CHECK(!reading.damaged);
}
