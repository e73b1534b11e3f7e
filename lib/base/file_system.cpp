// SPDX-License-Identifier: Apache-2.0
#include "base/file_system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "base/error.hpp"
#include "base/identity.hpp"

namespace hpo {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

class PosixAppendFile : public AppendFile {
 public:
  PosixAppendFile(int fd, fs::path path) : fd_(fd), path_(std::move(path)) {}

  void append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw_errno(path_.string(), "cannot write", errno);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  void sync() override {
    if (::fsync(fd_.get()) != 0) throw_errno(path_.string(), "cannot flush to disk", errno);
  }
  void close() override {
    if (::close(fd_.release()) != 0) throw_errno(path_.string(), "cannot close", errno);
  }

 private:
  Descriptor fd_;
  fs::path path_;
};

class PosixFileSystem : public FileSystem {
 public:
  std::string read(const fs::path& path) override { return read_at(path, 0, UINT64_MAX); }

  std::string read_at(const fs::path& path, std::uint64_t offset, std::uint64_t size) override {
    // O_NONBLOCK: a FIFO in the place of a file must not hang us.
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (fd.get() < 0) throw_errno(path.string(), "cannot open", errno);
    struct stat st {};
    if (::fstat(fd.get(), &st) != 0) throw_errno(path.string(), "cannot look at", errno);
    if (!S_ISREG(st.st_mode)) throw Error(path.string(), "is not a regular file");
    const auto length = static_cast<std::uint64_t>(st.st_size);
    std::string content(static_cast<std::size_t>(std::min(size, length - std::min(offset, length))), '\0');
    std::size_t done = 0;
    while (done < content.size()) {
      const ssize_t n =
          ::pread(fd.get(), content.data() + done, content.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw_errno(path.string(), "cannot read", errno);
      if (n == 0) break;  // cut while we read
      done += static_cast<std::size_t>(n);
    }
    content.resize(done);
    return content;
  }

  std::optional<FileStatus> status(const fs::path& path) override {
    struct stat st {};
    if (::lstat(path.c_str(), &st) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
      throw_errno(path.string(), "cannot look at", errno);
    }
    FileStatus status;
    status.size = static_cast<std::uint64_t>(st.st_size);
    status.modified = static_cast<double>(st.st_mtim.tv_sec) + 1e-9 * static_cast<double>(st.st_mtim.tv_nsec);
    status.mode = st.st_mode & 07777U;
    status.owner = st.st_uid;
    status.links = st.st_nlink;
    status.is_directory = S_ISDIR(st.st_mode);
    status.is_regular = S_ISREG(st.st_mode);
    return status;
  }

  std::vector<std::string> list(const fs::path& directory) override {
    std::vector<std::string> names;
    DIR* dir = ::opendir(directory.c_str());
    if (dir == nullptr) {
      if (errno == ENOENT) return names;
      throw_errno(directory.string(), "cannot list", errno);
    }
    errno = 0;
    while (const dirent* entry = ::readdir(dir)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    const int error_number = errno;
    ::closedir(dir);
    if (error_number != 0) throw_errno(directory.string(), "cannot list", error_number);
    std::sort(names.begin(), names.end());
    return names;
  }

  std::unique_ptr<AppendFile> create(const fs::path& path, std::uint32_t mode) override {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
                          static_cast<mode_t>(mode));
    if (fd < 0 && errno == EEXIST) return nullptr;
    if (fd < 0) throw_errno(path.string(), "cannot create", errno);
    return std::make_unique<PosixAppendFile>(fd, path);
  }

  std::unique_ptr<AppendFile> open_append(const fs::path& path, std::uint32_t mode) override {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
                          static_cast<mode_t>(mode));
    if (fd < 0) throw_errno(path.string(), "cannot open for appending", errno);
    return std::make_unique<PosixAppendFile>(fd, path);
  }

  bool link(const fs::path& from, const fs::path& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) return true;
    if (errno == EEXIST) return false;
    throw_errno(to.string(), "cannot link", errno);
  }

  void rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) throw_errno(to.string(), "cannot rename to", errno);
  }

  bool unlink(const fs::path& path) override {
    if (::unlink(path.c_str()) == 0) return true;
    if (errno == ENOENT) return false;
    throw_errno(path.string(), "cannot remove", errno);
  }

  bool make_directory(const fs::path& path, std::uint32_t mode) override {
    if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0) return true;
    if (errno == EEXIST) return false;
    throw_errno(path.string(), "cannot make the directory", errno);
  }

  void change_mode(const fs::path& path, std::uint32_t mode) override {
    if (::chmod(path.c_str(), static_cast<mode_t>(mode)) != 0)
      throw_errno(path.string(), "cannot change the permissions of", errno);
  }

  void sync_directory(const fs::path& directory) override {
    const Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) throw_errno(directory.string(), "cannot open", errno);
    // Some network file systems cannot sync a directory and say EINVAL: there is nothing more to do there.
    if (::fsync(fd.get()) != 0 && errno != EINVAL)
      throw_errno(directory.string(), "cannot flush to disk", errno);
  }

  double now() override {
    timespec t{};
    ::clock_gettime(CLOCK_REALTIME, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  }
};

FileSystem* g_replacement = nullptr;

}  // namespace

FileSystem& real_file_system() {
  static PosixFileSystem real;
  return real;
}

FileSystem& file_system() {
  return g_replacement != nullptr ? *g_replacement : real_file_system();
}

FileSystem* exchange_file_system(FileSystem* other) {
  FileSystem* previous = g_replacement;
  g_replacement = other;
  return previous;
}

void replace_file(const fs::path& path, std::string_view content, std::uint32_t mode) {
  auto& files = file_system();
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const fs::path fresh = directory / ("." + path.filename().string() + "." + make_nonce());
  auto file = files.create(fresh, mode);
  if (!file) throw Error(fresh.string(), "a fresh random name is taken", "run the same command again");
  try {
    file->append(content);
    file->sync();
    file->close();
    files.rename(fresh, path);
  } catch (...) {
    // Not through `files`: clearing up after a failure must not be able to fail.
    ::unlink(fresh.c_str());
    throw;
  }
  files.sync_directory(directory);
}

void make_directories(const fs::path& path, std::uint32_t mode) {
  auto& files = file_system();
  if (path.empty() || files.status(path)) return;
  if (path.has_parent_path()) make_directories(path.parent_path(), mode);
  files.make_directory(path, mode);
}

void use_private_umask() {
  ::umask(077);
}

}  // namespace hpo
