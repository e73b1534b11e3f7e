// SPDX-License-Identifier: Apache-2.0
// A study under every possible end of its writers. After each: it is whole at that instant, nothing that was
// acknowledged is lost, nothing is there twice, and running the same command again puts everything right.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>
#include <cerrno>

#include "base/error.hpp"
#include "base/log.hpp"
#include "crash/crash.hpp"
#include "study/codec.hpp"
#include "study/generation.hpp"
#include "study/store.hpp"
#include "support/sample_study.hpp"
#include "support/scratch.hpp"

using namespace hpo;
using namespace hpo::test;
using study::Store;
using study::Study;

namespace {

const study::Provenance kWho{1.0, "test", "0.1.0", "test study.h5", "node", "ada", "", ""};
constexpr int kMarks = 9;  // the bracket whose rungs stand for effects

struct Quiet {
  Quiet() { log::set_level(log::Level::quiet); }
} const kQuiet;

Study initial() {
  return sample_study(small_toml(), 1, {2, 2});
}

bool add_mark(Study& study, int mark) {
  for (const auto& rung : study.rungs)
    if (rung.bracket == kMarks && rung.index == mark) return false;
  study.rungs.push_back({kMarks, mark, 1, study::RungState::open, 0, 0});
  return true;
}

void create(const fs::path& file) {
  (void)Store::create(file, initial(), kWho);
}

void update(const fs::path& file, int mark) {
  (void)Store::open(file).update([&](Study& study) { return add_mark(study, mark); }, kWho);
}

std::vector<int> marks(const Study& study) {
  std::vector<int> all;
  for (const auto& rung : study.rungs)
    if (rung.bracket == kMarks) all.push_back(rung.index);
  std::sort(all.begin(), all.end());
  return all;
}

// A study with marks 1 to 3: enough generations for the oldest to be collected.
class Prepared {
 public:
  Prepared() {
    create(scratch_ / "study.h5");
    for (int mark = 1; mark <= 3; ++mark) update(scratch_ / "study.h5", mark);
  }
  // Generations are never written to again, so a copy can share them.
  void copy_to(const fs::path& to) const { copy(scratch_.path(), to); }

 private:
  static void copy(const fs::path& from, const fs::path& to) {
    for (const auto& entry : fs::directory_iterator(from)) {
      const fs::path target = to / entry.path().filename();
      if (!fs::is_directory(entry.path())) {
        fs::create_hard_link(entry.path(), target);
        continue;
      }
      file_system().make_directory(target);
      copy(entry.path(), target);
    }
  }

  Scratch scratch_;
};

fs::path prepare(const Scratch& scratch) {
  static const Prepared prepared;
  prepared.copy_to(scratch.path());
  return scratch / "study.h5";
}

// NAME.h5 as somebody else's program sees it, at any instant: absent before the first commit, else whole.
std::vector<int> marks_in_file(const fs::path& file) {
  if (!fs::exists(file)) return {};
  const std::string bytes = slurp(file);
  REQUIRE_NOTHROW((void)study::verify(bytes, "study.h5"));
  const auto study = study::decode(bytes, "study.h5", "study.toml");
  REQUIRE(study.provenance.size() == marks(study).size() + 1);
  return marks(study);
}

// Whole now; either without or with the mark; with it, once, after the same command again; and tidy after the
// next one.
void audit_update(const fs::path& file, const std::vector<int>& before, int mark, bool acknowledged) {
  (void)marks_in_file(file);
  const auto seen = marks(Store::open(file).head().study);
  auto with = before;
  with.push_back(mark);
  REQUIRE((seen == with || (!acknowledged && seen == before)));
  update(file, mark);
  REQUIRE(marks_in_file(file) == with);
  update(file, mark + 1);
  with.push_back(mark + 1);
  REQUIRE(marks_in_file(file) == with);
  REQUIRE(file_system().list(file.string() + ".d/gen").size() == std::min<std::size_t>(3, with.size() + 1));
}

void audit_create(const fs::path& file, bool acknowledged) {
  (void)marks_in_file(file);
  try {
    create(file);
    REQUIRE(!acknowledged);
  } catch (const Error& error) {
    REQUIRE(error.reason() == "exists already");
    REQUIRE(fs::exists(file));
  }
  audit_update(file, {}, 1, false);
}

struct Failure {
  int error;
  bool sticky;
};
constexpr std::array<Failure, 4> kFailures{{{ENOSPC, false}, {ENOSPC, true}, {EIO, false}, {EIO, true}}};

Faults failing(std::uint64_t at, Failure failure) {
  Faults faults;
  faults.error_at = at;
  faults.error = failure.error;
  faults.sticky = failure.sticky;
  return faults;
}

// What can be killed, and counted, of each.
std::vector<Faults> kills_of_create() {
  const Scratch scratch;
  return all_kills([&] { create(scratch / "study.h5"); });
}

std::vector<Faults> kills_of_update() {
  const Scratch scratch;
  const fs::path file = prepare(scratch);
  return all_kills([&] { update(file, 4); });
}

}  // namespace

