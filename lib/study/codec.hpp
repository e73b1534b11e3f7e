// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "study/study.hpp"

namespace hpo::study {

/// The only format that is read or written: docs/study-format.md.
inline constexpr int kFormat = 2;

/// A study as an HDF5 file behind `user_block` zero bytes (0 or a power of two from 512). A pure function:
/// equal studies, equal bytes. Texts end at their first NUL character.
[[nodiscard]] std::string encode(const Study& study, std::uint64_t user_block);
/// The study in a whole file. `name` and `toml_name` stand for the file and its definition in messages. What
/// it returns is consistent: all columns of a table of one length, every index in range, every point as long
/// as the space. Throws Error "is damaged: ..." otherwise. Not a defence against a file made to attack
/// libhdf5.
[[nodiscard]] Study decode(std::string_view bytes, const std::string& name, const std::string& toml_name);

}  // namespace hpo::study
