// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hpo::study {

/// The first 512 bytes of every generation: HDF5 calls them the user block and skips them. Text, to be judged
/// before libhdf5 sees a byte of the file.
struct Seal {
  static constexpr std::uint64_t kSize = 512;
  std::string uuid;              ///< of the study
  std::uint64_t generation = 0;  ///< counted from 1
  std::string nonce;             ///< of this generation: no two commits share one
  std::string parent;            ///< nonce of the generation before; 16 zeros for the first
  std::uint64_t size = 0;        ///< of the whole file
  std::uint32_t crc = 0;         ///< CRC-32C of all bytes after the seal
};

/// Writes the seal into the first 512 bytes of `file`; fills in size and crc.
void seal(Seal& seal, std::string& file);
/// The seal of a file's first bytes when they are intact, whatever follows.
[[nodiscard]] std::optional<Seal> read_seal(std::string_view start);
/// The seal of a whole file whose every byte is as it was written. Throws Error naming `name`: empty, not
/// HDF5, not a study, of another format, cut short, damaged.
[[nodiscard]] Seal verify(std::string_view bytes, const std::string& name);
/// The same as far as the first 512 bytes can tell.
[[nodiscard]] Seal verify_start(std::string_view start, const std::string& name);

}  // namespace hpo::study
