// SPDX-License-Identifier: Apache-2.0
#include "train/comm/flight_recorder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/file_system.hpp"
#include "base/identity.hpp"

namespace hpo::train::comm {
namespace {

using nlohmann::ordered_json;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;
constexpr auto kRelaxed = std::memory_order_relaxed;

/// Microseconds are enough for a person and keep the file short.
ordered_json time_or_null(double time, double began) {
  if (time < 0) return nullptr;
  return static_cast<double>(static_cast<std::int64_t>((time - began) * 1e6 + 0.5)) / 1e6;
}

ordered_json to_json(const RecordedCollective& collective, double began) {
  ordered_json json{{"seq", collective.sequence}, {"what", collective.what}};
  if (collective.bucket >= 0) json["bucket"] = collective.bucket;
  json["bytes"] = collective.bytes;
  json["enqueued"] = time_or_null(collective.enqueued, began);
  json["started"] = time_or_null(collective.started, began);
  json["ended"] = time_or_null(collective.ended, began);
  json["state"] = state_name(collective.state);
  return json;
}

}  // namespace

double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string_view phase_name(Phase phase) {
  switch (phase) {
    case Phase::start:
      return "start";
    case Phase::step:
      return "step";
    case Phase::evaluation:
      return "evaluation";
    case Phase::checkpoint:
      return "checkpoint";
    case Phase::end:
      return "end";
  }
  return "";
}

std::string_view state_name(CollectiveState state) {
  switch (state) {
    case CollectiveState::enqueued:
      return "enqueued";
    case CollectiveState::running:
      return "running";
    case CollectiveState::done:
      return "done";
  }
  return "";
}

FlightRecorder::FlightRecorder(Clock clock)
    : clock_(clock), began_(clock()), began_date_(real_file_system().now()) {}

Sequence FlightRecorder::add(const char* what, std::int64_t bytes, std::int32_t bucket, bool is_running) {
  const Sequence sequence = newest_.load(kRelaxed) + 1;
  const double now = clock_();
  Slot& slot = slots_[sequence % kCapacity];
  const std::uint64_t version = slot.version.load(kRelaxed);
  slot.version.store(version + 1, kRelease);
  slot.sequence.store(sequence, kRelease);
  slot.what.store(what, kRelease);
  slot.bucket.store(bucket, kRelease);
  slot.bytes.store(bytes, kRelease);
  slot.enqueued.store(now, kRelease);
  slot.started.store(is_running ? now : -1, kRelease);
  slot.ended.store(-1, kRelease);
  slot.state.store(is_running ? CollectiveState::running : CollectiveState::enqueued, kRelease);
  slot.version.store(version + 2, kRelease);
  newest_.store(sequence, kRelease);
  return sequence;
}

template <class Change>
void FlightRecorder::change(Sequence sequence, Change change) {
  Slot& slot = slots_[sequence % kCapacity];
  if (slot.sequence.load(kRelaxed) != sequence) return;  // overwritten since
  const double now = clock_();
  const std::uint64_t version = slot.version.load(kRelaxed);
  slot.version.store(version + 1, kRelease);
  change(slot, now);
  slot.version.store(version + 2, kRelease);
}

Sequence FlightRecorder::enqueue(const char* what, std::int64_t bytes, std::int32_t bucket) {
  return add(what, bytes, bucket, false);
}

Sequence FlightRecorder::begin(const char* what, std::int64_t bytes) {
  return add(what, bytes, -1, true);
}

void FlightRecorder::start(Sequence sequence) {
  change(sequence, [](Slot& slot, double now) {
    slot.started.store(now, kRelease);
    slot.state.store(CollectiveState::running, kRelease);
  });
}

void FlightRecorder::finish(Sequence sequence) {
  change(sequence, [](Slot& slot, double now) {
    slot.ended.store(now, kRelease);
    slot.state.store(CollectiveState::done, kRelease);
  });
}

void FlightRecorder::enter(Phase phase, std::int64_t step) {
  phase_.store(phase, kRelaxed);
  step_.store(step, kRelaxed);
}

bool FlightRecorder::read(const Slot& slot, RecordedCollective& into) const {
  const std::uint64_t before = slot.version.load(kAcquire);
  into.sequence = slot.sequence.load(kAcquire);
  into.what = slot.what.load(kAcquire);
  into.bucket = slot.bucket.load(kAcquire);
  into.bytes = slot.bytes.load(kAcquire);
  into.enqueued = slot.enqueued.load(kAcquire);
  into.started = slot.started.load(kAcquire);
  into.ended = slot.ended.load(kAcquire);
  into.state = slot.state.load(kAcquire);
  return before % 2 == 0 && slot.version.load(kAcquire) == before;
}

std::vector<RecordedCollective> FlightRecorder::read() const {
  const Sequence newest = this->newest();
  std::vector<RecordedCollective> all;
  for (Sequence sequence = newest > kCapacity ? newest - kCapacity + 1 : 1; sequence <= newest; ++sequence)
    if (const RecordedCollective one = read(sequence); one.sequence == sequence) all.push_back(one);
  return all;
}

RecordedCollective FlightRecorder::read(Sequence sequence) const {
  constexpr int kTries = 100;  // the writer is at it for a few nanoseconds at a time
  RecordedCollective one;
  for (int i = 0; i < kTries; ++i)
    if (read(slots_[sequence % kCapacity], one)) return one.sequence == sequence ? one : RecordedCollective{};
  return {};
}

std::string FlightRecorder::to_json(const RecordHeader& header) const {
  const auto collectives = read();
  const ordered_json head{{"schema", 1},
                          {"host", host_name()},
                          {"pid", static_cast<std::int64_t>(::getpid())},
                          {"rank", header.rank},
                          {"size", header.size},
                          {"reason", header.reason},
                          {"phase", phase_name(phase())},
                          {"step", step()},
                          {"began", began_date_},
                          {"written", time_or_null(clock_(), began_)},
                          {"newest", newest()}};
  std::string text = head.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  text.back() = ',';
  text += "\n\"collectives\":[";
  const char* separator = "\n";
  for (const auto& collective : collectives) {
    text += separator + comm::to_json(collective, began_).dump();
    separator = ",\n";
  }
  return text + "]}\n";
}

void FlightRecorder::write_json(const boost::filesystem::path& path, const RecordHeader& header) const {
  replace_file(path, to_json(header));
}

}  // namespace hpo::train::comm
