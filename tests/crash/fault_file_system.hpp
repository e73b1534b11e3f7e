// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/file_system.hpp"

namespace hpo::test {

/// What is to go wrong, and when. Operations are counted from 1; reading the clock is none.
struct Faults {
  std::uint64_t kill_at = 0;   ///< SIGKILL to this process before operation n; 0: never
  bool torn = false;           ///< when that operation appends, half of it is written first
  std::uint64_t error_at = 0;  ///< operation n fails with `error`; an append after half of it; 0: never
  int error = 0;
  bool sticky = false;                        ///< and so does every one after it
  std::function<void(std::uint64_t)> before;  ///< called before each operation with its number
};

/// The real file system, with faults.
class FaultFileSystem : public FileSystem {
 public:
  explicit FaultFileSystem(Faults faults) : faults_(std::move(faults)) {}
  [[nodiscard]] std::uint64_t operations() const { return count_; }
  /// The numbers of the operations that were appends: those that can be torn.
  [[nodiscard]] const std::vector<std::uint64_t>& appends() const { return appends_; }

  std::string read(const fs::path& path) override;
  std::string read_at(const fs::path& path, std::uint64_t offset, std::uint64_t size) override;
  std::optional<FileStatus> status(const fs::path& path) override;
  std::vector<std::string> list(const fs::path& directory) override;
  std::unique_ptr<AppendFile> create(const fs::path& path, std::uint32_t mode) override;
  std::unique_ptr<AppendFile> open_append(const fs::path& path, std::uint32_t mode) override;
  bool link(const fs::path& from, const fs::path& to) override;
  void rename(const fs::path& from, const fs::path& to) override;
  bool unlink(const fs::path& path) override;
  bool make_directory(const fs::path& path, std::uint32_t mode) override;
  void change_mode(const fs::path& path, std::uint32_t mode) override;
  void sync_directory(const fs::path& directory) override;
  double now() override;

  /// Counts an operation and lets its fault happen; `half` does half of an append.
  void step(const fs::path& path, const std::function<void()>& half = {});

 private:
  Faults faults_;
  std::uint64_t count_ = 0;
  std::vector<std::uint64_t> appends_;
};

/// Puts a file system in the place of the real one for a while.
class Installed {
 public:
  explicit Installed(FileSystem& files) : previous_(exchange_file_system(&files)) {}
  ~Installed() { exchange_file_system(previous_); }
  Installed(const Installed&) = delete;
  Installed& operator=(const Installed&) = delete;

 private:
  FileSystem* previous_;
};

}  // namespace hpo::test
