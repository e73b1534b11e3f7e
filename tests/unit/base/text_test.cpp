// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/checksum.hpp"

using namespace hpo;

TEST_CASE("text: a slip of the finger is recognised, another word is not") {
  const std::vector<std::string> names{"seed", "name", "proposer"};
  CHECK(did_you_mean("sede", names) == "did you mean 'seed'?");
  CHECK(did_you_mean("propser", names) == "did you mean 'proposer'?");
  CHECK(did_you_mean("colour", names).empty());
  CHECK(did_you_mean("", names).empty());
}

TEST_CASE("text: numbers are read strictly") {
  CHECK(parse_double("1e-5") == 1e-5);
  CHECK(std::isnan(*parse_double("nan")));
  for (const char* bad : {"", " 1", "1 ", "1,5", "0x10", "1e", "--1"}) CHECK_FALSE(parse_double(bad));
  CHECK(parse_int("-12") == -12);
  for (const char* bad : {"", "1.0", "99999999999999999999", "+1", "1 "}) CHECK_FALSE(parse_int(bad));
}

TEST_CASE("text: Slurm's forms of a time") {
  CHECK(parse_slurm_time("90") == 5400);
  CHECK(parse_slurm_time("1:30") == 90);
  CHECK(parse_slurm_time("01:30:00") == 5400);
  CHECK(parse_slurm_time("2-3") == (2 * 24 + 3) * 3600);
  CHECK(parse_slurm_time("1-0:0:1") == 86401);
  for (const char* bad : {"", "abc", "1:2:3:4", "-1", "1-", "1:-2", "9999999999999"})
    CHECK_FALSE(parse_slurm_time(bad));
  CHECK(slurm_time(5400) == "01:30:00");
  CHECK(slurm_time(90061) == "1-01:01:01");
}

TEST_CASE("text: numbers come out short and exact") {
  for (const double x : {0.1, 1e-300, 123456789.123, -0.0, 1.0 / 3}) CHECK(*parse_double(shortest(x)) == x);
  CHECK(shortest(NAN) == "nan");
  CHECK(shortest(-INFINITY) == "-inf");
  CHECK(rounded(0.123456, 3) == "0.123");
}

TEST_CASE("text: plain names cannot leave their directory or look like an option") {
  CHECK(is_plain_name("fashion-2_b.1"));
  for (const char* bad : {"", ".", "..", "-x", ".hidden", "a/b", "a b", "a\n", "ä"})
    CHECK_FALSE(is_plain_name(bad));
  CHECK_FALSE(is_plain_name(std::string(65, 'a')));
}

TEST_CASE("checksum: CRC-32C's check value, and it can be continued") {
  CHECK(crc32c(std::string_view("123456789")) == 0xE3069283U);
  CHECK(crc32c(std::string_view("6789"), crc32c(std::string_view("12345"))) == 0xE3069283U);
  CHECK(crc32c(std::string_view()) == 0);
}
