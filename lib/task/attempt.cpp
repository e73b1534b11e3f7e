// SPDX-License-Identifier: Apache-2.0
#include "task/attempt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/identity.hpp"
#include "base/log.hpp"

namespace hpo::task {
namespace {

std::string directory_name(const exchange::SegmentName& name) {
  return fmt::format("t{:08}.b{}.r{}.a{:02}", name.trial, name.bracket, name.rung, name.ordinal);
}

// Our own two files are no checkpoint.
bool has_checkpoint(const fs::path& directory) {
  const auto names = file_system().list(directory);
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name[0] != '.' && name != "params.json" && name != "report.jsonl";
  });
}

struct Past {
  bool done = false;
  int attempts = 0, silent_deaths = 0;
  fs::path checkpoint;
};

// Has this attempt ended its task? A failed one is tried again where that was asked for, but not because a
// trial that shares its array task was stopped and Slurm runs both again.
bool has_decided(const std::vector<exchange::Record>& records, const std::string& submission,
                 bool is_packed) {
  const auto* ended = std::get_if<exchange::Ended>(&records.back());
  if (ended == nullptr) return false;
  if (ended->how == exchange::Ending::finished) return true;
  const auto* started = std::get_if<exchange::Started>(&records.front());
  if (started == nullptr || started->submission != submission) return false;
  return ended->how == exchange::Ending::diverged || (is_packed && ended->how == exchange::Ending::failed);
}

// The earlier attempts of a task, oldest first.
Past look_back(const exchange::Layout& layout, const std::vector<exchange::SegmentName>& names,
               const std::string& submission, bool is_packed) {
  Past past;
  for (const auto& name : names) {
    const auto reading = exchange::read_segment(name.path(layout.segments), {});
    if (reading.records.empty()) continue;  // it never started: a full disk
    const auto* ended = std::get_if<exchange::Ended>(&reading.records.back());
    past.done = past.done || has_decided(reading.records, submission, is_packed);
    // Those of an earlier array have been judged when the task was given to this one.
    const auto* started = std::get_if<exchange::Started>(&reading.records.front());
    if (started != nullptr && started->submission == submission) {
      ++past.attempts;
      past.silent_deaths += ended == nullptr ? 1 : 0;
    }
    const fs::path directory = layout.checkpoints / directory_name(name);
    if (!has_checkpoint(directory)) continue;
    past.checkpoint = directory;
    past.silent_deaths = 0;  // it got somewhere
  }
  return past;
}

}  // namespace

Attempt::Attempt(const exchange::Layout& layout, exchange::Assignment assignment,
                 const slurm::JobEnvironment& job, int ranks)
    : assignment_(std::move(assignment)), layout_(layout) {
  const auto& m = assignment_.manifest;
  const auto& order = assignment_.task;
  const Past past =
      look_back(layout, exchange::list_segments(layout.segments, order.trial, m.bracket, m.rung),
                m.submission, job.is_packed);
  if (past.done) {
    standing_ = Standing::done;
    return;
  }
  resume_from_ = past.checkpoint;
  if (resume_from_.empty() && !order.resume_from.empty()) resume_from_ = layout.directory / order.resume_from;

  exchange::Started who;
  who.study_uuid = m.study_uuid, who.submission = m.submission, who.nonce = make_nonce();
  who.job = job.job, who.host = job.node, who.nodes = job.nodes, who.ranks = ranks;
  who.trial = order.trial, who.bracket = m.bracket, who.rung = m.rung, who.time = file_system().now();
  segment_ = exchange::SegmentWriter::create(layout.segments, who);
  looked_ = who.time;
  if (past.silent_deaths >= kMostSilentDeaths || past.attempts >= kMostAttempts) {
    standing_ = Standing::hopeless;
    const std::string why =
        past.silent_deaths >= kMostSilentDeaths
            ? fmt::format("{} attempts died without a word: killed, or out of memory", past.silent_deaths)
            : fmt::format("{} attempts did not finish it", past.attempts);
    // Under Slurm the tools judge it, and may give it to another array; make would run it for ever.
    const bool is_slurms = !job.job.empty();
    end(is_slurms ? exchange::Ending::infrastructure : exchange::Ending::failed,
        static_cast<int>(is_slurms ? ExitCode::try_again : ExitCode::failed), why);
    log::warning("trial {} rung {} is given up: {}; their logs are in {}", order.trial, m.rung, why,
                 layout.logs.string());
    return;
  }
  directory_ = layout.checkpoints / directory_name(segment_->name());
  file_system().make_directory(directory_);
}

std::string Attempt::label() const {
  const auto& m = assignment_.manifest;
  const int ordinal = segment_ ? segment_->name().ordinal : 0;
  return fmt::format("t{}.b{}.r{}.a{:02}", assignment_.task.trial, m.bracket, m.rung, ordinal);
}

void Attempt::report(double step, const exchange::Metrics& metrics) {
  segment_->write(exchange::Reported{step, file_system().now(), metrics});
  last_step_ = std::max(last_step_, step);
  for (const auto& [name, value] : metrics) {
    const auto known = std::find_if(last_.begin(), last_.end(),
                                    [&metric = name](const auto& entry) { return entry.first == metric; });
    if (known == last_.end()) {
      last_.emplace_back(name, value);
    } else {
      known->second = value;
    }
  }
}

void Attempt::checkpointed(double step, double seconds) {
  const fs::path& checkpoint = has_checkpoint() ? directory_ : resume_from_;
  if (checkpoint.empty()) return;
  segment_->write(
      exchange::Checkpointed{step, file_system().now(), "ckpt/" + checkpoint.filename().string(), seconds});
}

void Attempt::note(const std::string& text) {
  segment_->write(exchange::Noted{file_system().now(), text});
}

void Attempt::end(exchange::Ending how, int exit_code, const std::string& message) {
  segment_->write(exchange::Ended{how, last_step_, file_system().now(), exit_code, message});
  ended_ = true;
}

Error Attempt::broke_off(const Error& error) {
  if (ended_) return error;
  const bool again = error.code() == ExitCode::try_again || last_.empty();
  try {
    end(again ? exchange::Ending::infrastructure : exchange::Ending::failed,
        static_cast<int>(again ? ExitCode::try_again : error.code()), error.what());
  } catch (const Error& second) {
    log::debug("{}", second.what());  // the first error is the one to tell
  }
  return again ? Error(ExitCode::try_again, error.culprit(), error.reason(), error.next()) : error;
}

bool Attempt::has_checkpoint() const {
  return task::has_checkpoint(directory_);
}

bool Attempt::superseded() {
  const double now = file_system().now();
  if (!superseded_ && std::abs(now - looked_) >= 10) {
    looked_ = now;
    superseded_ = segment_->superseded();
  }
  return superseded_;
}

std::optional<double> Attempt::last(const std::string& metric) const {
  const auto it =
      std::find_if(last_.begin(), last_.end(), [&](const auto& entry) { return entry.first == metric; });
  return it == last_.end() ? std::nullopt : std::optional(it->second);
}

bool Attempt::complete(std::string* missing) const {
  for (const auto& metric : assignment_.manifest.metrics) {
    if (last(metric)) continue;
    *missing = metric;
    return false;
  }
  return true;
}

}  // namespace hpo::task
