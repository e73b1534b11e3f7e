// SPDX-License-Identifier: Apache-2.0
#include "exchange/manifest.hpp"

#include <doctest/doctest.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "support/message.hpp"
#include "support/scratch.hpp"

using namespace hpo;
using namespace hpo::exchange;
using hpo::test::message;
using hpo::test::Scratch;
using hpo::test::slurp;
using hpo::test::spill;

namespace {

Manifest sample(std::size_t tasks = 3) {
  Manifest m;
  m.study_uuid = "0123456789abcdef", m.study_name = "fashion", m.submission = "hpo-fashion-b0-r1";
  m.bracket = 0, m.rung = 1, m.budget = 3, m.horizon = 9, m.unit = "epoch";
  m.metrics = {"valid_error"};
  m.train = {{"optimizer", {{"lr", "{lr}"}}}};
  for (std::size_t i = 0; i < tasks; ++i) {
    TaskOrder t;
    t.trial = static_cast<std::int32_t>(10 * i);
    t.seed = 0xFFFFFFFFFFFFFFF0ULL + i;
    t.params = {{"lr", 0.1 / static_cast<double>(i + 1)}, {"optimizer", "sgd\n"}};
    if (i == 1) t.inactive = {"momentum"};
    t.resume_from = i == 2 ? "ckpt/t00000020" : "";
    m.tasks.push_back(t);
  }
  return m;
}

std::string text(const Manifest& m) {
  std::string all =
      m.study_uuid + m.study_name + m.submission + m.unit + m.train.dump() + std::to_string(m.budget);
  for (const auto& name : m.metrics) all += name;
  for (const auto& word : m.command) all += word;
  return all;
}

std::string text(const TaskOrder& t) {
  std::string all = std::to_string(t.trial) + std::to_string(t.seed) + t.params.dump() + t.resume_from;
  for (const auto& name : t.inactive) all += name;
  return all;
}

}  // namespace

TEST_CASE("manifest: what is written is read, whole or one task at a time") {
  const Scratch scratch;
  const auto m = sample();
  write_manifest(scratch / "m", m);
  const auto back = read_manifest(scratch / "m");
  CHECK(text(back) == text(m));
  REQUIRE(back.tasks.size() == 3);
  for (std::int32_t i = 0; i < 3; ++i) {
    const auto& task = m.tasks[static_cast<std::size_t>(i)];
    CHECK(text(back.tasks[static_cast<std::size_t>(i)]) == text(task));
    const auto assignment = read_assignment(scratch / "m", i);
    CHECK(text(assignment.task) == text(task));
    CHECK(text(assignment.manifest) == text(m));
    CHECK(assignment.manifest.tasks.empty());
    CHECK(assignment.index == i);
    CHECK(assignment.count == 3);
  }
}

TEST_CASE("manifest: its file cannot be written to") {
  const Scratch scratch;
  write_manifest(scratch / "m", sample());
  CHECK(file_system().status(scratch / "m")->mode == 0400);
}

TEST_CASE("manifest: a head longer than the first read, and a command instead of a trainer") {
  const Scratch scratch;
  auto m = sample(1);
  m.train = nullptr;
  m.command = {"python3", "train.py", std::string(40000, 'x')};
  write_manifest(scratch / "m", m);
  const auto back = read_assignment(scratch / "m", 0);
  CHECK(text(back.manifest) == text(m));
  CHECK(back.manifest.train.is_null());
}

TEST_CASE("manifest: damaged at any byte, each task is read whole or refused in a sentence") {
  const Scratch scratch;
  const fs::path file = scratch / "m";
  const auto m = sample();
  write_manifest(file, m);
  const std::string bytes = slurp(file);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ 0x11);
    spill(file, bad);
    REQUIRE_THROWS_AS((void)read_manifest(file), Error);
    int refused = 0;
    for (std::int32_t i = 0; i < 3; ++i) {
      try {
        const std::string read = text(read_assignment(file, i).task);
        REQUIRE(read == text(m.tasks[static_cast<std::size_t>(i)]));
      } catch (const Error&) {
        ++refused;
      }
    }
    REQUIRE((refused == 1 || refused == 3));
  }
}

TEST_CASE("manifest: cut at any byte it is refused in a sentence") {
  const Scratch scratch;
  const fs::path file = scratch / "m";
  write_manifest(file, sample());
  const std::string bytes = slurp(file);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    spill(file, bytes.substr(0, cut));
    REQUIRE_THROWS_AS((void)read_manifest(file), Error);
    REQUIRE_THROWS_AS((void)read_assignment(file, 2), Error);
  }
}

TEST_CASE("manifest: a line of another manifest is refused") {
  const Scratch scratch;
  auto other = sample();
  other.budget = 4;
  write_manifest(scratch / "a", sample());
  write_manifest(scratch / "b", other);
  const std::string a = slurp(scratch / "a"), b = slurp(scratch / "b");
  REQUIRE(a.size() == b.size());
  const auto last = a.rfind('\n', a.size() - 2) + 1;
  spill(scratch / "c", a.substr(0, last) + b.substr(last));
  CHECK_NOTHROW((void)read_assignment(scratch / "c", 1));
  CHECK_THROWS_AS((void)read_assignment(scratch / "c", 2), Error);
}

TEST_CASE("manifest: each refusal says what is wrong and what to do") {
  const Scratch scratch;
  const std::string file = (scratch / "m").string();
  CHECK(message([&] { (void)read_assignment(file, 0); }) ==
        file + ": does not exist | run the command that submits the rung again: it writes what is missing");
  write_manifest(file, sample());
  CHECK(message([&] { (void)read_assignment(file, 3); }) ==
        file + ": has 3 tasks, there is no task 3 | submit the array with the indices of its script");
  CHECK_THROWS_AS((void)read_assignment(file, -1), Error);
  std::string bytes = slurp(file);
  spill(file, "HPOMANIFEST 2 " + bytes.substr(14));
  CHECK(message([&] { (void)read_assignment(file, 0); }) ==
        file + ": has format 2, this program knows 1 | install a newer hpo-batch");
  spill(file, "#!/bin/sh\n");
  CHECK(message([&] { (void)read_assignment(file, 0); }) == file + ": is not a manifest of hpo-batch");
}
