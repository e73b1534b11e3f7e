// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "base/error.hpp"
#include "train/comm/communicator.hpp"
#include "train/comm/envelope.hpp"
#include "train/comm/launch.hpp"
#include "train/comm/watchdog.hpp"

namespace hpo::train::comm {
namespace {

constexpr const char* kResume = "run the same task again: it resumes from its last checkpoint";

std::string error_text(int code) {
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  if (MPI_Error_string(code, text.data(), &length) != MPI_SUCCESS) length = 0;
  return length > 0 ? std::string(text.data(), static_cast<std::size_t>(length)) : "failed";
}

/// The one gate of all MPI calls: infrastructure has failed, another attempt may do better.
void check(Watchdog& watchdog, int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  const std::string reason = error_text(code);
  const std::string file = watchdog.dump(fmt::format("{}: {}", call, reason)).string();
  throw Error(ExitCode::try_again, call,
              reason + (file.empty() ? "" : "; this rank's last collectives: " + file), kResume);
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
  explicit Session(Watchdog& watchdog) : watchdog_(watchdog) {
    int initialized = 0;
    check(watchdog_, MPI_Initialized(&initialized), "MPI_Initialized");
    if (initialized != 0) return;
    const Watchdog::Collective collective(watchdog_, "MPI_Init", 0);
    int provided = 0;
    check(watchdog_, MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
    ours_ = true;
  }
  ~Session() {
    // MPI_Finalize waits for all ranks. One that leaves by an exception must not: its launcher ends the
    // others when it is gone.
    if (!ours_ || std::uncaught_exceptions() != 0) return;
    const Watchdog::Collective collective(watchdog_, "MPI_Finalize", 0);
    MPI_Finalize();
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

 private:
  Watchdog& watchdog_;
  bool ours_ = false;
};

void combine_envelopes(void* in, void* inout, int* count, MPI_Datatype*) {
  for (int i = 0; i < *count; ++i)
    combine(static_cast<const Envelope*>(in)[i], static_cast<Envelope*>(inout)[i]);
}

/// The all-reduce of an envelope, as MPI knows it.
class EnvelopeReduction {
 public:
  explicit EnvelopeReduction(Watchdog& watchdog) : watchdog_(watchdog) {
    check(watchdog_, MPI_Type_contiguous(sizeof(Envelope), MPI_BYTE, &type_), "MPI_Type_contiguous");
    check(watchdog_, MPI_Type_commit(&type_), "MPI_Type_commit");
    check(watchdog_, MPI_Op_create(combine_envelopes, 1, &op_), "MPI_Op_create");
  }
  ~EnvelopeReduction() {
    MPI_Op_free(&op_);
    MPI_Type_free(&type_);
  }
  EnvelopeReduction(const EnvelopeReduction&) = delete;
  EnvelopeReduction& operator=(const EnvelopeReduction&) = delete;

  void operator()(Envelope& envelope) const {
    check(watchdog_, MPI_Allreduce(MPI_IN_PLACE, &envelope, 1, type_, op_, MPI_COMM_WORLD), "MPI_Allreduce");
  }

 private:
  Watchdog& watchdog_;
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
  MPI_Op op_ = MPI_OP_NULL;
};

Watchdog::Setup setup_from_environment() {
  const Place place = place_from_environment();
  Watchdog::Setup setup;
  setup.rank = place.rank;
  setup.size = place.size;
  return setup;
}

class Mpi final : public Communicator {
 public:
  Mpi() : watchdog_(setup_from_environment()), session_(watchdog_), meet_(watchdog_) {
    const auto checked = [this](int code, const char* call) { check(watchdog_, code, call); };
    checked(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    checked(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
    checked(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
    watchdog_.set_rank(rank_, size_);
    const Watchdog::Collective collective(watchdog_, "MPI_Comm_split_type", 0);
    MPI_Comm host = MPI_COMM_NULL;
    checked(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &host),
            "MPI_Comm_split_type");
    checked(MPI_Comm_rank(host, &local_rank_), "MPI_Comm_rank");
    checked(MPI_Comm_size(host, &local_size_), "MPI_Comm_size");
    checked(MPI_Comm_free(&host), "MPI_Comm_free");
  }

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }
  [[nodiscard]] int local_rank() const override { return local_rank_; }
  [[nodiscard]] int local_size() const override { return local_size_; }
  [[nodiscard]] Watchdog* watchdog() override { return &watchdog_; }

  void all_reduce(std::span<float> data, Op op) override { reduce(data, Type::float32, MPI_FLOAT, op); }
  void all_reduce(std::span<double> data, Op op) override { reduce(data, Type::float64, MPI_DOUBLE, op); }
  void all_reduce(std::span<std::int64_t> data, Op op) override {
    reduce(data, Type::int64, MPI_INT64_T, op);
  }

  void broadcast(std::span<std::byte> data, int root) override {
    const Call call{.kind = Kind::broadcast, .root = root, .bytes = bytes(data.size_bytes())};
    const auto none = data.first(0);
    collective(call, rank_ == root ? data : none, data, [&] {
      in_chunks(data, [&](std::byte* part, int count) {
        check(watchdog_, MPI_Bcast(part, count, MPI_BYTE, root, MPI_COMM_WORLD), "MPI_Bcast");
      });
    });
  }

  [[nodiscard]] std::vector<double> all_gather(std::span<const double> mine) override {
    std::vector<double> all(mine.size() * static_cast<std::size_t>(size_));
    std::copy(mine.begin(), mine.end(), all.begin() + static_cast<std::ptrdiff_t>(mine.size()) * rank_);
    const auto data = std::as_writable_bytes(std::span(all));
    const Call call{.kind = Kind::all_gather, .bytes = bytes(mine.size_bytes())};
    const int count = static_cast<int>(mine.size());
    collective(call, data, data, [&] {
      check(watchdog_,
            MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all.data(), count, MPI_DOUBLE, MPI_COMM_WORLD),
            "MPI_Allgather");
    });
    return all;
  }

  void barrier() override {
    collective({.kind = Kind::barrier}, {}, {}, [] {});
  }

  [[noreturn]] void abort(int exit_code) override {
    const Watchdog::Collective collective(watchdog_, "MPI_Abort", 0);
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    std::_Exit(exit_code);
  }
  [[nodiscard]] std::string name() const override { return "mpi"; }

 private:
  static std::int64_t bytes(std::size_t size) { return static_cast<std::int64_t>(size); }

  // Blocking and in place: Open MPI 4.1's MPI_Iallreduce takes twice as long and overlaps nothing.
  template <class T>
  void reduce(std::span<T> data, Type kind, MPI_Datatype type, Op op) {
    const auto raw = std::as_writable_bytes(data);
    const Call call{.kind = Kind::all_reduce, .type = kind, .op = op, .bytes = bytes(raw.size())};
    collective(call, raw, raw, [&] {
      in_chunks(data, [&](T* part, int count) {
        check(watchdog_, MPI_Allreduce(MPI_IN_PLACE, part, count, type, mpi_op(op), MPI_COMM_WORLD),
              "MPI_Allreduce");
      });
    });
  }

  /// Meets the others; then `large` does the work, unless the data went along: `give` is this rank's part,
  /// `take` is where the result belongs.
  template <class Large>
  void collective(Call call, std::span<const std::byte> give, std::span<std::byte> take, Large large) {
    const Watchdog::Collective recorded(watchdog_, name_of(call), call.bytes);
    const FlightRecorder& recorder = watchdog_.recorder();
    call.sequence = recorded.sequence();
    call.phase = static_cast<std::int64_t>(recorder.phase());
    call.step = recorder.step();
    Envelope envelope;
    envelope.call = call;
    const bool is_small = Envelope::fits(take.size());
    if (is_small) {
      envelope.words = bytes((take.size() + sizeof(std::int64_t) - 1) / sizeof(std::int64_t));
      if (!give.empty()) std::memcpy(envelope.data.data(), give.data(), give.size());
    }
    meet_(envelope);
    if (envelope.differs != 0) tell_who_differs(call);
    if (!is_small) return large();
    if (!take.empty()) std::memcpy(take.data(), envelope.data.data(), take.size());
  }

  /// All ranks are here, each with its own call.
  [[noreturn]] void tell_who_differs(const Call& mine) {
    std::vector<Call> calls(static_cast<std::size_t>(size_));
    constexpr int kBytes = sizeof(Call);
    check(watchdog_, MPI_Allgather(&mine, kBytes, MPI_BYTE, calls.data(), kBytes, MPI_BYTE, MPI_COMM_WORLD),
          "MPI_Allgather");
    const Disagreement found = explain(calls);
    const std::string file = watchdog_.dump(fmt::format("rank {}: {}", found.rank, found.what)).string();
    throw Error(ExitCode::try_again, fmt::format("rank {}", found.rank),
                fmt::format("{}; the last collectives of rank {}: {}", found.what, rank_,
                            file.empty() ? "could not be written" : file),
                kResume);
  }

  Watchdog watchdog_;
  Session session_;
  EnvelopeReduction meet_;
  int rank_ = 0, size_ = 1, local_rank_ = 0, local_size_ = 1;
};

}  // namespace

std::unique_ptr<Communicator> make_mpi() {
  return std::make_unique<Mpi>();
}

}  // namespace hpo::train::comm
