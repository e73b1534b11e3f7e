// SPDX-License-Identifier: Apache-2.0
#include "train/comm/last_words.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>

#include <cerrno>
#include <chrono>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/identity.hpp"
#include "base/text.hpp"

namespace hpo::train::comm {
namespace {

/// To stderr in one piece, past stdio, whose lock the hanging thread may hold; not at all when nobody reads
/// the pipe any more.
void say_on_stderr(const std::string& text) {
  pollfd error{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  constexpr int kPatienceMs = 2000;
  if (::poll(&error, 1, kPatienceMs) != 1) return;
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) errno = 0;  // there is nobody left to tell
}

std::string directory_for_temporaries() {
  const std::string given = environment("TMPDIR");
  return given.empty() ? "/tmp" : given;
}

}  // namespace

std::string name_of(const RecordedCollective& collective) {
  if (collective.bucket < 0) return collective.what;
  return fmt::format("{} bucket {}", collective.what, collective.bucket);
}

std::string seconds(double value) {
  return fmt::format("{} s", rounded(value, 3));
}

/// How far a thread has come with its words.
struct LastWords::Telling {
  bool has_said = false, is_done = false;
};

LastWords::LastWords(FlightRecorder::Clock clock) : recorder(clock), say(say_on_stderr) {}

void LastWords::set_rank(int rank, int size) {
  const std::lock_guard lock(mutex_);
  rank_ = rank;
  size_ = size;
}

int LastWords::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

void LastWords::keep_in(const boost::filesystem::path& directory, const std::string& name) {
  const std::lock_guard lock(mutex_);
  directory_ = directory;
  name_ = name;
}

void LastWords::set_hook(std::function<void()> hook) {
  const std::lock_guard lock(mutex_);
  hook_ = std::move(hook);
}

boost::filesystem::path LastWords::write(const std::string& reason) {
  RecordHeader header;
  std::vector<fs::path> places;
  {
    const std::lock_guard lock(mutex_);
    header = {.rank = rank_, .size = size_, .reason = reason};
    places = {directory_ / fmt::format("{}.rank{}.json", name_, rank_)};
    for (const std::string& other : {std::string("."), directory_for_temporaries()})
      places.push_back(fs::path(other) / places[0].filename());
  }
  for (const fs::path& place : places) {
    try {
      recorder.write_json(place, header);
    } catch (const Error&) {
      continue;  // the next place
    }
    const std::lock_guard lock(mutex_);
    written_ = fs::absolute(place);
    return written_;
  }
  return {};
}

std::string LastWords::words(const std::string& what, const std::string& file,
                             const std::string& advice) const {
  const std::lock_guard lock(mutex_);
  return fmt::format("{}: rank {} of {} on {} {}\n  its last collectives: {}\n{}",
                     program_invocation_short_name, rank_, size_, host_name(), what,
                     file.empty() ? "could not be written" : file,
                     advice.empty() ? "" : fmt::format("  try: {}\n", advice));
}

void LastWords::tell(const std::string& what) {
  {
    const std::lock_guard lock(mutex_);
    ++threads_;
  }
  try {
    std::thread([self = shared_from_this(), what] {
      const std::string file = self->write(what).string();
      self->say(self->words(what, file, ""));
      const std::lock_guard lock(self->mutex_);
      --self->threads_;
      self->changed_.notify_all();
    }).detach();
  } catch (const std::system_error&) {
    const std::lock_guard lock(mutex_);
    --threads_;  // no thread to be had: it was a warning only
  }
}

void LastWords::tell_and_run_hook(const std::string& what, const std::string& advice, double seconds) {
  const auto telling = std::make_shared<Telling>();
  const auto work = [self = shared_from_this(), telling, what, advice] {
    const std::string file = self->write(what).string();
    self->say(self->words(what, file, advice));
    std::unique_lock lock(self->mutex_);
    telling->has_said = true;
    const auto hook = self->hook_;
    lock.unlock();
    try {
      if (hook) hook();
    } catch (const std::exception& error) {
      self->say(fmt::format("the hook: {}\n", error.what()));
    }
    lock.lock();
    telling->is_done = true;
    self->changed_.notify_all();
  };
  try {
    std::thread(work).detach();
  } catch (const std::system_error&) {
    seconds = 0;
  }
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return telling->is_done; });
  if (telling->has_said) return;
  lock.unlock();
  say(words(what, "", advice));
}

void LastWords::finish(double seconds, bool is_orderly) {
  std::unique_lock lock(mutex_);
  const bool is_quiet =
      changed_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return threads_ == 0; });
  if (!is_quiet || !is_orderly || written_.empty()) return;
  ::unlink(written_.c_str());
}

}  // namespace hpo::train::comm
