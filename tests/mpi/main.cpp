// SPDX-License-Identifier: Apache-2.0
// Runs the cases on every rank. A failure on any rank fails them all; so does a run without a single case.
#define DOCTEST_CONFIG_IMPLEMENT
#include "mpi/world.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string_view>

namespace {

std::unique_ptr<hpo::train::comm::Communicator> g_world;
std::int64_t g_cases = 0;

struct Counter : doctest::IReporter {
  explicit Counter(const doctest::ContextOptions&) {}
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_start(const doctest::TestCaseData&) override { ++g_cases; }
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

}  // namespace

REGISTER_LISTENER("counter", 1, Counter);

hpo::train::comm::Communicator& hpo::train::world() {
  return *g_world;
}

int main(int argc, char** argv) {
  const std::string_view kind = argc > 1 ? argv[1] : "";
  if (kind != "self" && kind != "mpi") {
    std::fprintf(stderr, "usage: %s self|mpi [doctest options]\n", argv[0]);
    return 2;
  }
  g_world = kind == "self" ? hpo::train::comm::make_self() : hpo::train::comm::make_mpi();
  doctest::Context context(argc - 1, argv + 1);
  std::array<std::int64_t, 2> verdict{context.run(), 0};
  verdict[1] = g_cases == 0 ? 1 : 0;
  g_world->all_reduce(std::span<std::int64_t>(verdict), hpo::train::comm::Op::max);
  if (verdict[1] != 0) std::fprintf(stderr, "no test case ran\n");
  g_world.reset();
  return verdict[0] != 0 || verdict[1] != 0 ? 1 : 0;
}
