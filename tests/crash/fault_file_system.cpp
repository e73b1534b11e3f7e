// SPDX-License-Identifier: Apache-2.0
#include "crash/fault_file_system.hpp"

#include <csignal>

#include "base/error.hpp"

namespace hpo::test {
namespace {

class FaultAppendFile : public AppendFile {
 public:
  FaultAppendFile(FaultFileSystem& files, fs::path path, std::unique_ptr<AppendFile> file)
      : files_(files), path_(std::move(path)), file_(std::move(file)) {}

  void append(std::string_view bytes) override {
    files_.step(path_, [&] { file_->append(bytes.substr(0, bytes.size() / 2)); });
    file_->append(bytes);
  }
  void sync() override {
    files_.step(path_);
    file_->sync();
  }
  void close() override {
    files_.step(path_);
    file_->close();
  }

 private:
  FaultFileSystem& files_;
  fs::path path_;
  std::unique_ptr<AppendFile> file_;
};

}  // namespace

void FaultFileSystem::step(const fs::path& path, const std::function<void()>& half) {
  const std::uint64_t n = ++count_;
  if (half) appends_.push_back(n);
  if (faults_.before) faults_.before(n);
  if (n == faults_.kill_at) {
    if (half && faults_.torn) half();
    std::raise(SIGKILL);
  }
  if (faults_.error_at != 0 && (n == faults_.error_at || (faults_.sticky && n > faults_.error_at))) {
    if (half) half();
    throw_errno(path.string(), "cannot go on with", faults_.error);
  }
}

std::string FaultFileSystem::read(const fs::path& path) {
  step(path);
  return real_file_system().read(path);
}
std::string FaultFileSystem::read_at(const fs::path& path, std::uint64_t offset, std::uint64_t size) {
  step(path);
  return real_file_system().read_at(path, offset, size);
}
std::optional<FileStatus> FaultFileSystem::status(const fs::path& path) {
  step(path);
  return real_file_system().status(path);
}
std::vector<std::string> FaultFileSystem::list(const fs::path& directory) {
  step(directory);
  return real_file_system().list(directory);
}
std::unique_ptr<AppendFile> FaultFileSystem::create(const fs::path& path, std::uint32_t mode) {
  step(path);
  auto file = real_file_system().create(path, mode);
  return file ? std::make_unique<FaultAppendFile>(*this, path, std::move(file)) : nullptr;
}
std::unique_ptr<AppendFile> FaultFileSystem::open_append(const fs::path& path, std::uint32_t mode) {
  step(path);
  return std::make_unique<FaultAppendFile>(*this, path, real_file_system().open_append(path, mode));
}
bool FaultFileSystem::link(const fs::path& from, const fs::path& to) {
  step(to);
  return real_file_system().link(from, to);
}
void FaultFileSystem::rename(const fs::path& from, const fs::path& to) {
  step(to);
  real_file_system().rename(from, to);
}
bool FaultFileSystem::unlink(const fs::path& path) {
  step(path);
  return real_file_system().unlink(path);
}
bool FaultFileSystem::make_directory(const fs::path& path, std::uint32_t mode) {
  step(path);
  return real_file_system().make_directory(path, mode);
}
void FaultFileSystem::change_mode(const fs::path& path, std::uint32_t mode) {
  step(path);
  real_file_system().change_mode(path, mode);
}
void FaultFileSystem::sync_directory(const fs::path& directory) {
  step(directory);
  real_file_system().sync_directory(directory);
}
double FaultFileSystem::now() {
  return real_file_system().now();
}

}  // namespace hpo::test
