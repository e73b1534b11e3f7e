// SPDX-License-Identifier: Apache-2.0
#include "train/checkpoint.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "support/scratch.hpp"
#include "unit/train/expect_error.hpp"

namespace hpo::train {
namespace {

using test::Scratch;
using test::slurp;
using test::spill;

/// Two tensors filled from `first` on.
struct State {
  explicit State(float first) {
    for (float& value : values) value = first++;
    values[3] = -0.0F;
    values[4] = 1e-42F;  // denormal
  }
  [[nodiscard]] std::vector<StateView> views() {
    return {{"layer0.weight", {2, 3}, std::span(values).first(6)},
            {"adam.t", {1}, std::span(values).last(1)}};
  }
  std::array<float, 7> values{};
};

Progress progress_at(std::int64_t samples) {
  Progress progress;
  progress.samples = samples;
  progress.non_finite_streak = 2;
  progress.epoch = {0.1, 3, 40, 1.0 / 3, 5, 6, 1e-5};
  return progress;
}

nlohmann::json identity(double lr = 0.001) {
  Config config;
  config.data.kind = "synthetic";
  config.optimizer.lr = lr;
  return run_identity(config, 7, 100);
}

/// The events of looking for a checkpoint, and which was found.
struct Search {
  explicit Search(const boost::filesystem::path& from)
      : found(find_checkpoint(from, [this](const std::string& line) { events.push_back(line); })) {}
  std::vector<std::string> events;
  std::optional<CheckpointFile> found;
};

TEST_CASE("checkpoint: what was written comes back bit for bit") {
  const Scratch scratch;
  State written(1), read(50);
  const auto path = write_checkpoint(scratch / "deep/er", identity(), progress_at(640), written.views());
  CHECK(path.filename() == "ckpt.640.hpc");
  const Search search(scratch / "deep/er");
  REQUIRE(search.found);
  const Progress progress = restore_checkpoint(*search.found, identity(), read.views());
  CHECK(std::memcmp(read.values.data(), written.values.data(), sizeof read.values) == 0);
  CHECK(progress_to_json(progress) == progress_to_json(progress_at(640)));
}

TEST_CASE("checkpoint: the newest two are kept, by number of samples, and nothing else") {
  const Scratch scratch;
  State state(1);
  spill(scratch / ".ckpt.5.hpc.0123456789abcdef", "left by a killed writer");
  for (const std::int64_t samples : {90, 640, 1000})
    write_checkpoint(scratch.path(), identity(), progress_at(samples), state.views());
  std::set<std::string> names;
  for (const auto& entry : boost::filesystem::directory_iterator(scratch.path()))
    names.insert(entry.path().filename().string());
  CHECK(names == std::set<std::string>{"ckpt.640.hpc", "ckpt.1000.hpc"});
}

TEST_CASE("checkpoint: one beyond the place where a run goes on is no longer its own") {
  const Scratch scratch;
  State state(1);
  for (const std::int64_t samples : {100, 200, 150})
    write_checkpoint(scratch.path(), identity(), progress_at(samples), state.views());
  CHECK_FALSE(boost::filesystem::exists(scratch / "ckpt.200.hpc"));
  CHECK(Search(scratch.path()).found->path.filename() == "ckpt.150.hpc");
}

TEST_CASE("checkpoint: damage to any byte is seen, and the one before stands in") {
  const Scratch scratch;
  State state(1);
  write_checkpoint(scratch.path(), identity(), progress_at(100), state.views());
  const auto newest = write_checkpoint(scratch.path(), identity(), progress_at(200), state.views());
  const std::string sound = slurp(newest);
  for (std::size_t at = 0; at < sound.size(); ++at) {
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
    spill(newest, damaged);
    const Search search(scratch.path());
    REQUIRE(search.found);
    REQUIRE(search.found->path.filename() == "ckpt.100.hpc");
    REQUIRE(search.events.size() == 1);
    REQUIRE(contains(search.events[0], "ckpt.200.hpc"));
  }
}

TEST_CASE("checkpoint: a file cut anywhere, or empty, is passed over") {
  const Scratch scratch;
  State state(1);
  write_checkpoint(scratch.path(), identity(), progress_at(100), state.views());
  const auto newest = write_checkpoint(scratch.path(), identity(), progress_at(200), state.views());
  const std::string sound = slurp(newest);
  for (std::size_t size = 0; size < sound.size(); ++size) {
    spill(newest, sound.substr(0, size));
    const Search search(newest);
    REQUIRE(search.found);
    REQUIRE(search.found->path.filename() == "ckpt.100.hpc");
  }
}

TEST_CASE("checkpoint: a named file is taken although there are newer ones") {
  const Scratch scratch;
  State state(1);
  const auto older = write_checkpoint(scratch.path(), identity(), progress_at(100), state.views());
  write_checkpoint(scratch.path(), identity(), progress_at(200), state.views());
  CHECK(Search(older).found->path == older);
}

TEST_CASE("checkpoint: an empty directory has none, a missing one is an error") {
  const Scratch scratch;
  CHECK_FALSE(Search(scratch.path()).found);
  CHECK(error_of([&] { Search(scratch / "none"); }).reason() == "there is no such checkpoint or directory");
  spill(scratch / "other", "");
  CHECK(contains(error_of([&] { Search(scratch / "other"); }).reason(), "is not named like a checkpoint"));
}

TEST_CASE("checkpoint: when all are damaged it is said") {
  const Scratch scratch;
  spill(scratch / "ckpt.10.hpc", "hpo-ckpt and then nonsense");
  CHECK(error_of([&] { Search(scratch.path()); }).reason() == "all checkpoints there are damaged");
}

TEST_CASE("checkpoint: another run's is refused by the setting that differs") {
  const Scratch scratch;
  State state(1);
  write_checkpoint(scratch.path(), identity(0.001), progress_at(100), state.views());
  const CheckpointFile file = *Search(scratch.path()).found;
  const Error error = error_of([&] { (void)restore_checkpoint(file, identity(0.01), state.views()); });
  CHECK(error.reason() == "belongs to another run: optimizer.lr is 0.01 here and 0.001 in the checkpoint");
}

TEST_CASE("checkpoint: a promotion may change schedule, epochs, device, timeout and the data's place") {
  Config config;
  config.data.kind = "synthetic";
  config.schedule.kind = "cosine";
  config.epochs = 99;
  config.device = "cuda";
  config.comm_timeout_s = 30;
  config.data.path = "/elsewhere";
  CHECK(run_identity(config, 7, 100) == identity());
  CHECK(run_identity(config, 8, 100) != identity());
  CHECK(run_identity(config, 7, 101) != identity());
}

TEST_CASE("checkpoint: other tensors than the engine's are refused") {
  const Scratch scratch;
  State state(1);
  write_checkpoint(scratch.path(), identity(), progress_at(100), state.views());
  const CheckpointFile file = *Search(scratch.path()).found;
  auto renamed = state.views(), fewer = state.views();
  renamed[0].name = "conv0.weight";
  fewer.pop_back();
  CHECK(error_of([&] { (void)restore_checkpoint(file, identity(), renamed); }).reason() ==
        "holds \"layer0.weight\" where conv0.weight is expected");
  CHECK(error_of([&] { (void)restore_checkpoint(file, identity(), fewer); }).reason() ==
        "holds other tensors than this model and optimizer have");
}

}  // namespace
}  // namespace hpo::train