TEST_CASE("crash: creation killed before every operation, and torn") {
  const auto kills = kills_of_create();
  REQUIRE(kills.size() > 20);
  for (const auto& kill : kills) {
    CAPTURE(kill.kill_at);
    const Scratch scratch;
    REQUIRE(in_child(kill, [&] { create(scratch / "study.h5"); }) == Fate::killed);
    audit_create(scratch / "study.h5", false);
  }
}

TEST_CASE("crash: update and collection of old generations killed before every operation, and torn") {
  const auto kills = kills_of_update();
  REQUIRE(kills.size() > 20);
  for (const auto& kill : kills) {
    CAPTURE(kill.kill_at);
    const Scratch scratch;
    const fs::path file = prepare(scratch);
    REQUIRE(in_child(kill, [&] { update(file, 4); }) == Fate::killed);
    audit_update(file, {1, 2, 3}, 4, false);
  }
}

TEST_CASE("crash: the recovery from a kill killed in turn") {
  const auto kills = kills_of_update();
  for (std::size_t first = 0; first < kills.size(); first += 3) {
    for (std::size_t second = first % 4; second < kills.size(); second += 4) {
      CAPTURE(first);
      CAPTURE(second);
      const Scratch scratch;
      const fs::path file = prepare(scratch);
      REQUIRE(in_child(kills[first], [&] { update(file, 4); }) == Fate::killed);
      const auto fate = in_child(kills[second], [&] { update(file, 4); });
      audit_update(file, {1, 2, 3}, 4, fate == Fate::finished);
    }
  }
}

TEST_CASE("crash: creation with every operation failing, once and for good") {
  const auto operations = kills_of_create().size();
  for (std::uint64_t at = 1; at <= operations; ++at) {
    for (const auto& failure : kFailures) {
      CAPTURE(at);
      CAPTURE(failure.error);
      const Scratch scratch;
      const auto fate = here(failing(at, failure), [&] { create(scratch / "study.h5"); });
      audit_create(scratch / "study.h5", fate == Fate::finished);
    }
  }
}

TEST_CASE("crash: update with every operation failing, once and for good") {
  const auto operations = kills_of_update().size();
  for (std::uint64_t at = 1; at <= operations; ++at) {
    for (const auto& failure : kFailures) {
      CAPTURE(at);
      CAPTURE(failure.error);
      const Scratch scratch;
      const fs::path file = prepare(scratch);
      const auto fate = here(failing(at, failure), [&] { update(file, 4); });
      audit_update(file, {1, 2, 3}, 4, fate == Fate::finished);
    }
  }
}

TEST_CASE("crash: one writer paused before every operation while another commits") {
  const auto operations = kills_of_update().size();
  // Eight commits let the slot that the first one is about to fill come, go and be free again.
  for (const int commits : {1, 2, 3, 8}) {
    for (std::uint64_t at = 1; at <= operations; ++at) {
      CAPTURE(commits);
      CAPTURE(at);
      const Scratch scratch;
      const fs::path file = prepare(scratch);
      std::vector<int> expected{1, 2, 3, 4};
      Faults faults;
      faults.before = [&](std::uint64_t n) {
        if (n != at) return;
        const Installed real(real_file_system());
        for (int i = 0; i < commits; ++i) {
          update(file, 100 + i);
          expected.push_back(100 + i);
        }
        (void)marks_in_file(file);
      };
      // Adds without looking whether it is there: doing it twice would show.
      const auto add_blindly = [&] {
        (void)Store::open(file).update(
            [](Study& study) {
              study.rungs.push_back({kMarks, 4, 1, study::RungState::open, 0, 0});
              return true;
            },
            kWho);
      };
      REQUIRE(here(faults, add_blindly) == Fate::finished);
      (void)marks_in_file(file);
      REQUIRE(marks(Store::open(file).head().study) == expected);
      update(file, 200);
      expected.push_back(200);
      REQUIRE(marks_in_file(file) == expected);
      REQUIRE(file_system().list(scratch / "study.h5.d/gen").size() == 3);
    }
  }
}
