// SPDX-License-Identifier: Apache-2.0
// The IDX format of MNIST and its successors: a big-endian magic number (0, 0, element type, dimensions), one
// 32-bit extent a dimension, then the elements. http://yann.lecun.com/exdb/mnist
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>
#include <string>

#include "base/error.hpp"
#include "train/data.hpp"
#include "train/gzip.hpp"

namespace hpo::train {
namespace {

namespace fs = boost::filesystem;

constexpr std::uint32_t kImages = 0x00000803;  // unsigned bytes, 3 dimensions
constexpr std::uint32_t kLabels = 0x00000801;  // unsigned bytes, 1 dimension

/// DIRECTORY/NAME or DIRECTORY/NAME.gz.
fs::path find(const fs::path& directory, const std::string& name) {
  for (const char* ending : {"", ".gz"}) {
    const fs::path path = directory / (name + ending);
    boost::system::error_code ignored;
    if (fs::exists(path, ignored)) return path;
  }
  throw Error((directory / name).string(), "is not there, nor with .gz",
              "set data.path to the directory of the four IDX files; Debian has one in: apt install "
              "dataset-fashion-mnist");
}

struct Idx {
  std::vector<std::int64_t> extents;
  std::vector<std::uint8_t> elements;
};

class IdxFile {
 public:
  explicit IdxFile(fs::path path) : path_(std::move(path)), file_(path_) {}

  Idx read(std::uint32_t magic) {
    const std::uint32_t found = word();
    if (found != magic)
      throw Error(path_.string(), fmt::format("starts with 0x{:08x}, not 0x{:08x}: not an IDX file of {}",
                                              found, magic, magic == kImages ? "images" : "labels"));
    Idx idx;
    std::int64_t size = 1;
    for (std::uint32_t i = 0; i < (magic & 0xFFU); ++i) {
      idx.extents.push_back(word());
      if (idx.extents.back() == 0 || idx.extents.back() > kMost / size)
        throw Error(path_.string(), fmt::format("has {} for its dimension {}", idx.extents.back(), i + 1));
      size *= idx.extents.back();
    }
    elements(size, idx.elements);
    return idx;
  }

 private:
  static constexpr std::int64_t kMost = std::int64_t{1} << 40;

  std::uint32_t word() {
    std::array<std::uint8_t, 4> b{};
    if (file_.read(std::as_writable_bytes(std::span(b))) != b.size())
      throw Error(path_.string(), "ends within its header", "get the file again");
    return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
  }

  /// Memory grows with what is really there: a damaged header must not claim a terabyte.
  void elements(std::int64_t size, std::vector<std::uint8_t>& out) {
    constexpr std::size_t kPiece = std::size_t{64} << 20;
    const auto wanted = static_cast<std::size_t>(size);
    while (out.size() < wanted) {
      const std::size_t before = out.size(), piece = std::min(kPiece, wanted - before);
      out.resize(before + piece);
      const std::size_t n = file_.read(std::as_writable_bytes(std::span(out).subspan(before)));
      if (n < piece)
        throw Error(path_.string(), fmt::format("ends after {} of {} elements", before + n, wanted),
                    "get the file again");
    }
    std::byte more{};
    if (file_.read({&more, 1}) != 0)
      throw Error(path_.string(), fmt::format("goes on after its {} elements", wanted), "get the file again");
  }

  fs::path path_;
  GzipReader file_;
};

/// `stem`: "train" or "t10k".
Samples read_pair(const fs::path& directory, const std::string& stem) {
  Idx images = IdxFile(find(directory, stem + "-images-idx3-ubyte")).read(kImages);
  const fs::path label_path = find(directory, stem + "-labels-idx1-ubyte");
  const Idx labels = IdxFile(label_path).read(kLabels);
  if (labels.extents[0] != images.extents[0])
    throw Error(label_path.string(),
                fmt::format("has {} labels for {} images", labels.extents[0], images.extents[0]));
  Samples samples;
  samples.count = images.extents[0];
  samples.shape = {1, images.extents[1], images.extents[2]};
  samples.bytes = std::move(images.elements);
  samples.labels.assign(labels.elements.begin(), labels.elements.end());
  samples.outputs = 1 + *std::max_element(samples.labels.begin(), samples.labels.end());
  return samples;
}

}  // namespace

SourceData read_idx(const DataConfig& config) {
  SourceData source{read_pair(config.path, "train"), {}};
  if (config.valid == 0) source.test = read_pair(config.path, "t10k");
  return source;
}

}  // namespace hpo::train
