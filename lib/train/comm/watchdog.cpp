// SPDX-License-Identifier: Apache-2.0
#include "train/comm/watchdog.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <exception>
#include <utility>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/identity.hpp"
#include "base/text.hpp"
#include "train/comm/last_words.hpp"

namespace hpo::train::comm {
namespace {

constexpr std::uint64_t kPatient = 1, kWaiting = 2, kOneChange = 4;
constexpr std::int64_t kStepsToMeasure = 5, kStepsRemembered = 31;
constexpr double kLongestGap = 1;  ///< what a time without looks counts as, in seconds
constexpr double kWarning = 0.75;  ///< of the deadline

double timeout_of_environment() {
  const std::string text = environment("HPO_COMM_TIMEOUT");
  if (text.empty()) return 0;
  const auto seconds = parse_double(text);
  if (!seconds || !(*seconds > 0 && *seconds < 1e9))
    throw Error(ExitCode::usage, "HPO_COMM_TIMEOUT",
                fmt::format("'{}' is no number of seconds above 0", text),
                "unset it, or set it to what a rank may wait for the others");
  return *seconds;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

Watchdog::Watchdog(Setup setup)
    : setup_(std::move(setup)),
      last_words_(std::make_shared<LastWords>(setup_.clock)),
      environment_timeout_(timeout_of_environment()),
      looked_(setup_.clock()) {
  last_words_->set_rank(setup_.rank, setup_.size);
  if (setup_.say) last_words_->say = setup_.say;
  publish(false);
  if (!setup_.has_thread) return;
  // Signals are for the threads that train: none may be taken by this one, or by those it starts.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(sleeping_);
    ending_ = true;
  }
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
  const bool is_orderly = std::uncaught_exceptions() == 0 && !is_kept_ && !expired_;
  last_words_->finish(setup_.last_words_s, is_orderly);
}

FlightRecorder& Watchdog::recorder() const {
  return last_words_->recorder;
}

void Watchdog::run() {
  std::unique_lock lock(sleeping_);
  while (!ending_) {
    const double pause = std::clamp(std::min(deadline(true), deadline(false)) / 40, 0.02, 0.25);
    woken_.wait_for(lock, std::chrono::duration<double>(pause));
    if (!ending_) look();
  }
}

void Watchdog::set_rank(int rank, int size) {
  last_words_->set_rank(rank, size);
}

void Watchdog::set_timeout(double seconds) {
  timeout_.store(seconds, std::memory_order_relaxed);
}

void Watchdog::keep_in(const boost::filesystem::path& directory, const std::string& name) {
  last_words_->keep_in(directory, name);
}

void Watchdog::on_expiry(std::function<void()> hook) {
  last_words_->set_hook(std::move(hook));
}

boost::filesystem::path Watchdog::dump(const std::string& reason) {
  is_kept_ = true;
  return last_words_->write(reason);
}

void Watchdog::enter(Phase phase, std::int64_t step) {
  const double now = setup_.clock();
  if (step_began_ >= 0) measure_step(now - step_began_);
  step_began_ = phase == Phase::step ? now : -1;
  recorder().enter(phase, step);
  publish(false);
}

void Watchdog::measure_step(double seconds) {
  // The first one starts libraries and devices.
  if (++steps_ == 1) return;
  if (step_times_.size() < kStepsRemembered)
    step_times_.push_back(seconds);
  else
    step_times_[static_cast<std::size_t>(steps_ % kStepsRemembered)] = seconds;
  if (steps_ == kStepsToMeasure + 1 || steps_ % kStepsRemembered == 0)
    step_limit_.store(std::max(kStepDeadline, kStepFactor * median(step_times_)), std::memory_order_relaxed);
}

void Watchdog::publish(bool is_waiting) {
  const bool is_patient =
      patience_ > 0 || recorder().phase() != Phase::step || step_limit_.load(std::memory_order_relaxed) == 0;
  changes_ += kOneChange;
  status_.store(changes_ | (is_waiting ? kWaiting : 0) | (is_patient ? kPatient : 0),
                std::memory_order_release);
}

double Watchdog::deadline(bool is_patient) const {
  if (environment_timeout_ > 0) return environment_timeout_;
  if (const double timeout = timeout_.load(std::memory_order_relaxed); timeout > 0) return timeout;
  const double step_limit = step_limit_.load(std::memory_order_relaxed);
  return is_patient ? std::max(kDeadline, step_limit) : step_limit;
}

double Watchdog::deadline() const {
  return deadline((status_.load(std::memory_order_acquire) & kPatient) != 0);
}

void Watchdog::look() {
  if (expired_) return;
  const double now = setup_.clock();
  awake_ += std::min(now - looked_, kLongestGap);
  looked_ = now;
  const std::uint64_t status = status_.load(std::memory_order_acquire);
  if (status != seen_) {
    seen_ = status;
    since_ = awake_;
    warned_ = false;
    return;
  }
  const bool is_waiting = (status & kWaiting) != 0;
  const double limit = deadline((status & kPatient) != 0);
  if (is_waiting && awake_ - since_ >= limit) {
    expired_ = true;
    expire(limit);
  } else if (!warned_ && awake_ - since_ >= kWarning * limit && (is_waiting || others_may_wait())) {
    warned_ = true;
    last_words_->tell(
        fmt::format("{}; the ranks that wait end the run after {}", situation(is_waiting), seconds(limit)));
  }
}

bool Watchdog::others_may_wait() const {
  return last_words_->size() > 1 && last_words_->recorder.newest() > 0 &&
         last_words_->recorder.phase() != Phase::end;
}

std::string Watchdog::situation(bool is_waiting) const {
  const FlightRecorder& recorder = last_words_->recorder;
  const double waited = awake_ - since_;
  const std::string place = fmt::format("{}, step {}", phase_name(recorder.phase()), recorder.step());
  const std::string since = iso_time(real_file_system().now() - waited);
  if (!is_waiting)
    return fmt::format("has not come to its next collective since {}, for {}; its last was number {} ({})",
                       since, seconds(waited), recorder.newest(), place);
  const auto collective = recorder.read(waited_for_.load(std::memory_order_relaxed));
  return fmt::format("has waited since {}, for {}, in {}, collective {}, {} bytes ({})", since,
                     seconds(waited), name_of(collective), collective.sequence, collective.bytes, place);
}

void Watchdog::expire(double limit) {
  const std::string what = fmt::format("{}; its deadline was {}: a rank is dead, stopped or hangs",
                                       situation(true), seconds(limit));
  last_words_->tell_and_run_hook(
      what,
      "compare the records of the ranks: the run hangs at one that has none or ends "
      "before the others; run the same task again: it resumes from its last checkpoint",
      setup_.last_words_s);
  const int code = static_cast<int>(ExitCode::try_again);
  if (!setup_.exit) ::_exit(code);
  setup_.exit(code);
}

Watchdog::Waiting::Waiting(Watchdog& watchdog, Sequence sequence) : watchdog_(watchdog) {
  if (watchdog_.depth_++ > 0) return;
  watchdog_.waited_for_.store(sequence, std::memory_order_relaxed);
  watchdog_.publish(true);
}

Watchdog::Waiting::~Waiting() {
  if (--watchdog_.depth_ == 0) watchdog_.publish(false);
}

Watchdog::Collective::Collective(Watchdog& watchdog, const char* what, std::int64_t bytes)
    : watchdog_(watchdog),
      sequence_(watchdog.recorder().begin(what, bytes)),
      exceptions_(std::uncaught_exceptions()),
      waiting_(watchdog, sequence_) {}

Watchdog::Collective::~Collective() {
  if (std::uncaught_exceptions() == exceptions_) watchdog_.recorder().finish(sequence_);
}

Watchdog::Patience::Patience(Communicator& world) : watchdog_(world.watchdog()) {
  if (watchdog_ == nullptr) return;
  ++watchdog_->patience_;
  watchdog_->publish(false);
}

Watchdog::Patience::~Patience() {
  if (watchdog_ == nullptr) return;
  --watchdog_->patience_;
  watchdog_->publish(false);
}

void enter(Communicator& world, Phase phase, std::int64_t step) {
  if (Watchdog* watchdog = world.watchdog()) watchdog->enter(phase, step);
}

}  // namespace hpo::train::comm
