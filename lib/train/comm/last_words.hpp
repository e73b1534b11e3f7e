// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/filesystem/path.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "train/comm/flight_recorder.hpp"

namespace hpo::train::comm {

/// What a rank that hangs still says: its flight record, a line on stderr, a hook. Each time in a thread of
/// its own, for the file system may be what hangs; such a thread shares this object and is left alone when it
/// does not come back.
class LastWords : public std::enable_shared_from_this<LastWords> {
 public:
  explicit LastWords(FlightRecorder::Clock clock);

  FlightRecorder recorder;
  std::function<void(const std::string&)> say;  ///< set before the first words

  void set_rank(int rank, int size);
  [[nodiscard]] int size() const;
  void keep_in(const boost::filesystem::path& directory, const std::string& name);
  void set_hook(std::function<void()> hook);

  /// Writes the record into the directory given, else the working directory, else the one for temporary
  /// files; "" when none of them takes it.
  boost::filesystem::path write(const std::string& reason);
  /// Writes the record and says "rank 1 of 4 on HOST WHAT" and where the record is. Does not wait.
  void tell(const std::string& what);
  /// The same with advice, then runs the hook; waits for both, but not longer than `seconds`. The words are
  /// said in any case.
  void tell_and_run_hook(const std::string& what, const std::string& advice, double seconds);
  /// Waits for what is still being said, at most `seconds`, and takes the record away when `is_orderly`: then
  /// it was a warning that came to nothing.
  void finish(double seconds, bool is_orderly);

 private:
  struct Telling;
  [[nodiscard]] std::string words(const std::string& what, const std::string& file,
                                  const std::string& advice) const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int rank_ = 0, size_ = 1;
  boost::filesystem::path directory_{"."}, written_;
  std::string name_{"flight"};
  std::function<void()> hook_;
  int threads_ = 0;
};

/// "all_reduce float sum", "gradient bucket 3"
[[nodiscard]] std::string name_of(const RecordedCollective& collective);
/// "60 s", "2.5 s"
[[nodiscard]] std::string seconds(double value);

}  // namespace hpo::train::comm
