// SPDX-License-Identifier: Apache-2.0
#include "exchange/segment.hpp"

#include <doctest/doctest.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "exchange/record.hpp"
#include "support/message.hpp"
#include "support/scratch.hpp"

using namespace hpo;
using namespace hpo::exchange;
using hpo::test::Scratch;
using hpo::test::slurp;
using hpo::test::spill;

namespace {

Started somebody(std::int32_t trial = 18, int rung = 1) {
  Started who;
  who.study_uuid = "0123456789abcdef", who.submission = "hpo-s", who.nonce = "00ff00ff00ff00ff";
  who.trial = trial, who.rung = rung, who.time = 1000;
  return who;
}

// A segment of five records; returns its file.
fs::path write_sample(const Scratch& scratch) {
  auto writer = SegmentWriter::create(scratch / "seg", somebody());
  writer.write(Reported{1, 1001, {{"loss", 0.5}}});
  writer.write(Noted{1002, "slow disk"});
  writer.write(Checkpointed{2, 1003, "ckpt/x"});
  writer.write(Ended{Ending::finished, 3, 1004, 0, ""});
  return writer.name().path(scratch / "seg");
}

std::vector<std::string> texts(const std::vector<Record>& records) {
  std::vector<std::string> all;
  for (const auto& record : records) all.push_back(encode_record(record));
  return all;
}

// Offsets behind each record.
std::vector<std::size_t> ends_of(const std::string& bytes) {
  std::vector<std::size_t> ends;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (bytes[i] == '\n') ends.push_back(i + 1);
  return ends;
}

}  // namespace

TEST_CASE("segment: its name says whose it is") {
  const SegmentName name{18, 0, 1, 2};
  CHECK(name.path("seg") == fs::path("seg/2/t00000018.b0.r1.a02.seg"));
  const auto back = SegmentName::parse("t00000018.b0.r1.a02.seg");
  REQUIRE(back);
  CHECK(back->path("seg") == name.path("seg"));
  for (const char* text :
       {"t18.b0.r1.a02.seg", "t00000018.b0.r1.a02.tmp", ".t00000018.b0.r1.a02.seg", "", "t.b.r.a.seg",
        "t00000018.b-1.r1.a02.seg", "t99999999999.b0.r1.a00.seg", "t00000018.b0.r1.a02.seg.seg"})
    CHECK_MESSAGE(!SegmentName::parse(text), text);
}

TEST_CASE("segment: what is written is read, and the position is behind it") {
  const Scratch scratch;
  const fs::path file = write_sample(scratch);
  const auto reading = read_segment(file, {});
  REQUIRE(reading.records.size() == 5);
  CHECK(std::get<Started>(reading.records[0]).trial == 18);
  CHECK(std::get<Reported>(reading.records[1]).metrics[0].second == 0.5);
  CHECK(std::get<Ended>(reading.records[4]).how == Ending::finished);
  CHECK(reading.position.offset == fs::file_size(file));
  CHECK(reading.position.sequence == 5);
  CHECK(!reading.damaged);
  CHECK(read_segment(file, reading.position).records.empty());
}

TEST_CASE("segment: cut at any byte, the whole records before are read and the rest later") {
  const Scratch scratch;
  const fs::path file = write_sample(scratch);
  const std::string bytes = slurp(file);
  const auto all = texts(read_segment(file, {}).records);
  const auto ends = ends_of(bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    spill(file, bytes.substr(0, cut));
    const auto first = read_segment(file, {});
    const auto whole =
        static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), cut) - ends.begin());
    REQUIRE(first.records.size() == whole);
    REQUIRE(!first.damaged);
    spill(file, bytes);
    auto joined = texts(first.records);
    for (const auto& text : texts(read_segment(file, first.position).records)) joined.push_back(text);
    REQUIRE(joined == all);
  }
}

TEST_CASE("segment: a damaged byte anywhere never changes a record, and those before it are read") {
  const Scratch scratch;
  const fs::path file = write_sample(scratch);
  const std::string bytes = slurp(file);
  const auto all = texts(read_segment(file, {}).records);
  const auto ends = ends_of(bytes);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const char flip : {'\x01', '\x20', '\x80', '\x7f'}) {
      std::string bad = bytes;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      spill(file, bad);
      const auto reading = read_segment(file, {});
      const auto whole =
          static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), at) - ends.begin());
      REQUIRE(reading.records.size() >= whole);
      const auto got = texts(reading.records);
      REQUIRE(std::equal(got.begin(), got.end(), all.begin()));
      REQUIRE((reading.damaged || reading.records.size() == all.size() || at + 1 == bytes.size()));
    }
  }
}

