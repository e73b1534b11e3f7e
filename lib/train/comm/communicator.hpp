// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hpo::train::comm {

class Watchdog;

enum class Op { sum, min, max };

/// The ranks of one training run. All calls are collective and blocking; every rank must make the same calls
/// in the same order. Failures throw Error with exit code try_again (infrastructure: a rank is gone, the
/// network failed).
class Communicator {
 public:
  virtual ~Communicator() = default;
  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;
  /// Rank among those on the same host, and their number.
  [[nodiscard]] virtual int local_rank() const = 0;
  [[nodiscard]] virtual int local_size() const = 0;
  /// In place; the result has the same bits on every rank.
  virtual void all_reduce(std::span<float> data, Op op) = 0;
  virtual void all_reduce(std::span<double> data, Op op) = 0;
  virtual void all_reduce(std::span<std::int64_t> data, Op op) = 0;
  virtual void broadcast(std::span<std::byte> data, int root) = 0;
  /// Each rank gives the same number of doubles; every rank gets all of them, by rank: size() * mine.size().
  [[nodiscard]] virtual std::vector<double> all_gather(std::span<const double> mine) = 0;
  virtual void barrier() = 0;
  /// Ends all ranks at once with this exit code; used when one rank cannot go on.
  [[noreturn]] virtual void abort(int exit_code) = 0;
  /// "self", "mpi", "nccl"
  [[nodiscard]] virtual std::string name() const = 0;
  /// Records the collectives of this process and sets them deadlines (watchdog.hpp); nullptr where nobody is
  /// waited for.
  [[nodiscard]] virtual Watchdog* watchdog() { return nullptr; }
};

/// One rank alone, no MPI at all.
[[nodiscard]] std::unique_ptr<Communicator> make_self();
/// MPI_COMM_WORLD; initialises MPI when nobody has, finalises it in the destructor in that case, but not
/// while an exception passes: finalising waits for all ranks, and the launcher ends them when one leaves
/// without. So let an exception pass the communicator, or call abort.
[[nodiscard]] std::unique_ptr<Communicator> make_mpi();
/// MPI when this process was started by mpirun, srun --mpi or a PMI launcher with more than one rank, else
/// self, which does not touch MPI. Throws Error when Slurm started several tasks that cannot know of each
/// other, or when MPI sees another number of ranks than the launcher started.
[[nodiscard]] std::unique_ptr<Communicator> make_from_environment();

}  // namespace hpo::train::comm
