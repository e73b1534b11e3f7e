// SPDX-License-Identifier: Apache-2.0
#include "train/data.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <cmath>
#include <numeric>
#include <set>

#include "base/random.hpp"
#include "support/scratch.hpp"
#include "unit/train/expect_error.hpp"

namespace hpo::train {
namespace {

using test::Scratch;
using test::slurp;
using test::spill;

std::string big_endian(std::initializer_list<std::uint32_t> words) {
  std::string bytes;
  for (const std::uint32_t word : words)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift);
  return bytes;
}

/// Image i of n, 2 x 3, is all bytes of value 10 i; its label is i % 3.
std::string images(std::uint32_t n) {
  std::string bytes = big_endian({0x803, n, 2, 3});
  for (std::uint32_t i = 0; i < n; ++i) bytes += std::string(6, static_cast<char>(10 * i));
  return bytes;
}

std::string labels(std::uint32_t n) {
  std::string bytes = big_endian({0x801, n});
  for (std::uint32_t i = 0; i < n; ++i) bytes += static_cast<char>(i % 3);
  return bytes;
}

std::string compressed(const std::string& bytes) {
  const Scratch scratch;
  const auto path = scratch / "x.gz";
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return slurp(path);
}

/// A directory with `n` training and 3 test images.
struct IdxDirectory : Scratch {
  explicit IdxDirectory(std::uint32_t n) {
    spill(*this / "train-images-idx3-ubyte", images(n));
    spill(*this / "train-labels-idx1-ubyte", labels(n));
    spill(*this / "t10k-images-idx3-ubyte", images(3));
    spill(*this / "t10k-labels-idx1-ubyte", labels(3));
  }
  [[nodiscard]] DataConfig config(std::int64_t valid = 0) const {
    return {.kind = "idx", .path = path().string(), .valid = valid};
  }
};

std::vector<std::uint64_t> all(const Data& data, Part part) {
  std::vector<std::uint64_t> ids(static_cast<std::size_t>(data.size(part)));
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

Error refused(const DataConfig& config) {
  return error_of([&] { const Data data(config); });
}

TEST_CASE("data: idx without validation samples validates on the test files") {
  const IdxDirectory files(10);
  const Data data(files.config());
  CHECK(data.size(Part::training) == 10);
  CHECK(data.size(Part::validation) == 3);
  CHECK(data.shape() == std::vector<std::int64_t>{1, 2, 3});
  CHECK(data.outputs() == 3);
  const std::vector<std::uint64_t> ids{7, 0};
  BatchMemory memory;
  const Batch batch = data.batch(Part::training, ids, 5, memory);
  CHECK(batch.count == 2);
  CHECK(batch.epoch == 5);
  CHECK(batch.labels[0] == 1);
  CHECK(batch.labels[1] == 0);
  CHECK(batch.sample_ids[0] == 7);
  CHECK(batch.inputs[0] == batch.inputs[5]);
  CHECK(batch.inputs[0] > batch.inputs[6]);
}

TEST_CASE("data: compressed and plain IDX files are the same") {
  const IdxDirectory plain(10), packed(10);
  boost::filesystem::remove(packed / "train-images-idx3-ubyte");
  spill(packed / "train-images-idx3-ubyte.gz", compressed(images(10)));
  const Data a(plain.config()), b(packed.config());
  BatchMemory ma, mb;
  const auto ids = all(a, Part::training);
  (void)a.batch(Part::training, ids, 0, ma);
  (void)b.batch(Part::training, ids, 0, mb);
  CHECK(ma.inputs == mb.inputs);
}

TEST_CASE("data: training inputs have mean 0 and deviation 1") {
  const IdxDirectory files(20);
  const Data data(files.config());
  BatchMemory memory;
  const auto ids = all(data, Part::training);
  (void)data.batch(Part::training, ids, 0, memory);
  double sum = 0, squares = 0;
  for (const float x : memory.inputs) {
    sum += static_cast<double>(x);
    squares += static_cast<double>(x * x);
  }
  const auto n = static_cast<double>(memory.inputs.size());
  CHECK(sum / n == doctest::Approx(0).epsilon(1e-5));
  CHECK(squares / n == doctest::Approx(1).epsilon(1e-5));
}

TEST_CASE("data: the validation split is a partition that depends on the data's seed only") {
  const IdxDirectory files(20);
  const auto pixels = [&](std::int64_t valid, std::uint64_t seed, Part part) {
    DataConfig config = files.config(valid);
    config.seed = seed;
    const Data data(config);
    BatchMemory memory;
    const auto ids = all(data, part);
    const Batch batch = data.batch(part, ids, 0, memory);
    std::vector<float> firsts;
    for (std::int64_t i = 0; i < batch.count; ++i) firsts.push_back(batch.inputs[6 * i]);
    return firsts;
  };
  CHECK(pixels(8, 1, Part::training).size() == 12);
  CHECK(pixels(8, 1, Part::validation) == pixels(8, 1, Part::validation));
  CHECK(pixels(8, 1, Part::validation) != pixels(8, 2, Part::validation));
  auto both = pixels(8, 1, Part::training);
  for (const float x : pixels(8, 1, Part::validation)) both.push_back(x);
  CHECK(std::set<float>(both.begin(), both.end()).size() == 20);
}

TEST_CASE("data: too large a validation part is refused") {
  const IdxDirectory files(20);
  CHECK(refused(files.config(20)).reason() == "20 of 20 samples kept for validation leave none to train on");
}

TEST_CASE("data: a missing IDX file is named, with the package that has one") {
  const Scratch empty;
  const Error error = refused({.kind = "idx", .path = empty.path().string()});
  CHECK(contains(error.culprit(), "train-images-idx3-ubyte"));
  CHECK(contains(error.next(), "apt install dataset-fashion-mnist"));
}

TEST_CASE("data: damaged IDX files are refused with what is wrong") {
  const auto with = [](const std::string& name, const std::string& content) {
    const IdxDirectory files(10);
    boost::filesystem::remove(files / "train-images-idx3-ubyte");
    spill(files / name, content);
    return refused(files.config());
  };
  const std::string good = images(10), packed = compressed(good);
  const std::string plain = "train-images-idx3-ubyte", zipped = plain + ".gz";
  CHECK(with(plain, good.substr(0, good.size() - 1)).reason() == "ends after 59 of 60 elements");
  CHECK(with(plain, good + "x").reason() == "goes on after its 60 elements");
  CHECK(with(plain, good.substr(0, 9)).reason() == "ends within its header");
  CHECK(with(plain, "").reason() == "ends within its header");
  CHECK(contains(with(plain, labels(10)).reason(), "starts with 0x00000801, not 0x00000803"));
  CHECK(with(plain, big_endian({0x803, 10, 0, 3})).reason() == "has 0 for its dimension 2");
  CHECK(with(plain, big_endian({0x803, 0xFFFFFFFF, 0xFFFFFFFF, 1})).reason() ==
        "has 4294967295 for its dimension 2");
  CHECK(contains(with(plain, big_endian({0x803, 1U << 30, 32, 32}) + "abc").reason(), "ends after 3 of"));
  CHECK(with(zipped, packed.substr(0, packed.size() / 2)).reason() == "is cut short");
  std::string flipped = packed;
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x10);
  CHECK(contains(with(zipped, flipped).culprit(), zipped));
  CHECK(contains(with(plain, images(9)).reason(), "has 10 labels for 9 images"));
}

/// 300 times some bytes of `good` changed, and a piece cut out or put in twice: reading gives data or an
/// Error.
template <class Read>
void check_survives(const std::string& good, Read read) {
  Stream random(1, Purpose::test, 0);
  for (int round = 0; round < 300; ++round) {
    std::string bytes = good;
    for (std::uint64_t n = random.below(4); n > 0; --n)
      bytes[random.below(bytes.size())] = static_cast<char>(random.next32());
    const std::size_t at = random.below(bytes.size()), length = random.below(bytes.size() - at);
    if (round % 3 == 1) bytes.erase(at, length);
    if (round % 3 == 2) bytes.insert(at, bytes.substr(at, length));
    try {
      read(bytes);
    } catch (const Error& error) {
      REQUIRE_FALSE(error.reason().empty());
    }
  }
}

TEST_CASE("data: hostile IDX files give data or an Error") {
  const IdxDirectory files(10);
  const auto path = files / "train-images-idx3-ubyte";
  for (const std::string& good : {images(10), compressed(images(10))})
    check_survives(good, [&](const std::string& bytes) {
      spill(path, bytes);
      const Data data(files.config());
    });
}

DataConfig csv(const Scratch& scratch, const std::string& text, Task task = Task::classification) {
  spill(scratch / "table.csv", text);
  return {.kind = "csv", .path = (scratch / "table.csv").string(), .valid = 1, .target = "y", .task = task};
}

TEST_CASE("data: csv classes are numbered by value, or by text") {
  const auto labels_of = [](const std::string& text) {
    const Scratch scratch;
    DataConfig config = csv(scratch, text);
    return read_csv(config).training.labels;
  };
  CHECK(labels_of("x,y\n1,10\n2,9\n3,10\n") == std::vector<std::int32_t>{1, 0, 1});
  CHECK(labels_of("y,x\ncat,1\ndog,2\n\"a \"\"b\"\",c\",3\n") == std::vector<std::int32_t>{1, 2, 0});
}

TEST_CASE("data: csv in its variants of line ends, blanks and quotes") {
  const Scratch scratch;
  const Samples samples = read_csv(csv(scratch, "a, b ,y\r\n 1 ,\"2\",0\r\n\r\n3,4.5e1,1")).training;
  CHECK(samples.count == 2);
  CHECK(samples.values == std::vector<float>{1, 2, 3, 45});
}

TEST_CASE("data: csv errors name the line") {
  const auto error = [](const std::string& text, Task task = Task::classification) {
    const Scratch scratch;
    const Error thrown = refused(csv(scratch, text, task));
    return thrown.culprit().substr(thrown.culprit().find("table.csv")) + ": " + thrown.reason();
  };
  CHECK(error("x,y\n1,0\nhot,1\n") == "table.csv:3: column 'x': 'hot' is not a number");
  CHECK(error("x,y\n1,0\n\n,1\n") == "table.csv:4: column 'x': '' is not a number");
  CHECK(error("x,y\nnan,0\n") == "table.csv:2: column 'x': 'nan' is not a number");
  CHECK(error("x,y\n1,0,7\n") == "table.csv:2: has 3 fields, the header 2");
  CHECK(error("x,price\n1,0\n") == "table.csv:1: there is no column 'y' (data.target); did you mean 'x'?");
  CHECK(error("y\n1\n") == "table.csv:1: there are no columns but the target");
  CHECK(error("x,y\n1,\"0\n") == "table.csv:2: a quote is not closed");
  CHECK(error("x,y\n1,\"0\"1\n") == "table.csv:2: text after a closing quote");
  CHECK(error("") == "table.csv: is empty: a header row with the columns' names is expected");
  CHECK(error("x,y\n") == "table.csv: has a header but no rows");
  CHECK(error("x,y\n1,0.5\n2,1\n") == "table.csv: column 'y' holds fractions such as 0.5, not classes");
  CHECK(error("x,y\n1,a\n2,a\n") == "table.csv: column 'y' holds one class only");
}

TEST_CASE("data: hostile csv files give data or an Error") {
  const Scratch scratch;
  check_survives("x,y,z\n1,0,2\n\"3\",1,4\r\n5,\"1\",6\n7,0,8\n",
                 [&](const std::string& bytes) { const Data data(csv(scratch, bytes)); });
}

TEST_CASE("data: a missing csv file is an error of the system") {
  const Error error = refused({.kind = "csv", .path = "/nowhere/x.csv", .valid = 1, .target = "y"});
  CHECK(error.culprit() == "/nowhere/x.csv");
  CHECK(contains(error.reason(), "cannot open"));
}

TEST_CASE("data: regression targets are standardised and know their scale") {
  const Scratch scratch;
  std::string text = "x,y\n";
  for (int i = 0; i < 101; ++i) text += std::to_string(i) + "," + std::to_string(100 * i) + "\n";
  const Data data(csv(scratch, text, Task::regression));
  CHECK(data.outputs() == 1);
  CHECK(data.target_scale() == doctest::Approx(2900).epsilon(0.02));
  BatchMemory memory;
  const auto ids = all(data, Part::training);
  const Batch batch = data.batch(Part::training, ids, 0, memory);
  CHECK(batch.labels == nullptr);
  double squares = 0;
  for (const float y : memory.targets) squares += static_cast<double>(y * y);
  CHECK(squares / 100 == doctest::Approx(1));
  CHECK(memory.inputs == memory.targets);
}

TEST_CASE("data: synthetic data are the same for the same seed and balanced") {
  const DataConfig config{.kind = "synthetic", .valid = 16, .samples = 64, .features = 3, .classes = 4};
  const Samples a = make_synthetic(config).training, b = make_synthetic(config).training;
  CHECK(a.values == b.values);
  CHECK(std::count(a.labels.begin(), a.labels.end(), 3) == 16);
  DataConfig other = config;
  other.seed = 1;
  CHECK(make_synthetic(other).training.values != a.values);
}

TEST_CASE("data: synthetic data without a validation part are validated on further samples") {
  const Data data({.kind = "synthetic", .samples = 64});
  CHECK(data.size(Part::training) == 64);
  CHECK(data.size(Part::validation) == 16);
}

}  // namespace
}  // namespace hpo::train
