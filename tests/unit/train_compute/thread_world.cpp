// SPDX-License-Identifier: Apache-2.0
#include "unit/train_compute/thread_world.hpp"

#include <algorithm>
#include <barrier>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

namespace hpo::train {
namespace {

struct Meeting {
  explicit Meeting(int size) : place(size), parts(static_cast<std::size_t>(size)) {}
  std::barrier<> place;
  std::vector<void*> parts;
};

class ThreadRank : public comm::Communicator {
 public:
  ThreadRank(Meeting& meeting, int rank) : meeting_(meeting), rank_(rank) {}
  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(meeting_.parts.size()); }
  int local_rank() const override { return rank_; }
  int local_size() const override { return size(); }
  void all_reduce(std::span<float> data, comm::Op op) override { reduce(data, op); }
  void all_reduce(std::span<double> data, comm::Op op) override { reduce(data, op); }
  void all_reduce(std::span<std::int64_t> data, comm::Op op) override { reduce(data, op); }
  void broadcast(std::span<std::byte> data, int root) override {
    meeting_.parts[static_cast<std::size_t>(rank_)] = data.data();
    meeting_.place.arrive_and_wait();
    if (rank_ != root) std::memcpy(data.data(), meeting_.parts[static_cast<std::size_t>(root)], data.size());
    meeting_.place.arrive_and_wait();
  }
  std::vector<double> all_gather(std::span<const double> mine) override {
    std::vector<double> all(mine.size() * meeting_.parts.size());
    std::copy(mine.begin(), mine.end(), all.begin() + static_cast<std::ptrdiff_t>(mine.size()) * rank_);
    reduce(std::span(all), comm::Op::sum);
    return all;
  }
  void barrier() override { meeting_.place.arrive_and_wait(); }
  void abort(int exit_code) override { std::_Exit(exit_code); }
  std::string name() const override { return "threads"; }

 private:
  template <class T>
  void reduce(std::span<T> data, comm::Op op) {
    meeting_.parts[static_cast<std::size_t>(rank_)] = data.data();
    meeting_.place.arrive_and_wait();
    const T* first = static_cast<const T*>(meeting_.parts[0]);
    std::vector<T> result(first, first + data.size());
    for (std::size_t r = 1; r < meeting_.parts.size(); ++r) {
      const T* part = static_cast<const T*>(meeting_.parts[r]);
      for (std::size_t i = 0; i < result.size(); ++i)
        result[i] = op == comm::Op::sum   ? result[i] + part[i]
                    : op == comm::Op::min ? std::min(result[i], part[i])
                                          : std::max(result[i], part[i]);
    }
    meeting_.place.arrive_and_wait();
    std::copy(result.begin(), result.end(), data.begin());
    meeting_.place.arrive_and_wait();
  }

  Meeting& meeting_;
  int rank_;
};

}  // namespace

void run_ranks(int size, const std::function<void(comm::Communicator&)>& body) {
  Meeting meeting(size);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([&meeting, &body, rank] {
      ThreadRank world(meeting, rank);
      body(world);
    });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace hpo::train
