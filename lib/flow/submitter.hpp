// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "flow/arrays.hpp"
#include "flow/submit.hpp"

namespace hpo::flow {

/// Slurm does not have it, as far as the study knows: it was never submitted, or refused, or is run by make.
[[nodiscard]] bool is_pending(const study::Submission& submission);

/// One run of submit(): what is in the study, what is in the queue, and the steps that bring the two
/// together. Between any two steps this process may be killed, and others may do the same; each step finds
/// what the one before has left.
class Submitter {
 public:
  Submitter(const study::Store& store, const SubmitOptions& options, const study::Provenance& who);
  std::vector<std::string> run();

 private:
  using Rows = std::vector<std::int32_t>;  // of the submissions table

  // submitter.cpp: the queue and the record
  [[nodiscard]] const study::Submission& at(std::int32_t row) const;
  void look(const Rows& rows);
  void look_again(const Rows& rows);
  [[nodiscard]] const Array* recorded_array(std::int32_t row) const;
  void take_back(const Rows& rows);
  void bring_in(const Rows& rows);
  void record(const Rows& rows);
  void cancel_twins(std::int32_t row);
  void release(const Rows& rows);
  template <class Change>
  void update(Change change);

  // submitter_enter.cpp: sbatch and its answers
  bool enter(std::int32_t row);
  bool refused(std::int32_t row, const std::string& script, const std::string& message);
  void not_now(std::int32_t row, const std::string& message);
  void note(std::int32_t row, study::SubmissionState state, const std::string& message, double submitted);
  [[nodiscard]] bool asks_for_more(std::int32_t row, const std::string& message) const;
  void give_up(std::int32_t row, const std::string& message);
  void forget_nodes(std::int32_t row);
  void halve(std::int32_t row);
  [[nodiscard]] fs::path script_of(std::int32_t row) const;

  // submitter_controller.cpp: the job that comes after
  void leave_controller();
  void add_or_keep_controller();
  [[nodiscard]] std::string after() const;
  [[nodiscard]] std::string when_patience_ends() const;
  [[nodiscard]] double until_next_look() const;

  const study::Store& store_;
  const SubmitOptions& options_;
  const study::Provenance& who_;
  study::Study study_;
  ArraysByName arrays_;                        ///< the queue as it was seen last
  std::map<std::int32_t, std::string> taken_;  ///< by sbatch, now
  std::optional<Error> failure_;               ///< to be thrown when what succeeded is recorded
  std::vector<std::string> said_;
};

template <class Change>
void Submitter::update(Change change) {
  study_ = store_.update(change, who_).study;
}

}  // namespace hpo::flow