TEST_CASE("segment: a tail of zeros, as a crashed node leaves it, is not consumed") {
  const Scratch scratch;
  const fs::path file = write_sample(scratch);
  const std::string bytes = slurp(file);
  spill(file, bytes + std::string(4096, '\0'));
  const auto reading = read_segment(file, {});
  CHECK(reading.records.size() == 5);
  CHECK(reading.position.offset == bytes.size());
  CHECK(!reading.damaged);
}

TEST_CASE("segment: a record taken out, doubled or swapped is damage") {
  const Scratch scratch;
  const fs::path file = write_sample(scratch);
  const std::string bytes = slurp(file);
  const auto ends = ends_of(bytes);
  const auto line = [&](std::size_t i) {
    return bytes.substr(i == 0 ? 0 : ends[i - 1], ends[i] - (i == 0 ? 0 : ends[i - 1]));
  };
  for (const std::string& bad :
       {line(0) + line(2), line(0) + line(0), line(0) + line(2) + line(1), line(1)}) {
    spill(file, bad);
    const auto reading = read_segment(file, {});
    CHECK(reading.damaged);
    CHECK(reading.records.size() <= 1);
  }
}

TEST_CASE("segment: no two attempts share a file, and the older one notices") {
  const Scratch scratch;
  auto first = SegmentWriter::create(scratch / "seg", somebody());
  CHECK(!first.superseded());
  const auto second = SegmentWriter::create(scratch / "seg", somebody());
  CHECK(first.name().ordinal == 0);
  CHECK(second.name().ordinal == 1);
  CHECK(first.superseded());
  CHECK(!second.superseded());
  CHECK(std::get<Started>(read_segment(second.name().path(scratch / "seg"), {}).records.at(0)).ordinal == 1);
}

TEST_CASE("segment: all segments are listed by trial, one task's by attempt, and nothing else") {
  const Scratch scratch;
  CHECK(list_segments(scratch / "seg").empty());
  for (const std::int32_t trial : {33, 2, 18}) (void)SegmentWriter::create(scratch / "seg", somebody(trial));
  (void)SegmentWriter::create(scratch / "seg", somebody(2, 0));
  (void)SegmentWriter::create(scratch / "seg", somebody(2));
  spill(scratch / "seg" / "2" / ".hidden", "x");
  std::vector<std::int32_t> trials;
  for (const auto& name : list_segments(scratch / "seg")) trials.push_back(name.trial);
  CHECK(trials == std::vector<std::int32_t>{2, 2, 2, 18, 33});
  const auto attempts = list_segments(scratch / "seg", 2, 0, 1);
  REQUIRE(attempts.size() == 2);
  CHECK(attempts[1].ordinal == 1);
}

TEST_CASE("segment: a long message is shortened, a record over 64 KiB refused, and one below passes") {
  const Scratch scratch;
  auto writer = SegmentWriter::create(scratch / "seg", somebody());
  writer.write(Noted{1, std::string(1000000, '\x01')});
  Metrics many;
  for (int i = 0; i < 2000; ++i) many.emplace_back("metric number " + std::to_string(i), i);
  writer.write(Reported{1, 2, many});
  for (int i = 0; i < 2000; ++i) many.emplace_back("another metric number " + std::to_string(i), i);
  const auto said = test::message([&] { writer.write(Reported{1, 2, many}); });
  CHECK(said.find("is too long (at most 65536) | report fewer metrics at a time") != std::string::npos);
  writer.write(Ended{Ending::finished, 1, 3, 0, ""});
  const auto reading = read_segment(writer.name().path(scratch / "seg"), {});
  REQUIRE(reading.records.size() == 4);
  CHECK(std::get<Noted>(reading.records[1]).text.size() < 10000);
  CHECK(std::get<Reported>(reading.records[2]).metrics.size() == 2000);
}

TEST_CASE("segment: nothing follows the end") {
  const Scratch scratch;
  auto writer = SegmentWriter::create(scratch / "seg", somebody());
  writer.write(Ended{Ending::failed, 1, 3, 1, "no"});
  CHECK_THROWS_AS(writer.write(Noted{1, "more"}), Error);
}
