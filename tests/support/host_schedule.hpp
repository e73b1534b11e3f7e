// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/random.hpp"

namespace hpo::train::gpu {

/// The streams, events and graphs of a device that is played on the CPU. With a seed, work is only queued:
/// who waits for something has operations run, in an order that the seed decides and that respects the order
/// within a stream, events and nothing else, for that is all that a GPU respects. So synchronisation that is
/// missing gives wrong numbers under some seed. Without a seed everything runs at once where it is called.
///
/// Misuse that CUDA answers with an error (to wait for an event across the border of a capture, to leave a
/// forked stream unjoined, to wait on the host while a capture goes on) throws Error here too.
class HostSchedule {
 public:
  /// One operation; false: not yet (it waits for something outside, another rank), ask again later.
  using Work = std::function<bool()>;
  using Id = std::uint64_t;

  /// A captured piece of work: operations, and which operations each comes after.
  struct Graph {
    struct Operation {
      std::size_t stream;
      Work work;
      std::vector<std::size_t> after;
    };
    std::vector<Operation> operations;
    std::vector<std::size_t> ends;  ///< what comes after the graph comes after these
  };

  /// `around(true)` is called before operations run, `around(false)` after.
  HostSchedule(std::optional<std::uint64_t> seed, std::function<void(bool)> around);

  [[nodiscard]] std::size_t add_stream();
  [[nodiscard]] std::size_t add_event();

  void add(std::size_t stream, Work work);
  void record(std::size_t event, std::size_t stream);
  void wait(std::size_t stream, std::size_t event);
  /// Runs a few operations, then says whether all before the event's last record are done.
  [[nodiscard]] bool is_done(std::size_t event);
  /// Runs operations until the stream's are done.
  void synchronize(std::size_t stream);
  /// Runs all there is.
  void drain();
  /// Throws when the host must not wait now.
  void require_no_capture(const char* what) const;

  [[nodiscard]] std::shared_ptr<const Graph> capture(std::size_t stream, const std::function<void()>& f);
  void replay(std::size_t stream, const std::shared_ptr<const Graph>& graph);

 private:
  struct Pending {
    std::size_t stream = 0;
    Work work;
    std::size_t missing = 0;  ///< operations that it still waits for
    std::vector<Id> dependents;
  };
  struct StreamState {
    std::vector<Id> ends;  ///< the next operation comes after these
    bool captured = false;
    std::vector<std::size_t> captured_ends;
    std::uint32_t favour = 0;
  };
  struct EventState {
    std::vector<Id> ends;
    std::optional<std::uint64_t> capture;  ///< the capture that it was last recorded in
    std::vector<std::size_t> captured_ends;
  };

  Id enqueue(std::size_t stream, Work work, const std::vector<Id>& after);
  [[nodiscard]] Id choose();
  /// Runs one operation; false when it could not go on.
  bool run_one();
  template <class Done>
  void run_until(Done done);
  void run_eagerly();
  [[nodiscard]] bool all_done(std::vector<Id>& ends) const;
  void check_joined(std::size_t stream) const;
  void rethrow() const;

  std::optional<hpo::Stream> random_;
  std::function<void(bool)> around_;
  std::vector<StreamState> streams_;
  std::vector<EventState> events_;
  std::map<Id, Pending> pending_;
  std::set<Id> ready_;
  Id next_ = 1;
  std::uint64_t captures_ = 0;
  std::shared_ptr<Graph> recording_;
  std::exception_ptr failure_;  ///< a device that failed stays failed
};

}  // namespace hpo::train::gpu
