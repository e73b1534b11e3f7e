// SPDX-License-Identifier: Apache-2.0
#include "study/store.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/log.hpp"
#include "support/message.hpp"
#include "support/sample_study.hpp"
#include "support/scratch.hpp"

using namespace hpo;
using hpo::test::message;
using hpo::test::sample_study;
using hpo::test::Scratch;
using hpo::test::slurp;
using hpo::test::spill;
using study::Store;
using study::Study;

namespace {

const study::Provenance kWho{1.0, "test", "0.1.0", "test study.h5", "node", "ada", "", ""};

Store make(const Scratch& scratch, std::size_t trials = 3) {
  return Store::create(scratch / "study.h5", sample_study(test::sample_toml(), 1, {trials, 2}), kWho);
}

// One more rung whose index is `mark`, unless it is there.
auto add(int mark) {
  return [mark](Study& study) {
    for (const auto& rung : study.rungs)
      if (rung.bracket == 9 && rung.index == mark) return false;
    study.rungs.push_back({9, mark, 1, study::RungState::open, 0, 0});
    return true;
  };
}

fs::path slot(const Scratch& scratch, int generation) {
  return scratch / "study.h5.d" / "gen" / ("g000000000" + std::to_string(generation) + ".h5");
}

struct Quiet {
  Quiet() { log::set_level(log::Level::quiet); }
  ~Quiet() { log::set_level(log::Level::info); }
};

}  // namespace

TEST_CASE("store: what is created is found, with its folders and nothing for others to read") {
  const Scratch scratch;
  const auto store = make(scratch);
  const auto head = Store::open(scratch / "study.h5").head();
  CHECK(head.generation == 1);
  auto expected = sample_study(test::sample_toml(), 1, {3, 2});
  expected.provenance = {kWho};
  expected.provenance[0].nonce = head.nonce;
  CHECK(test::difference(head.study, expected) == "");
  const auto& files = store.layout();
  for (const auto& folder :
       {files.directory, files.generations, files.manifests, files.segments, files.checkpoints, files.logs})
    CHECK((file_system().status(folder).value().mode & 077U) == 0);
  CHECK(file_system().status(files.file)->mode == 0400);
  CHECK(file_system().status(files.file)->links == 2);
  CHECK(head.study.definition.place("study").substr(0, 11) == "study.toml:");
}

TEST_CASE("store: an update is the next generation, and the file shows it") {
  const Scratch scratch;
  const auto store = make(scratch);
  for (int mark = 1; mark <= 5; ++mark) {
    const auto head = store.update(add(mark), kWho);
    CHECK(head.generation == static_cast<std::uint64_t>(mark + 1));
    CHECK(store.head().nonce == head.nonce);
    CHECK(slurp(scratch / "study.h5") == slurp(slot(scratch, mark + 1)));
  }
  const auto study = store.head().study;
  CHECK(study.provenance.size() == 6);
  CHECK(study.rungs.size() == 7);
}

TEST_CASE("store: the newest three generations are kept, and no leftovers") {
  const Scratch scratch;
  const auto store = make(scratch);
  spill(scratch / "study.h5.d" / "gen" / ".t0000000003.0123456789abcdef", "left by a killed tool");
  for (int mark = 1; mark <= 5; ++mark) (void)store.update(add(mark), kWho);
  CHECK(file_system().list(store.layout().generations) ==
        std::vector<std::string>{"g0000000004.h5", "g0000000005.h5", "g0000000006.h5"});
}

TEST_CASE("store: a change that says no writes nothing") {
  const Scratch scratch;
  const auto store = make(scratch);
  (void)store.update(add(1), kWho);
  CHECK(store.update(add(1), kWho).generation == 2);
  CHECK(store.head().generation == 2);
}

TEST_CASE("store: what a change throws passes through, and nothing is written") {
  const Scratch scratch;
  const auto store = make(scratch);
  CHECK(message([&] { store.update([](Study&) -> bool { throw Error("x", "no"); }, kWho); }) == "x: no");
  CHECK(store.head().generation == 1);
}

TEST_CASE("store: two writers at once, each effect exactly once") {
  const Scratch scratch;
  const auto store = make(scratch);
  std::vector<pid_t> writers;
  for (int w = 0; w < 2; ++w) {
    writers.push_back(::fork());
    if (writers.back() != 0) continue;
    for (int i = 0; i < 4; ++i) (void)store.update(add(10 * w + i), kWho);
    ::_exit(0);
  }
  for (const pid_t writer : writers) {
    int status = -1;
    ::waitpid(writer, &status, 0);
    CHECK(status == 0);
  }
  const auto head = store.head();
  CHECK(head.generation == 9);
  CHECK(head.study.rungs.size() == 10);
}

