// SPDX-License-Identifier: Apache-2.0
#include "base/file_system.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/process.hpp"

using namespace hpo;

namespace {
struct Scratch {
  fs::path path = fs::temp_directory_path() / fs::unique_path("hpo-%%%%%%%%");
  Scratch() { fs::create_directory(path); }
  ~Scratch() { fs::remove_all(path); }
};
}  // namespace

TEST_CASE("file system: create is exclusive, link is a compare-and-swap") {
  const Scratch scratch;
  auto& files = file_system();
  auto file = files.create(scratch.path / "a");
  REQUIRE(file);
  file->append("one");
  file->append("two");
  file->close();
  CHECK_FALSE(files.create(scratch.path / "a"));
  CHECK(files.read(scratch.path / "a") == "onetwo");
  CHECK(files.read_at(scratch.path / "a", 3, 2) == "tw");
  CHECK(files.read_at(scratch.path / "a", 99, 2).empty());
  CHECK(files.link(scratch.path / "a", scratch.path / "b"));
  CHECK_FALSE(files.link(scratch.path / "a", scratch.path / "b"));
  CHECK(files.list(scratch.path) == std::vector<std::string>{"a", "b"});
  CHECK(files.status(scratch.path / "a")->links == 2);
  CHECK(files.unlink(scratch.path / "a"));
  CHECK_FALSE(files.unlink(scratch.path / "a"));
  CHECK_FALSE(files.status(scratch.path / "a"));
}

TEST_CASE("file system: failures name the path and the reason") {
  const Scratch scratch;
  CHECK_THROWS_WITH_AS(
      (void)file_system().read(scratch.path / "none"),
      ((scratch.path / "none").string() + ": cannot open: No such file or directory").c_str(), Error);
  CHECK_THROWS_AS((void)file_system().read(scratch.path), Error);
  CHECK(file_system().list(scratch.path / "none").empty());
}

TEST_CASE("file system: a FIFO or a symbolic link in the place of a file is refused, not waited for") {
  const Scratch scratch;
  REQUIRE(::mkfifo((scratch.path / "fifo").c_str(), 0600) == 0);
  CHECK_THROWS_AS((void)file_system().read(scratch.path / "fifo"), Error);
  fs::create_symlink("/etc/passwd", scratch.path / "link");
  CHECK_THROWS_AS((void)file_system().read(scratch.path / "link"), Error);
}

TEST_CASE("replace_file: the new content, private, and nothing else left") {
  const Scratch scratch;
  replace_file(scratch.path / "f", "old");
  replace_file(scratch.path / "f", "new");
  CHECK(file_system().read(scratch.path / "f") == "new");
  CHECK(file_system().status(scratch.path / "f")->mode == 0600);
  CHECK(file_system().list(scratch.path).size() == 1);
}

TEST_CASE("run_process: both outputs, the exit code, and the clock") {
  const auto ok = run_process({"sh", "-c", "echo out; echo err >&2; exit 3"}, 10);
  CHECK(ok.exit_code == 3);
  CHECK(ok.out == "out\n");
  CHECK(ok.err == "err\n");
  const auto slow = run_process({"sleep", "30"}, 0.2);
  CHECK(slow.timed_out);
  CHECK(slow.exit_code == 143);
  const auto only = run_process({"/usr/bin/env"}, 10, std::map<std::string, std::string>{{"A", "1"}});
  CHECK(only.out == "A=1\n");
  CHECK_THROWS_AS((void)run_process({"no-such-program"}, 1), Error);
}
