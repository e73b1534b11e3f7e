// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/filesystem/operations.hpp>

#include <string>

#include "exchange/segment.hpp"
#include "flow/arrange.hpp"
#include "flow/promote.hpp"
#include "flow/propose.hpp"
#include "flow/submission.hpp"
#include "study/store.hpp"

namespace hpo::test {

/// A study of nine trials over rungs of 1, 3 and 9 epochs, in memory, with a directory for segments.
class SmallStudy {
 public:
  explicit SmallStudy(const std::string& extra = "") {
    study.uuid = "00112233445566aa";
    study.definition = study::parse_definition(text() + extra, "study.toml");
    fs::create_directories(layout.manifests);
    fs::create_directories(layout.segments);
    fs::create_directories(layout.logs);
  }
  ~SmallStudy() { fs::remove_all(home); }
  SmallStudy(const SmallStudy&) = delete;
  SmallStudy& operator=(const SmallStudy&) = delete;

  static std::string text() {
    return R"(
[study]
name = "small"
seed = 9
[[objective]]
metric = "error"
goal = "minimize"
[space]
x = { type = "float", low = 0.0, high = 1.0 }
kind = { type = "categorical", values = ["a", "b"] }
only_b = { type = "int", low = 1, high = 100, when = "kind == 'b'" }
[fidelity]
unit = "epoch"
min = 1
max = 9
eta = 3
[search]
proposer = "random"
trials = 9
[run]
command = ["true", "{x}"]
[slurm]
nodes = 2
time = "01:00:00"
)";
  }

  /// All nine trials proposed and arranged.
  void begin() {
    (void)flow::propose(study, {}, 100);
    (void)flow::arrange(study, 1000, 100);
  }

  exchange::SegmentWriter attempt(int trial, int rung, double time = 1000) {
    exchange::Started who;
    who.study_uuid = study.uuid, who.nonce = "n", who.job = "7_" + std::to_string(trial), who.host = "n1",
    who.nodes = 2, who.ranks = 4;
    who.trial = trial, who.rung = rung, who.time = time;
    return exchange::SegmentWriter::create(layout.segments, who);
  }

  /// A task that reports `error` and ends well after an hour.
  void finish(int trial, int rung, double error) {
    auto segment = attempt(trial, rung);
    segment.write(exchange::Reported{1, 2000, {{"error", error}, {"other", 1}}});
    segment.write(exchange::Ended{exchange::Ending::finished, 1, 4600, 0, ""});
  }

  const study::Task& task(int trial, int rung) const {
    for (const auto& t : study.tasks)
      if (t.trial == trial && t.rung == rung) return t;
    throw std::out_of_range("no such task");
  }

  fs::path home = fs::temp_directory_path() / fs::unique_path("hpo-flow-%%%%%%%%");
  study::Layout layout = study::Layout::of(home / "small.h5");
  study::Study study;
};

}  // namespace hpo::test
