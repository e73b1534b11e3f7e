// SPDX-License-Identifier: Apache-2.0
#include "base/checksum.hpp"

#include <boost/crc.hpp>

#include <cstring>

namespace hpo {
namespace {

std::uint32_t portable(const char* data, std::size_t size, std::uint32_t seed) {
  // Boost wants the register before the final xor, bits in the unreflected order of its init_rem.
  std::uint32_t state = ~seed, reversed = 0;
  for (int i = 0; i < 32; ++i) reversed |= ((state >> i) & 1U) << (31 - i);
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc(reversed);
  crc.process_bytes(data, size);
  return crc.checksum();
}

#if defined(__x86_64__)
// The instruction does 8 bytes in 3 cycles; a generation of a large study is hundreds of MB.
__attribute__((target("sse4.2"))) std::uint32_t hardware(const char* data, std::size_t size,
                                                         std::uint32_t seed) {
  std::uint64_t crc = static_cast<std::uint32_t>(~seed);
  for (; size >= 8; data += 8, size -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, 8);
    crc = __builtin_ia32_crc32di(crc, word);
  }
  auto tail = static_cast<std::uint32_t>(crc);
  for (; size > 0; ++data, --size) tail = __builtin_ia32_crc32qi(tail, static_cast<unsigned char>(*data));
  return ~tail;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view data, std::uint32_t seed) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return hardware(data.data(), data.size(), seed);
#endif
  return portable(data.data(), data.size(), seed);
}

std::uint32_t crc32c(std::span<const std::byte> data, std::uint32_t seed) {
  return crc32c(std::string_view(reinterpret_cast<const char*>(data.data()), data.size()), seed);
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

}  // namespace hpo
