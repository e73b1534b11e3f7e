// SPDX-License-Identifier: Apache-2.0
#include "study/generation.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "support/message.hpp"

using namespace hpo;
using study::Seal;
using study::verify;

namespace {
std::string sealed() {
  std::string file(Seal::kSize, '\0');
  file += "\x89HDF\r\n\x1a\n and what follows";
  Seal mark{"0123456789abcdef", 42, "00000000000000aa", "00000000000000bb", 0, 0};
  study::seal(mark, file);
  return file;
}
}  // namespace

TEST_CASE("seal: what is written is read") {
  const std::string file = sealed();
  const Seal seal = verify(file, "s.h5");
  CHECK(seal.uuid == "0123456789abcdef");
  CHECK(seal.generation == 42);
  CHECK(seal.nonce == "00000000000000aa");
  CHECK(seal.parent == "00000000000000bb");
  CHECK(seal.size == file.size());
  CHECK(file.substr(0, 33) == "HPOSTUDY 2\nuuid 0123456789abcdef\n");
  CHECK(file[511] == '\n');
}

TEST_CASE("seal: a change of any byte is found") {
  const std::string file = sealed();
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (const char flip : {'\x01', '\x20', '\x80'}) {
      std::string bad = file;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      REQUIRE_THROWS_AS((void)verify(bad, "s.h5"), Error);
    }
  }
}

TEST_CASE("seal: a file cut at any byte, or too long, is found") {
  const std::string file = sealed();
  for (std::size_t cut = 0; cut < file.size(); ++cut)
    REQUIRE_THROWS_AS((void)verify(file.substr(0, cut), "s.h5"), Error);
  CHECK_THROWS_AS((void)verify(file + "x", "s.h5"), Error);
}

TEST_CASE("seal: each refusal is a sentence") {
  const auto said = [](const std::string& bytes) {
    return test::message([&] { (void)verify(bytes, "s.h5"); });
  };
  const std::string file = sealed();
  CHECK(said("") == "s.h5: is empty");
  CHECK(said("hello") == "s.h5: is not a study file (nor HDF5 at all)");
  CHECK(said(file.substr(512)) == "s.h5: is an HDF5 file, but not a study of hpo-batch");
  CHECK(said("HPOSTUDY 3\n") == "s.h5: has format 3, this program knows 2 | install a newer hpo-batch");
  CHECK(said("HPOSTUDY 1\n") ==
        "s.h5: has format 1, which is read no more; this program knows 2 | "
        "hpo-init study.toml --study=NEW.h5 starts the search again");
  CHECK(said(file.substr(0, 100)) == "s.h5: is cut short after 100 bytes");
  CHECK(said(file.substr(0, 530)) == "s.h5: is cut short: 530 of 537 bytes");
  CHECK(said(file + "xx") == "s.h5: is damaged: 2 bytes too long");
  std::string bad = file;
  bad[20] = 'x';
  CHECK(said(bad) == "s.h5: is damaged in its first lines");
  bad = file;
  bad.back() = 'x';
  CHECK(said(bad) == "s.h5: is damaged: its checksum does not match its content");
}
