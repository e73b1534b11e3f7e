// SPDX-License-Identifier: Apache-2.0
#include "exchange/record.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace hpo::exchange;

namespace {
template <class Kind>
Kind there_and_back(const Kind& record) {
  const auto text = encode_record(record);
  CHECK(text.find('\n') == std::string::npos);
  const auto back = decode_record(text);
  REQUIRE(back);
  REQUIRE(std::holds_alternative<Kind>(*back));
  return std::get<Kind>(*back);
}
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
}  // namespace

TEST_CASE("record: who started comes back whole") {
  Started who{"0123456789abcdef", "hpo-x-b0-r1", "fedcba9876543210", "1234_5", "node\n7", 12, 1, 2, 3, 4, 8,
              1763700000.25};
  const auto back = there_and_back(who);
  CHECK(back.study_uuid == who.study_uuid);
  CHECK(back.submission == who.submission);
  CHECK(back.nonce == who.nonce);
  CHECK(back.job == who.job);
  CHECK(back.host == who.host);
  CHECK(back.trial == 12);
  CHECK(back.bracket == 1);
  CHECK(back.rung == 2);
  CHECK(back.ordinal == 3);
  CHECK(back.nodes == 4);
  CHECK(back.ranks == 8);
  CHECK(back.time == who.time);
}

TEST_CASE("record: every double of a report comes back to the last bit, NaN and infinities too") {
  const std::vector<double> values{0.1, -0.0, 1e-320, 1.7976931348623157e308, 3, kInf, -kInf, 2.0 / 3};
  Metrics metrics;
  for (const double value : values) metrics.emplace_back("m" + std::to_string(metrics.size()), value);
  metrics.emplace_back("lost", kNaN);
  const auto back = there_and_back(Reported{7.5, 1763700000.123456, metrics});
  CHECK(back.step == 7.5);
  CHECK(back.time == 1763700000.123456);
  REQUIRE(back.metrics.size() == metrics.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    CHECK(back.metrics[i].first == metrics[i].first);
    CHECK(back.metrics[i].second == values[i]);
    CHECK(std::signbit(back.metrics[i].second) == std::signbit(values[i]));
  }
  CHECK(std::isnan(back.metrics.back().second));
}

TEST_CASE("record: a metric may have any name") {
  for (const std::string name :
       {"a b", "quote\"", "back\\slash", "line\nbreak", "nul", "\xc3\xa9t\xc3\xa9", ""}) {
    const auto back = there_and_back(Reported{1, 2, {{name, 3.0}, {"other", 4.0}}});
    REQUIRE(back.metrics.size() == 2);
    CHECK(back.metrics[0] == std::pair<std::string, double>(name, 3.0));
  }
}

TEST_CASE("record: bytes that are not UTF-8 are replaced, not refused") {
  CHECK(there_and_back(Noted{1, "bad \xff byte"}).text == "bad \xef\xbf\xbd byte");
  CHECK(there_and_back(Reported{1, 2, {{"\xff", 3.0}}}).metrics[0].first == "\xef\xbf\xbd");
}

TEST_CASE("record: a report without metrics, and blanks between its parts, are read") {
  CHECK(there_and_back(Reported{1, 2, {}}).metrics.empty());
  const auto spaced = decode_record(R"(M[ 1, 2, {"a": 3} ])");
  REQUIRE(spaced);
  CHECK(std::get<Reported>(*spaced).metrics == Metrics{{"a", 3.0}});
}

TEST_CASE("record: the other kinds come back whole") {
  const auto checkpoint = there_and_back(Checkpointed{9, 10, "ckpt/t1", 0.75});
  CHECK(checkpoint.path == "ckpt/t1");
  CHECK(checkpoint.step == 9);
  CHECK(checkpoint.seconds == 0.75);
  for (const auto how :
       {Ending::finished, Ending::failed, Ending::diverged, Ending::stopped, Ending::infrastructure}) {
    const auto end = there_and_back(Ended{how, kNaN, 3, 137, "killed"});
    CHECK(end.how == how);
    CHECK(std::isnan(end.step));
    CHECK(end.exit_code == 137);
    CHECK(end.message == "killed");
  }
}

TEST_CASE("record: a checkpoint that does not say how long it took is read") {
  const auto older = decode_record(R"(C{"step":9,"time":10,"path":"ckpt/t1"})");
  REQUIRE(older);
  CHECK(std::get<Checkpointed>(*older).path == "ckpt/t1");
  CHECK(std::get<Checkpointed>(*older).seconds == 0);
}

TEST_CASE("record: what is not a record is nothing") {
  for (const char* text :
       {"", "M", "M[", "M[1,2]", "M[1,2,{\"a\":\"x\"}]", "M[1,2,{\"a\":1}]]", "M[1,nan,{}]", "S{}", "S[]",
        "E{\"how\":\"lost\",\"step\":1,\"time\":1,\"exit\":0,\"message\":\"\"}", "Z{}", "{}",
        "C{\"step\":\"x\",\"time\":1,\"path\":\"\"}",
        "C{\"step\":1,\"time\":1,\"path\":\"\",\"seconds\":true}", "M[1,1e999,{}]"})
    CHECK_MESSAGE(!decode_record(text), text);
}
