// SPDX-License-Identifier: Apache-2.0
#include "train/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"

namespace hpo::train {
namespace {

gzFile handle(const auto& file) {
  return static_cast<gzFile>(file.get());
}

}  // namespace

void GzipReader::Close::operator()(void* file) const {
  gzclose(static_cast<gzFile>(file));
}

GzipReader::GzipReader(const boost::filesystem::path& path) : path_(path) {
  errno = 0;
  file_.reset(gzopen(path.c_str(), "rbe"));
  if (!file_) throw_errno(path.string(), "cannot open", errno != 0 ? errno : ENOMEM);
  gzbuffer(handle(file_), 1U << 18);
}

std::size_t GzipReader::read(std::span<std::byte> out) {
  constexpr std::size_t kMost = std::size_t{1} << 30;  // zlib counts in int
  std::size_t done = 0;
  while (done < out.size()) {
    const int n =
        gzread(handle(file_), out.data() + done, static_cast<unsigned>(std::min(kMost, out.size() - done)));
    int code = Z_OK;
    const char* reason = gzerror(handle(file_), &code);
    if (code == Z_ERRNO) throw_errno(path_.string(), "cannot read", errno);
    // Z_BUF_ERROR: the compressed stream stops before its end.
    if (code == Z_BUF_ERROR) throw Error(path_.string(), "is cut short", "get the file again");
    if (n < 0) throw Error(path_.string(), std::string("is damaged: ") + reason, "get the file again");
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

std::string GzipReader::read_rest() {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  std::string text;
  for (;;) {
    const std::size_t before = text.size();
    text.resize(before + std::max(kPiece, before));
    const std::size_t n = read(std::as_writable_bytes(std::span(text).subspan(before)));
    text.resize(before + n);
    if (n == 0) return text;
  }
}

}  // namespace hpo::train
