// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "train/trainer.hpp"

namespace hpo::train {

/// A run of a few milliseconds: four blobs in eight dimensions, 400 training and 112 validation samples.
inline Config small_config() {
  Config config;
  config.data = {.kind = "synthetic", .valid = 112, .samples = 512, .features = 8, .classes = 4};
  config.model.hidden = {16};
  config.model.dropout = 0.1;
  config.optimizer.lr = 0.03;
  config.schedule.kind = "cosine";
  config.schedule.warmup = 0.1;
  config.batch = 32;
  config.clip_norm = 1;
  config.device = "cpu";
  return config;
}

/// What a run told its hooks (on rank 0), and how it ended.
struct Record {
  Result result;
  std::vector<EpochReport> reports;
  std::vector<std::string> events;
  std::vector<std::pair<double, boost::filesystem::path>> checkpoints;
  std::vector<double> checkpoint_seconds;
  int first_steps = 0;

  [[nodiscard]] double metric(std::size_t report, const std::string& name) const {
    for (const auto& [key, value] : reports.at(report).metrics)
      if (key == name) return value;
    return -1;
  }
  [[nodiscard]] bool has_event(const std::string& part) const {
    for (const std::string& line : events)
      if (line.find(part) != std::string::npos) return true;
    return false;
  }
};

inline Record run(const Config& config, const Assignment& assignment, comm::Communicator& world,
                  const std::function<bool()>& stop = {}) {
  Record record;
  const Hooks hooks{.on_epoch = [&](const EpochReport& report) { record.reports.push_back(report); },
                    .on_first_step = [&] { ++record.first_steps; },
                    .on_checkpoint =
                        [&](double epoch, const auto& file, double seconds) {
                          record.checkpoints.emplace_back(epoch, file);
                          record.checkpoint_seconds.push_back(seconds);
                        },
                    .on_event = [&](const std::string& line) { record.events.push_back(line); }};
  record.result = train(config, assignment, world, stop, hooks);
  return record;
}

inline Record run_alone(const Config& config, const Assignment& assignment,
                        const std::function<bool()>& stop = {}) {
  const auto self = comm::make_self();
  return run(config, assignment, *self, stop);
}

/// True from the n-th call on.
inline std::function<bool()> stop_at(int n) {
  return [n, calls = 0]() mutable { return ++calls >= n; };
}

}  // namespace hpo::train
