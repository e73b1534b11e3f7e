// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/filesystem/path.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hpo {

namespace fs = boost::filesystem;

struct FileStatus {
  std::uint64_t size = 0;
  double modified = 0;     ///< seconds since 1970, by the file system's clock
  std::uint32_t mode = 0;  ///< permission bits
  std::uint32_t owner = 0;
  std::uint64_t links = 0;
  bool is_directory = false;
  bool is_regular = false;
};

/// A file of ours open for appending. Every operation throws Error on failure. After a failed write or sync
/// the file must not be used again (a failed fsync drops the dirty pages: trying again would report a lie).
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  virtual void append(std::string_view bytes) = 0;
  virtual void sync() = 0;
  /// Reports what close(2) reports. The destructor closes silently.
  virtual void close() = 0;
};

/// The one interface through which every file operation of ours goes, so that a test can fail or kill the
/// program at any of them (tests/crash). Failures throw Error naming the path; a normal "no" is a value.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// The whole file; does not follow a symbolic link in the last component.
  [[nodiscard]] virtual std::string read(const fs::path& path) = 0;
  /// `size` bytes from `offset`, fewer at the end of the file.
  [[nodiscard]] virtual std::string read_at(const fs::path& path, std::uint64_t offset,
                                            std::uint64_t size) = 0;
  /// Nothing when there is no such entry.
  [[nodiscard]] virtual std::optional<FileStatus> status(const fs::path& path) = 0;
  /// The names in a directory, sorted, without "." and ".."; empty when the directory does not exist.
  [[nodiscard]] virtual std::vector<std::string> list(const fs::path& directory) = 0;

  /// O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW; nullptr when the name is taken.
  [[nodiscard]] virtual std::unique_ptr<AppendFile> create(const fs::path& path,
                                                           std::uint32_t mode = 0600) = 0;
  /// Opens for appending, creates when absent.
  [[nodiscard]] virtual std::unique_ptr<AppendFile> open_append(const fs::path& path,
                                                                std::uint32_t mode = 0600) = 0;
  /// A hard link; false when `to` exists. The compare-and-swap of the store.
  [[nodiscard]] virtual bool link(const fs::path& from, const fs::path& to) = 0;
  virtual void rename(const fs::path& from, const fs::path& to) = 0;
  /// False when there was nothing to remove.
  virtual bool unlink(const fs::path& path) = 0;
  /// Makes one directory; false when it exists already.
  virtual bool make_directory(const fs::path& path, std::uint32_t mode = 0700) = 0;
  virtual void change_mode(const fs::path& path, std::uint32_t mode) = 0;
  /// Makes the entries of a directory durable.
  virtual void sync_directory(const fs::path& directory) = 0;

  /// Wall clock, seconds since 1970. For records and time-outs of minutes, never for ordering between hosts.
  [[nodiscard]] virtual double now() = 0;
};

/// The file system in use: the real one unless a test has put another in its place.
[[nodiscard]] FileSystem& file_system();
/// Returns the one that was in use. The caller keeps ownership of both. Nullptr restores the real one.
FileSystem* exchange_file_system(FileSystem* other);
[[nodiscard]] FileSystem& real_file_system();

/// Write to a fresh name in the same directory, fsync, rename over `path`, fsync the directory: readers see
/// the old content or the new, whatever happens.
void replace_file(const fs::path& path, std::string_view content, std::uint32_t mode = 0600);
/// Makes `path` and the missing directories above it.
void make_directories(const fs::path& path, std::uint32_t mode = 0700);

/// Umask 077 for everything created from now on; called by cli::tool_main first thing.
void use_private_umask();

}  // namespace hpo
