// SPDX-License-Identifier: Apache-2.0
#include "train/keeper.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "base/checksum.hpp"
#include "base/error.hpp"
#include "train/checkpoint.hpp"
#include "train/comm/together.hpp"

namespace hpo::train {
namespace {

void tell(const Hooks& hooks, const std::string& line) {
  if (hooks.on_event) hooks.on_event(line);
}

/// Rank 0's text on every rank.
void broadcast(comm::Communicator& world, std::string& text) {
  std::array<std::int64_t, 1> size{world.rank() == 0 ? static_cast<std::int64_t>(text.size()) : 0};
  world.broadcast(std::as_writable_bytes(std::span(size)), 0);
  text.resize(static_cast<std::size_t>(size[0]));
  world.broadcast(std::as_writable_bytes(std::span(text)), 0);
}

void check_equal(const std::vector<StateView>& state, comm::Communicator& world) {
  std::uint32_t checksum = 0;
  for (const StateView& tensor : state) checksum = crc32c(std::as_bytes(tensor.values), checksum);
  const std::vector<double> all = world.all_gather(std::vector{static_cast<double>(checksum)});
  for (std::size_t rank = 1; rank < all.size(); ++rank)
    if (all[rank] != all[0])
      throw Error(ExitCode::try_again, fmt::format("rank {}", rank),
                  "its parameters have drifted from those of rank 0",
                  "run the task again from its last checkpoint; if it comes back, leave that node out");
}

}  // namespace

Progress Keeper::resume(Engine& engine) {
  Progress progress;
  if (assignment_.resume_from.empty()) return progress;
  CheckpointFile file;
  comm::together(world_, [&] {
    if (world_.rank() != 0) return;
    auto found =
        find_checkpoint(assignment_.resume_from, [&](const std::string& line) { tell(hooks_, line); });
    if (found)
      file = std::move(*found);
    else
      tell(hooks_,
           fmt::format("no checkpoint in {}: starting from the beginning", assignment_.resume_from.string()));
  });
  std::string path = file.path.string();
  broadcast(world_, path);
  broadcast(world_, file.bytes);
  file.path = path;
  if (file.bytes.empty()) return progress;
  comm::together(world_, [&] {
    progress = restore_checkpoint(file, identity_, engine.state());
    engine.state_changed();
    if (world_.rank() == 0) tell(hooks_, fmt::format("resumed from {}", file.path.string()));
  });
  return progress;
}

double Keeper::save(Engine& engine, const Progress& progress, double epoch) {
  if (assignment_.checkpoint_dir.empty()) return 0;
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
  const std::vector<StateView> state = engine.state();
  check_equal(state, world_);
  comm::together(world_, [&] {
    if (world_.rank() != 0) return;
    const auto file = write_checkpoint(assignment_.checkpoint_dir, identity_, progress, state);
    if (hooks_.on_checkpoint) hooks_.on_checkpoint(epoch, file, seconds());
  });
  return seconds();
}

}  // namespace hpo::train
