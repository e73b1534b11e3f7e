// SPDX-License-Identifier: Apache-2.0
#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>

#include "base/error.hpp"
#include "train/comm/communicator.hpp"

namespace hpo::train::comm {
namespace {

/// The one gate of all MPI calls: infrastructure has failed, another attempt may do better.
void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  if (MPI_Error_string(code, text.data(), &length) != MPI_SUCCESS) length = 0;
  throw Error(ExitCode::try_again, call,
              length > 0 ? std::string(text.data(), static_cast<std::size_t>(length)) : "failed",
              "run the same task again: it resumes from its last checkpoint");
}

MPI_Op mpi_op(Op op) {
  switch (op) {
    case Op::sum:
      return MPI_SUM;
    case Op::min:
      return MPI_MIN;
    case Op::max:
      return MPI_MAX;
  }
  std::abort();
}

/// MPI counts are int: what is larger goes in pieces.
constexpr std::size_t kChunk = std::size_t{1} << 28;

template <class T, class Call>
void in_chunks(std::span<T> data, Call call) {
  for (std::size_t begin = 0; begin < data.size(); begin += kChunk) {
    const auto part = data.subspan(begin, std::min(kChunk, data.size() - begin));
    call(part.data(), static_cast<int>(part.size()));
  }
}

/// Finalises MPI at the end when it was this one that initialised it.
class Session {
 public:
  Session() {
    int initialized = 0;
    check(MPI_Initialized(&initialized), "MPI_Initialized");
    if (initialized != 0) return;
    int provided = 0;
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
    ours_ = true;
  }
  ~Session() {
    // MPI_Finalize waits for all ranks. One that leaves by an exception must not: its launcher ends the
    // others when it is gone.
    if (ours_ && std::uncaught_exceptions() == 0) MPI_Finalize();
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

 private:
  bool ours_ = false;
};

class Mpi final : public Communicator {
 public:
  Mpi() {
    check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
    check(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
    MPI_Comm host = MPI_COMM_NULL;
    check(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &host),
          "MPI_Comm_split_type");
    check(MPI_Comm_rank(host, &local_rank_), "MPI_Comm_rank");
    check(MPI_Comm_size(host, &local_size_), "MPI_Comm_size");
    check(MPI_Comm_free(&host), "MPI_Comm_free");
  }

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }
  [[nodiscard]] int local_rank() const override { return local_rank_; }
  [[nodiscard]] int local_size() const override { return local_size_; }

  void all_reduce(std::span<float> data, Op op) override { reduce(data, MPI_FLOAT, op); }
  void all_reduce(std::span<double> data, Op op) override { reduce(data, MPI_DOUBLE, op); }
  void all_reduce(std::span<std::int64_t> data, Op op) override { reduce(data, MPI_INT64_T, op); }

  void broadcast(std::span<std::byte> data, int root) override {
    in_chunks(data, [root](std::byte* part, int count) {
      check(MPI_Bcast(part, count, MPI_BYTE, root, MPI_COMM_WORLD), "MPI_Bcast");
    });
  }

  [[nodiscard]] std::vector<double> all_gather(std::span<const double> mine) override {
    std::vector<double> all(mine.size() * static_cast<std::size_t>(size_));
    const int count = static_cast<int>(mine.size());
    check(MPI_Allgather(mine.data(), count, MPI_DOUBLE, all.data(), count, MPI_DOUBLE, MPI_COMM_WORLD),
          "MPI_Allgather");
    return all;
  }

  void barrier() override { check(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier"); }

  [[noreturn]] void abort(int exit_code) override {
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    std::_Exit(exit_code);
  }
  [[nodiscard]] std::string name() const override { return "mpi"; }

 private:
  // Blocking and in place: Open MPI 4.1's MPI_Iallreduce takes twice as long and overlaps nothing.
  template <class T>
  void reduce(std::span<T> data, MPI_Datatype type, Op op) {
    in_chunks(data, [type, op](T* part, int count) {
      check(MPI_Allreduce(MPI_IN_PLACE, part, count, type, mpi_op(op), MPI_COMM_WORLD), "MPI_Allreduce");
    });
  }

  Session session_;
  int rank_ = 0, size_ = 1, local_rank_ = 0, local_size_ = 1;
};

}  // namespace

std::unique_ptr<Communicator> make_mpi() {
  return std::make_unique<Mpi>();
}

}  // namespace hpo::train::comm
