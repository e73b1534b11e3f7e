// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

#include "study/definition_sections.hpp"

using hpo::study::parse_date_time;

TEST_CASE("date-time: with an offset it is the same everywhere") {
  CHECK(parse_date_time("1970-01-01T00:00:00Z") == 0.0);
  CHECK(parse_date_time("2026-11-21T05:26:25Z") == 1795238785.0);
  CHECK(parse_date_time("2026-11-21T05:26:25+01:30") == 1795238785.0 - 5400);
  CHECK(parse_date_time("2026-11-21T05:26:25-08:00") == 1795238785.0 + 28800);
  CHECK(parse_date_time("2026-11-21T05:26:25.75Z") == 1795238785.0);
}

TEST_CASE("date-time: without an offset it is local") {
  setenv("TZ", "UTC-2", 1);  // two hours east
  tzset();
  CHECK(parse_date_time("1970-01-02T00:00:00") == 86400.0 - 7200);
  CHECK(parse_date_time("1970-01-02") == 86400.0 - 7200);
  unsetenv("TZ");
  tzset();
}

TEST_CASE("date-time: what is none, or names a day there is not") {
  for (const auto* text : {"", "tomorrow", "05:26:00", "2026-13-01", "2026-02-30", "2026-02-30T00:00:00Z",
                           "2026-11-21T25:00:00", "2026-11-21T05:26:25Zx", "2026-11-21T05:26", "."})
    CHECK_FALSE(parse_date_time(text));
}
