// SPDX-License-Identifier: Apache-2.0
#include "study/generation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/checksum.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "study/codec.hpp"

namespace hpo::study {
namespace {

constexpr std::string_view kMagic = "HPOSTUDY";
constexpr std::string_view kHdf5{"\x89HDF\r\n\x1a\n", 8};

std::string render(const Seal& s) {
  std::string text =
      fmt::format("{} {}\nuuid {}\ngeneration {}\nnonce {}\nparent {}\nsize {}\ncrc32c {:08x}\n", kMagic,
                  kFormat, s.uuid, s.generation, s.nonce, s.parent, s.size, s.crc);
  text += fmt::format("seal {:08x}\n", crc32c(text));
  HPO_CHECK(text.size() < Seal::kSize, "a seal does not fit its block");
  text.resize(Seal::kSize - 1, ' ');
  return text + '\n';
}

// The word after `key` at the start of the line; the text moves to the next line.
std::string take(std::string_view& text, std::string_view key) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  if (!starts_with(line, key) || line.size() <= key.size()) return "";
  return std::string(line.substr(key.size() + 1));
}

}  // namespace

void seal(Seal& s, std::string& file) {
  HPO_CHECK(file.size() > Seal::kSize, "nothing to seal");
  s.size = file.size();
  s.crc = crc32c(std::string_view(file).substr(Seal::kSize));
  file.replace(0, Seal::kSize, render(s));
}

std::optional<Seal> read_seal(std::string_view start) {
  if (start.size() < Seal::kSize) return std::nullopt;
  std::string_view text = start.substr(0, Seal::kSize);
  Seal s;
  (void)take(text, kMagic);
  s.uuid = take(text, "uuid");
  s.generation = static_cast<std::uint64_t>(parse_int(take(text, "generation")).value_or(0));
  s.nonce = take(text, "nonce");
  s.parent = take(text, "parent");
  s.size = static_cast<std::uint64_t>(parse_int(take(text, "size")).value_or(0));
  const std::string crc = take(text, "crc32c");
  std::from_chars(crc.data(), crc.data() + crc.size(), s.crc, 16);
  // Whatever was misread, rendered again, is not what stood there.
  return s.generation > 0 && render(s) == start.substr(0, Seal::kSize) ? std::optional(s) : std::nullopt;
}

Seal verify_start(std::string_view start, const std::string& name) {
  if (start.empty()) throw Error(name, "is empty");
  if (!starts_with(start, kMagic)) {
    if (starts_with(start, kHdf5)) throw Error(name, "is an HDF5 file, but not a study of hpo-batch");
    throw Error(name, "is not a study file (nor HDF5 at all)");
  }
  std::string_view text = start;
  const auto format = parse_int(take(text, kMagic));
  if (format && *format > kFormat)
    throw Error(name, fmt::format("has format {}, this program knows {}", *format, kFormat),
                "install a newer hpo-batch");
  if (format && *format > 0 && *format < kFormat)
    throw Error(name,
                fmt::format("has format {}, which is read no more; this program knows {}", *format, kFormat),
                "hpo-init study.toml --study=NEW.h5 starts the search again");
  if (start.size() < Seal::kSize) throw Error(name, fmt::format("is cut short after {} bytes", start.size()));
  const auto found = read_seal(start);
  if (!found) throw Error(name, "is damaged in its first lines");
  return *found;
}

Seal verify(std::string_view bytes, const std::string& name) {
  Seal found = verify_start(bytes.substr(0, Seal::kSize), name);
  if (bytes.size() < found.size)
    throw Error(name, fmt::format("is cut short: {} of {} bytes", bytes.size(), found.size));
  if (bytes.size() > found.size)
    throw Error(name, fmt::format("is damaged: {} bytes too long", bytes.size() - found.size));
  if (crc32c(bytes.substr(Seal::kSize)) != found.crc)
    throw Error(name, "is damaged: its checksum does not match its content");
  return found;
}

}  // namespace hpo::study
