// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/filesystem/path.hpp>
#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "train/engine.hpp"
#include "train/progress.hpp"

namespace hpo::train {

/// A checkpoint is one file, "ckpt.<samples consumed>.hpc", whole or not there at all, and the same for any
/// number of ranks:
///   8 bytes   "hpo-ckpt"
///   4 bytes   size of the header in bytes, little-endian
///   header    JSON: {"version": 1, "identity": {...}, "progress": {...},
///                    "tensors": [{"name", "shape", "crc32c"}, ...]}
///   tensors   float32, little-endian, one after the other in the order of the header
///   4 bytes   CRC-32C of everything before, little-endian

/// Writes to a fresh name, flushes, renames, flushes the directory; then removes all but the newest two.
/// `identity` says what the run is (run_identity). Returns the file's path.
boost::filesystem::path write_checkpoint(const boost::filesystem::path& directory,
                                         const nlohmann::json& identity, const Progress& progress,
                                         std::span<const StateView> state);

struct CheckpointFile {
  boost::filesystem::path path;
  std::string bytes;  ///< sound as a whole
};

/// The newest sound checkpoint of `from`, a directory or a file whose older neighbours stand in when it is
/// damaged; each one passed over is told to `on_event`. Nothing when the directory holds none. Throws Error
/// when the file is not there, or when all there are damaged.
[[nodiscard]] std::optional<CheckpointFile> find_checkpoint(
    const boost::filesystem::path& from, const std::function<void(const std::string&)>& on_event);

/// Copies a checkpoint's tensors into `state` and returns its progress. Throws Error when it belongs to
/// another run, naming the first key that differs, or when its tensors are not those of `state`.
[[nodiscard]] Progress restore_checkpoint(const CheckpointFile& file, const nlohmann::json& identity,
                                          std::span<const StateView> state);

/// What must be the same when a run is resumed: the configuration without what a promotion may change
/// (schedule, epochs) or what does not matter (device, where the data lie), the seed, the size of the
/// training set.
[[nodiscard]] nlohmann::json run_identity(const Config& config, std::uint64_t seed,
                                          std::int64_t training_samples);

}  // namespace hpo::train
