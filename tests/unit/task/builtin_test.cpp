// SPDX-License-Identifier: Apache-2.0
#include "task/builtin.hpp"

#include <doctest/doctest.h>

using hpo::task::staged_path;

TEST_CASE("staged data: what lies at or below the staged place is read from its copy") {
  CHECK(staged_path("/data/set/train.csv", "/data/set", "/local/8/set") == "/local/8/set/train.csv");
  CHECK(staged_path("/data/set", "/data/set", "/local/8/set") == "/local/8/set");
  CHECK(staged_path("/data/set/", "/data/set/", "/local/8/set") == "/local/8/set");
  CHECK(staged_path("/data/./set/a/../b.h5", "/data/set", "/local/8/set") == "/local/8/set/b.h5");
  CHECK(staged_path("/data/set.h5", "/data/set.h5", "/local/8/set.h5") == "/local/8/set.h5");
}

TEST_CASE("staged data: relative paths mean the working directory on both sides") {
  CHECK(staged_path("set/train.csv", "set", "/local/8/set") == "/local/8/set/train.csv");
}

TEST_CASE("staged data: every other path stays as it is written") {
  CHECK(staged_path("/data/settings.csv", "/data/set", "/local/8/set") == "/data/settings.csv");
  CHECK(staged_path("/data/set/../x", "/data/set", "/local/8/set") == "/data/set/../x");
  CHECK(staged_path("/data", "/data/set", "/local/8/set") == "/data");
  CHECK(staged_path("/data/set/a", "", "") == "/data/set/a");
  CHECK(staged_path("/data/set/a", "/data/set", "") == "/data/set/a");
  CHECK(staged_path("", "/data/set", "/local/8/set").empty());
}
