// SPDX-License-Identifier: Apache-2.0
// write_sample_study FILE: a small study with known values, for readers_test.sh.
#include <cstdio>

#include "base/error.hpp"
#include "study/store.hpp"
#include "support/sample_study.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    auto study = hpo::test::sample_study(hpo::test::sample_toml(), 1, {6, 3});
    study.tasks[0].state = hpo::study::TaskState::finished;
    study.tasks[0].values = {0.125, 4.5};
    study.tasks[1].state = hpo::study::TaskState::failed;
    study.tasks[1].values.clear();
    study.tasks[1].message = "caf\xc3\xa9 is closed";
    study.tasks[1].ended = 0;
    study.reports.metrics[0].values[0] = 0.75;
    study.told = "rung 0 is at work";
    study.executions[0].cause = hpo::study::Cause::timeout;
    (void)hpo::study::Store::create(argv[1], study, hpo::study::provenance("write_sample_study", argc, argv));
    return 0;
  } catch (const hpo::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
