// SPDX-License-Identifier: Apache-2.0
#include "unit/train_gpu/lone_thread.hpp"

#include <ucontext.h>

#include <barrier>
#include <thread>

#include "base/error.hpp"

namespace hpo::train::gpu {

void* Team::shared(const void* name, std::size_t size) {
  const std::lock_guard lock(mutex_);
  Memory& memory = shared_[name];
  if (memory.data == nullptr) {
    memory = {size, std::make_unique<std::max_align_t[]>(size / sizeof(std::max_align_t) + 1)};
    std::memset(memory.data.get(), 0xFF, size);
  }
  return memory.data.get();
}

void Team::poison() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, memory] : shared_) std::memset(memory.data.get(), 0xFF, memory.size);
}

namespace {

/// Where a thread of control goes on. Jumps are used but for each one's first time: they need no system call.
struct Place {
  void* registers[5];
};
[[noreturn]] __attribute__((noinline)) void go(Place& to) {
  __builtin_longjmp(to.registers, 1);
}
__attribute__((noinline)) void leave(Place& from, Place& to) {
  if (__builtin_setjmp(from.registers) == 0) go(to);
}

class Turns : public Team {
 public:
  Turns(int threads, std::uint64_t seed)
      : Team(threads), stream_(seed, Purpose::test, 78), threads_(static_cast<std::size_t>(threads)) {}

  void run(const std::function<void(int)>& body) override {
    body_ = &body;
    std::size_t left = threads_.size();
    for (int t = 0; t < threads(); ++t) begin(t);
    while (left > 0) {
      HPO_CHECK(!ready_.empty(), "threads of a kernel wait for others that have left");
      std::swap(ready_[stream_.below(ready_.size())], ready_.back());
      current_ = ready_.back();
      ready_.pop_back();
      Thread& thread = at(current_);
      resume(thread);
      left -= thread.done ? 1 : 0;
    }
  }

  void meet(int thread, int first, int lanes) override {
    std::vector<int>& here = waiting_[{first, lanes}];
    here.push_back(thread);
    if (static_cast<int>(here.size()) == lanes) {
      ready_.insert(ready_.end(), here.begin(), here.end());
      here.clear();
    }
    leave(at(thread).place, scheduler_);
  }

 private:
  struct Thread {
    std::unique_ptr<char[]> stack;
    ucontext_t start{};
    Place place{};
    bool begun = false, done = false;
  };
  Thread& at(int thread) { return threads_[static_cast<std::size_t>(thread)]; }

  void begin(int t) {
    constexpr std::size_t kStack = 64 * 1024;
    Thread& thread = at(t);
    thread.begun = thread.done = false;
    if (thread.stack == nullptr) thread.stack.reset(new char[kStack]);
    HPO_CHECK(getcontext(&thread.start) == 0, "getcontext");
    thread.start.uc_stack.ss_sp = thread.stack.get();
    thread.start.uc_stack.ss_size = kStack;
    started() = this;
    makecontext(&thread.start, &Turns::enter, 0);
    ready_.push_back(t);
  }
  static Turns*& started() {
    static Turns* team = nullptr;
    return team;
  }
  static void enter() {
    Turns& team = *started();
    const int thread = team.current_;
    (*team.body_)(thread);
    team.at(thread).done = true;
    go(team.scheduler_);
  }
  __attribute__((noinline)) void resume(Thread& thread) {
    if (__builtin_setjmp(scheduler_.registers) != 0) return;
    if (thread.begun) go(thread.place);
    thread.begun = true;
    setcontext(&thread.start);
  }

  Stream stream_;
  std::vector<Thread> threads_;
  std::vector<int> ready_;
  std::map<std::pair<int, int>, std::vector<int>> waiting_;
  const std::function<void(int)>* body_ = nullptr;
  Place scheduler_{};
  int current_ = 0;
};

class AtOnce : public Team {
 public:
  explicit AtOnce(int threads) : Team(threads) {}

  void run(const std::function<void(int)>& body) override {
    std::vector<std::jthread> all;
    for (int t = 0; t < threads(); ++t) all.emplace_back([&body, t] { body(t); });
  }
  void meet(int, int first, int lanes) override { gate(first, lanes).arrive_and_wait(); }

 private:
  std::barrier<>& gate(int first, int lanes) {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<std::barrier<>>& gate = gates_[{first, lanes}];
    if (gate == nullptr) gate = std::make_unique<std::barrier<>>(lanes);
    return *gate;
  }
  std::mutex mutex_;
  std::map<std::pair<int, int>, std::unique_ptr<std::barrier<>>> gates_;
};

}  // namespace

std::unique_ptr<Team> make_turns(int threads, std::uint64_t seed) {
  return std::make_unique<Turns>(threads, seed);
}

std::unique_ptr<Team> make_at_once(int threads) {
  return std::make_unique<AtOnce>(threads);
}

}  // namespace hpo::train::gpu
