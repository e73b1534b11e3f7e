// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/filesystem/operations.hpp>
#include <boost/filesystem/path.hpp>

#include <fstream>
#include <iterator>
#include <string>

#include "base/identity.hpp"

namespace hpo::train {

/// A fresh directory that goes away with all that is in it.
class Scratch {
 public:
  Scratch() : path_(boost::filesystem::temp_directory_path() / ("hpo-train-test." + make_nonce())) {
    boost::filesystem::create_directory(path_);
  }
  ~Scratch() {
    boost::system::error_code ignored;
    boost::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] boost::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  [[nodiscard]] const boost::filesystem::path& path() const { return path_; }

 private:
  boost::filesystem::path path_;
};

inline void spill(const boost::filesystem::path& path, const std::string& content) {
  std::ofstream(path.string(), std::ios::binary) << content;
}

inline std::string slurp(const boost::filesystem::path& path) {
  std::ifstream file(path.string(), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace hpo::train
