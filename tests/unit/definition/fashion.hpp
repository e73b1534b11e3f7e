// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "base/file_system.hpp"

namespace hpo::test {

/// tests/data/fashion.toml.
inline std::string fashion() {
  return real_file_system().read(fs::path(HPO_DATA_DIRECTORY) / "fashion.toml");
}

/// Puts `after` in the place of `before`, which must be there; an empty `before` stands for the end of the
/// file.
inline std::string changed(std::string text, const std::string& before, const std::string& after) {
  if (before.empty()) return text + after;
  const auto at = text.find(before);
  REQUIRE_MESSAGE(at != std::string::npos, before);
  return text.replace(at, before.size(), after);
}

}  // namespace hpo::test