TEST_CASE("store: a study file that a killed tool left behind is brought forward by the next") {
  const Scratch scratch;
  const auto store = make(scratch);
  const std::string first = slurp(scratch / "study.h5");
  (void)store.update(add(1), kWho);
  spill(scratch / "study.h5", first);
  fs::permissions(scratch / "study.h5", fs::owner_read);
  CHECK(Store::open(scratch / "study.h5").head().generation == 2);
  (void)store.update(add(1), kWho);
  CHECK(slurp(scratch / "study.h5") == slurp(slot(scratch, 2)));
  fs::remove(scratch / "study.h5");
  CHECK(Store::open(scratch / "study.h5").head().generation == 2);
  (void)store.update(add(1), kWho);
  CHECK(fs::exists(scratch / "study.h5"));
}

TEST_CASE("store: when the newest generation is damaged, readers get the one before and writers stop") {
  const Quiet quiet;
  const Scratch scratch;
  const auto store = make(scratch);
  (void)store.update(add(1), kWho);
  std::string bytes = slurp(slot(scratch, 2));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  spill(slot(scratch, 2), bytes);
  CHECK(store.head().generation == 1);
  const std::string path = slot(scratch, 2).string();
  CHECK(message([&] { store.update(add(2), kWho); }) ==
        path + ": is damaged: its checksum does not match its content | mv " + path + " " + path +
            ".bad && hpo-collect " + (scratch / "study.h5").string() +
            "  (goes on from the generation before)");
  fs::rename(path, path + ".bad");
  CHECK(store.update(add(3), kWho).generation == 2);
  CHECK(slurp(scratch / "study.h5") == slurp(slot(scratch, 2)));
}

TEST_CASE("store: a copy without its directory can be read, not changed") {
  const Scratch scratch;
  (void)make(scratch);
  fs::copy_file(scratch / "study.h5", scratch / "copy.h5");
  const auto copy = Store::open(scratch / "copy.h5");
  CHECK(copy.head().generation == 1);
  CHECK(message([&] { copy.update(add(1), kWho); }).find("a copy can be read, not changed") !=
        std::string::npos);
}

TEST_CASE("store: another study's file in the place of ours is refused") {
  const Scratch scratch, other;
  (void)make(scratch);
  auto study = sample_study(test::sample_toml(), 1, {1, 1});
  study.uuid = "fedcba9876543210";
  (void)Store::create(other / "study.h5", study, kWho);
  spill(scratch / "study.h5", slurp(other / "study.h5"));
  fs::permissions(scratch / "study.h5", fs::owner_read);
  CHECK(message([&] { (void)Store::open(scratch / "study.h5"); }).find("is another study than the one in") !=
        std::string::npos);
}

TEST_CASE("store: creation goes on with what a killed creation left, and touches nothing else") {
  const Scratch scratch;
  fs::create_directories(scratch / "study.h5.d" / "gen");
  fs::permissions(scratch / "study.h5.d", fs::owner_all);
  CHECK(make(scratch).head().generation == 1);
  const std::string file = (scratch / "study.h5").string();
  CHECK(message([&] { (void)make(scratch); }).find(file + ": exists already | ") == 0);
  fs::remove(file);
  CHECK(message([&] { (void)make(scratch); }).find(file + ": exists already | ") == 0);
  fs::create_directories(scratch / "b.h5.d" / "thesis");
  CHECK(message([&] {
          (void)Store::create(scratch / "b.h5", sample_study(test::sample_toml(), 1, {}), kWho);
        }) == (scratch / "b.h5.d").string() + ": exists already and holds 'thesis' | move it away");
}

TEST_CASE("store: what cannot be opened is refused in a sentence") {
  const Scratch scratch;
  const std::string file = (scratch / "x.h5").string();
  const auto said = [&] { return message([&] { (void)Store::open(file); }); };
  CHECK(said() == file + ": does not exist | hpo-init study.toml makes a study");
  CHECK(message([&] {
          (void)Store::open(scratch / "x.toml");
        }).find("is a definition, not a study | hpo-init ") != std::string::npos);
  fs::create_directory(file);
  CHECK(said() == file + ": is a directory, not a study file");
  spill(file, "");
  ::chmod(file.c_str(), 0600);
  CHECK(said() == file + ": is empty");
  spill(file, "name,value\n");
  ::chmod(file.c_str(), 0600);
  CHECK(said() == file + ": is not a study file (nor HDF5 at all)");
  ::chmod(file.c_str(), 0666);
  CHECK(said() == file + ": can be written to by others (mode 666) | chmod go-w " + file);
  (void)make(scratch);
  spill(file, slurp(scratch / "study.h5").substr(0, 3000));
  ::chmod(file.c_str(), 0600);
  CHECK(message([&] { (void)Store::open(file).head(); }).find("is cut short: 3000 of ") != std::string::npos);
  fs::remove(file);
  fs::create_symlink(scratch / "study.h5", file);
  CHECK(said() == file + ": is not a regular file | name the file itself, not a link to it");
}

TEST_CASE("provenance: who wrote, in UTF-8 whatever the arguments") {
  const char* argv[] = {"hpo-collect", "a\xff.h5"};
  const auto who = study::provenance("hpo-collect", 2, argv);
  CHECK(who.command_line == "hpo-collect a\xef\xbf\xbd.h5");
  CHECK(who.tool == "hpo-collect");
  CHECK(who.time > 1.7e9);
  CHECK(!who.host.empty());
}
