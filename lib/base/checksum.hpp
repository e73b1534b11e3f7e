// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace hpo {

/// CRC-32C (Castagnoli, reflected 0x82F63B78), as iSCSI and ext4 use it. `seed` is the previous value when a
/// checksum is continued: crc32c(b, crc32c(a)) == crc32c(a + b). crc32c("123456789") == 0xE3069283.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> data, std::uint32_t seed = 0);
[[nodiscard]] std::uint32_t crc32c(std::string_view data, std::uint32_t seed = 0);

/// 64-bit FNV-1a: a fingerprint of a short text (not a checksum).
[[nodiscard]] std::uint64_t fnv1a(std::string_view text);

}  // namespace hpo
