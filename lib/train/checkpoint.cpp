// SPDX-License-Identifier: Apache-2.0
#include "train/checkpoint.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/checksum.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/identity.hpp"
#include "base/text.hpp"

namespace hpo::train {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "tensors are written as they lie in memory");

constexpr std::string_view kMagic = "hpo-ckpt";
constexpr std::string_view kPrefix = "ckpt.", kEnding = ".hpc";
constexpr std::size_t kWord = sizeof(std::uint32_t);
constexpr std::size_t kKept = 2;

std::string_view as_text(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

std::string word(std::uint32_t value) {
  return {reinterpret_cast<const char*>(&value), kWord};
}

std::uint32_t word_at(std::string_view bytes, std::size_t offset) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + offset, kWord);
  return value;
}

/// The checkpoints of a directory, oldest first, with the number of samples in their names.
std::vector<std::pair<std::int64_t, std::string>> list_checkpoints(const fs::path& directory) {
  std::vector<std::pair<std::int64_t, std::string>> found;
  for (const std::string& name : file_system().list(directory)) {
    if (!starts_with(name, kPrefix) || !name.ends_with(kEnding)) continue;
    const auto digits =
        std::string_view(name).substr(kPrefix.size(), name.size() - kPrefix.size() - kEnding.size());
    if (const auto samples = parse_int(digits)) found.emplace_back(*samples, name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// Keeps the newest two up to `samples`. What lies beyond was passed over as damaged when this run was
/// resumed; what else begins like a checkpoint was left by a writer that was killed: the directory is this
/// run's alone.
void remove_others(const fs::path& directory, std::int64_t samples) {
  auto& files = file_system();
  std::size_t kept = 0;
  auto checkpoints = list_checkpoints(directory);
  for (auto entry = checkpoints.rbegin(); entry != checkpoints.rend(); ++entry)
    if (entry->first > samples || ++kept > kKept) files.unlink(directory / entry->second);
  for (const std::string& name : files.list(directory))
    if (starts_with(name, "." + std::string(kPrefix))) files.unlink(directory / name);
}

json table_of(std::span<const StateView> state) {
  json tensors = json::array();
  for (const StateView& tensor : state)
    tensors.push_back(
        {{"name", tensor.name}, {"shape", tensor.shape}, {"crc32c", crc32c(as_text(tensor.values))}});
  return tensors;
}

/// Nothing when it is a sound checkpoint, else what is wrong.
std::optional<std::string> fault_of(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + 2 * kWord) return "is too short for a checkpoint";
  if (!starts_with(bytes, kMagic)) return "is not a checkpoint";
  const std::size_t end = bytes.size() - kWord;
  if (crc32c(bytes.substr(0, end)) != word_at(bytes, end)) return "is damaged (its checksum is wrong)";
  if (word_at(bytes, kMagic.size()) > end - kMagic.size() - kWord) return "has a header longer than itself";
  return std::nullopt;
}

std::optional<std::string> read_sound(CheckpointFile& file) {
  try {
    file.bytes = file_system().read(file.path);
    return fault_of(file.bytes);
  } catch (const Error& error) {
    if (error.code() == ExitCode::try_again) throw;  // that says nothing about the file
    return error.reason();
  }
}

/// The first key whose value differs, as a sentence.
std::string first_difference(const json& ours, const json& theirs) {
  const json mine = ours.flatten(), other = theirs.flatten();
  for (const auto& [pointer, value] : mine.items()) {
    const std::string key = replace_all(pointer.substr(1), "/", ".");
    if (!other.contains(pointer))
      return fmt::format("{} is {} here and not in the checkpoint", key, value.dump());
    if (other[pointer] != value)
      return fmt::format("{} is {} here and {} in the checkpoint", key, value.dump(), other[pointer].dump());
  }
  return "the checkpoint has settings that are not here";
}

}  // namespace

fs::path write_checkpoint(const fs::path& directory, const json& identity, const Progress& progress,
                          std::span<const StateView> state) {
  auto& files = file_system();
  make_directories(directory);
  const std::string name = fmt::format("{}{}{}", kPrefix, progress.samples, kEnding);
  const fs::path fresh = directory / fmt::format(".{}.{}", name, make_nonce());
  auto file = files.create(fresh);
  if (!file) throw Error(fresh.string(), "a fresh random name is taken", "run the same command again");
  std::uint32_t checksum = 0;
  const auto append = [&](std::string_view bytes) {
    checksum = crc32c(bytes, checksum);
    file->append(bytes);
  };
  try {
    const std::string header = json{
        {"version", 1},
        {"identity", identity},
        {"progress", progress_to_json(progress)},
        {"tensors",
         table_of(state)}}.dump();
    append(kMagic);
    append(word(static_cast<std::uint32_t>(header.size())));
    append(header);
    for (const StateView& tensor : state) append(as_text(tensor.values));
    append(word(checksum));
    file->sync();
    file->close();
    files.rename(fresh, directory / name);
  } catch (...) {
    ::unlink(fresh.c_str());  // clearing up after a failure must not be able to fail
    throw;
  }
  files.sync_directory(directory);
  remove_others(directory, progress.samples);
  return directory / name;
}

std::optional<CheckpointFile> find_checkpoint(const fs::path& from,
                                              const std::function<void(const std::string&)>& on_event) {
  const auto status = file_system().status(from);
  if (!status) throw Error(from.string(), "there is no such checkpoint or directory");
  const fs::path directory = status->is_directory ? from : from.has_parent_path() ? from.parent_path() : ".";
  auto names = list_checkpoints(directory);
  if (!status->is_directory) {
    const auto named = std::find_if(names.begin(), names.end(),
                                    [&](const auto& entry) { return entry.second == from.filename(); });
    if (named == names.end()) throw Error(from.string(), "is not named like a checkpoint (ckpt.SAMPLES.hpc)");
    names.erase(named + 1, names.end());
  }
  for (auto entry = names.rbegin(); entry != names.rend(); ++entry) {
    CheckpointFile file{directory / entry->second, {}};
    const auto fault = read_sound(file);
    if (!fault) return file;
    on_event(fmt::format("checkpoint {} {}; trying the one before", file.path.string(), *fault));
  }
  if (!names.empty())
    throw Error(from.string(), "all checkpoints there are damaged", "start this run again without them");
  return std::nullopt;
}

Progress restore_checkpoint(const CheckpointFile& file, const json& identity,
                            std::span<const StateView> state) {
  const std::string culprit = file.path.string();
  try {
    std::string_view rest = file.bytes;
    rest.remove_prefix(kMagic.size());
    const std::size_t header_size = word_at(rest, 0);
    const json header = json::parse(rest.substr(kWord, header_size));
    rest = rest.substr(kWord + header_size);
    if (header.at("version") != 1) throw Error(culprit, "was written by another version of hpo-batch");
    if (header.at("identity") != identity)
      throw Error(culprit, "belongs to another run: " + first_difference(identity, header.at("identity")),
                  "start from the beginning, or with the settings it was made with");
    const json& tensors = header.at("tensors");
    std::size_t size = kWord;
    for (const StateView& tensor : state) size += tensor.values.size_bytes();
    if (tensors.size() != state.size() || rest.size() != size)
      throw Error(culprit, "holds other tensors than this model and optimizer have");
    for (std::size_t i = 0; i < state.size(); ++i) {
      const StateView& tensor = state[i];
      if (tensors[i].at("name") != tensor.name || tensors[i].at("shape") != tensor.shape)
        throw Error(culprit,
                    fmt::format("holds {} where {} is expected", tensors[i].at("name").dump(), tensor.name));
      std::memcpy(tensor.values.data(), rest.data(), tensor.values.size_bytes());
      if (tensors[i].at("crc32c") != crc32c(as_text(tensor.values)))
        throw Error(culprit, fmt::format("tensor {} is damaged", tensor.name));
      rest.remove_prefix(tensor.values.size_bytes());
    }
    return progress_from_json(header.at("progress"));
  } catch (const json::exception& error) {
    throw Error(culprit, std::string("has a header that makes no sense: ") + error.what());
  }
}

json run_identity(const Config& config, std::uint64_t seed, std::int64_t training_samples) {
  json identity = config_to_json(config);
  for (const char* key : {"schedule", "epochs", "device", "gpu", "comm_timeout_s"}) identity.erase(key);
  identity["data"].erase("path");
  identity["seed"] = seed;
  identity["training_samples"] = training_samples;
  return identity;
}

}  // namespace hpo::train
