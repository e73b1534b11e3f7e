// SPDX-License-Identifier: Apache-2.0
#include "support/host_schedule.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/error.hpp"

namespace hpo::train::gpu {
namespace {

constexpr std::uint32_t kChangeOfFavour = 8;  ///< one choice in so many moves a stream's favour
constexpr std::uint64_t kMostPerQuestion = 16;

struct Around {
  const std::function<void(bool)>& f;
  explicit Around(const std::function<void(bool)>& around) : f(around) { f(true); }
  ~Around() { f(false); }
};

[[noreturn]] void refuse(const std::string& reason) {
  throw Error("host device", reason, "a GPU would refuse this too");
}

}  // namespace

HostSchedule::HostSchedule(std::optional<std::uint64_t> seed, std::function<void(bool)> around)
    : around_(std::move(around)) {
  if (seed) random_.emplace(*seed, Purpose::test, 0);
}

std::size_t HostSchedule::add_stream() {
  streams_.emplace_back();
  if (random_) streams_.back().favour = random_->next32();
  return streams_.size() - 1;
}

std::size_t HostSchedule::add_event() {
  events_.emplace_back();
  return events_.size() - 1;
}

void HostSchedule::rethrow() const {
  if (failure_) std::rethrow_exception(failure_);
}

void HostSchedule::require_no_capture(const char* what) const {
  if (recording_) refuse(std::string(what) + " while a graph is captured");
}

HostSchedule::Id HostSchedule::enqueue(std::size_t stream, Work work, const std::vector<Id>& after) {
  const Id id = next_++;
  Pending& mine = pending_[id];
  mine.stream = stream;
  mine.work = std::move(work);
  for (const Id before : after) {
    const auto found = pending_.find(before);
    if (found == pending_.end()) continue;
    found->second.dependents.push_back(id);
    ++mine.missing;
  }
  if (mine.missing == 0) ready_.insert(id);
  return id;
}

void HostSchedule::add(std::size_t stream, Work work) {
  rethrow();
  StreamState& state = streams_[stream];
  if (state.captured) {
    recording_->operations.push_back({stream, std::move(work), state.captured_ends});
    state.captured_ends = {recording_->operations.size() - 1};
    return;
  }
  state.ends = {enqueue(stream, std::move(work), state.ends)};
  run_eagerly();
}

void HostSchedule::record(std::size_t event, std::size_t stream) {
  const StreamState& from = streams_[stream];
  EventState& to = events_[event];
  to = {};
  if (from.captured) {
    to.capture = captures_;
    to.captured_ends = from.captured_ends;
  } else {
    to.ends = from.ends;
  }
}

void HostSchedule::wait(std::size_t stream, std::size_t event) {
  StreamState& to = streams_[stream];
  const EventState& from = events_[event];
  if (from.capture) {
    if (!recording_ || *from.capture != captures_)
      refuse("a stream waits for an event that was recorded in a capture which has ended");
    if (!to.captured) to.captured_ends.clear();
    to.captured = true;
    for (const std::size_t end : from.captured_ends)
      if (std::ranges::find(to.captured_ends, end) == to.captured_ends.end()) to.captured_ends.push_back(end);
    return;
  }
  if (to.captured) refuse("a captured stream waits for an event that was not recorded in the capture");
  to.ends.insert(to.ends.end(), from.ends.begin(), from.ends.end());
  std::erase_if(to.ends, [&](Id id) { return !pending_.contains(id); });
}

bool HostSchedule::all_done(std::vector<Id>& ends) const {
  std::erase_if(ends, [&](Id id) { return !pending_.contains(id); });
  return ends.empty();
}

HostSchedule::Id HostSchedule::choose() {
  if (!random_) return *ready_.begin();
  // Favours make one stream run far ahead of the others for a while, which a fair choice hardly ever does.
  const auto favour = [&](Id id) { return streams_[pending_.at(id).stream].favour; };
  std::vector<Id> best;
  for (const Id id : ready_) {
    if (!best.empty() && favour(id) < favour(best.front())) continue;
    if (!best.empty() && favour(id) > favour(best.front())) best.clear();
    best.push_back(id);
  }
  const Id chosen = best[random_->below(best.size())];
  if (random_->below(kChangeOfFavour) == 0) streams_[pending_.at(chosen).stream].favour = random_->next32();
  return chosen;
}

bool HostSchedule::run_one() {
  const Id id = choose();
  bool done = false;
  try {
    done = pending_.at(id).work();
  } catch (...) {
    failure_ = std::current_exception();
    done = true;
  }
  if (!done) {
    if (random_) streams_[pending_.at(id).stream].favour = random_->next32();
    return false;
  }
  ready_.erase(id);
  const auto node = pending_.extract(id);
  for (const Id dependent : node.mapped().dependents) {
    if (--pending_.at(dependent).missing == 0) ready_.insert(dependent);
  }
  return true;
}

template <class Done>
void HostSchedule::run_until(Done done) {
  rethrow();
  const Around around(around_);
  while (!done() && !ready_.empty()) {
    const bool moved = run_one();
    rethrow();
    // What could not go on waits for another thread.
    if (!moved) std::this_thread::sleep_for(std::chrono::microseconds(10));
  }
}

void HostSchedule::run_eagerly() {
  if (random_) return;
  // An operation that cannot go on yet is left for those who wait.
  {
    const Around around(around_);
    while (!ready_.empty() && run_one()) {
    }
  }
  rethrow();
}

bool HostSchedule::is_done(std::size_t event) {
  require_no_capture("an event is asked for");
  EventState& state = events_[event];
  if (state.capture) refuse("an event is asked for that was last recorded in a capture");
  std::uint64_t left = random_ ? 1 + random_->below(kMostPerQuestion) : 1;
  run_until([&] { return left-- == 0 || all_done(state.ends); });
  return all_done(state.ends);
}

void HostSchedule::synchronize(std::size_t stream) {
  require_no_capture("a stream is waited for");
  run_until([&] { return all_done(streams_[stream].ends); });
}

void HostSchedule::drain() {
  run_until([&] { return pending_.empty(); });
}

void HostSchedule::check_joined(std::size_t stream) const {
  const Graph& graph = *recording_;
  std::vector<bool> joined(graph.operations.size(), false);
  for (const std::size_t end : streams_[stream].captured_ends) joined[end] = true;
  for (std::size_t i = graph.operations.size(); i-- > 0;) {
    if (!joined[i]) refuse("a capture ends before the streams that it forked are joined again");
    for (const std::size_t before : graph.operations[i].after) joined[before] = true;
  }
}

std::shared_ptr<const HostSchedule::Graph> HostSchedule::capture(std::size_t stream,
                                                                 const std::function<void()>& f) {
  require_no_capture("a capture begins");
  recording_ = std::make_shared<Graph>();
  ++captures_;
  streams_[stream].captured = true;
  struct End {
    HostSchedule& schedule;
    ~End() {
      schedule.recording_.reset();
      for (StreamState& state : schedule.streams_) {
        state.captured = false;
        state.captured_ends.clear();
      }
    }
  } end{*this};
  f();
  check_joined(stream);
  recording_->ends = streams_[stream].captured_ends;
  return recording_;
}

void HostSchedule::replay(std::size_t stream, const std::shared_ptr<const Graph>& graph) {
  rethrow();
  require_no_capture("a graph is replayed");
  StreamState& state = streams_[stream];
  std::vector<Id> ids(graph->operations.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Graph::Operation& operation = graph->operations[i];
    std::vector<Id> after;
    for (const std::size_t before : operation.after) after.push_back(ids[before]);
    if (operation.after.empty()) after = state.ends;
    ids[i] = enqueue(operation.stream, operation.work, after);
  }
  if (!graph->ends.empty()) {
    std::vector<Id> ends;
    for (const std::size_t end : graph->ends) ends.push_back(ids[end]);
    state.ends = std::move(ends);
  }
  run_eagerly();
}

}  // namespace hpo::train::gpu
