// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/filesystem/path.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace hpo::train {

/// A user's file read from front to back, compressed by gzip or not: the content tells, not the name. Throws
/// Error naming the file.
class GzipReader {
 public:
  explicit GzipReader(const boost::filesystem::path& path);
  /// Fills `out` as far as the file goes; returns the number of bytes read.
  [[nodiscard]] std::size_t read(std::span<std::byte> out);
  /// All that is left.
  [[nodiscard]] std::string read_rest();

 private:
  struct Close {
    void operator()(void* file) const;
  };
  boost::filesystem::path path_;
  std::unique_ptr<void, Close> file_;  ///< a gzFile; zlib.h stays in gzip.cpp
};

}  // namespace hpo::train
