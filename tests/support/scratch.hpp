// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/filesystem/operations.hpp>
#include <boost/filesystem/path.hpp>

#include <fstream>
#include <iterator>
#include <string>

#include "base/identity.hpp"

namespace hpo::test {

/// A fresh directory that goes away with all that is in it; in memory where there is such a place: tests sync
/// a lot.
class Scratch {
 public:
  Scratch() : path_(parent() / ("hpo-test." + make_nonce())) { boost::filesystem::create_directory(path_); }
  ~Scratch() {
    boost::system::error_code ignored;
    boost::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] boost::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  [[nodiscard]] const boost::filesystem::path& path() const { return path_; }

 private:
  static boost::filesystem::path parent() {
    return boost::filesystem::is_directory("/dev/shm") ? "/dev/shm"
                                                       : boost::filesystem::temp_directory_path();
  }

  boost::filesystem::path path_;
};

/// Replaces a file's content, whatever its permissions, by a new file.
inline void spill(const boost::filesystem::path& path, const std::string& content) {
  boost::filesystem::remove(path);
  std::ofstream(path.string(), std::ios::binary) << content;
}

inline std::string slurp(const boost::filesystem::path& path) {
  std::ifstream file(path.string(), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace hpo::test
