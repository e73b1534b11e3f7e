// SPDX-License-Identifier: Apache-2.0
#include "train/agreement.hpp"

#include <fmt/format.h>

#include <string_view>

#include "base/checksum.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"

namespace hpo::train {

bool Council::is_late() const {
  const double now = file_system().now();
  if (assignment_.deadline > 0 && now >= assignment_.deadline) return true;
  const bool is_measured = assignment_.job_end > 0 && save_s_ > 0;
  return is_measured && now >= assignment_.job_end - (2 * save_s_ + 10);
}

std::array<double, 3> Council::votes() const {
  const bool decides = world_.rank() == 0;
  const bool late = decides && is_late();
  const std::chrono::duration<double> unsaved = std::chrono::steady_clock::now() - saved_;
  const bool due = decides && unsaved.count() >= assignment_.checkpoint_every_s;
  const bool asked = stop_ && stop_();
  return {asked ? 1.0 : 0.0, late ? 1.0 : 0.0, due ? 1.0 : 0.0};
}

Agreement Council::count(const std::array<double, 3>& votes) {
  return {.stop = votes[0] > 0, .out_of_time = votes[1] > 0, .save = votes[2] > 0};
}

void check_same_everywhere(std::string_view text, comm::Communicator& world) {
  const std::vector<double> checksums = world.all_gather(std::vector{static_cast<double>(crc32c(text))});
  for (std::size_t rank = 1; rank < checksums.size(); ++rank)
    if (checksums[rank] != checksums[0])
      throw Error(ExitCode::try_again, fmt::format("rank {}", rank),
                  "has another configuration or version than rank 0",
                  "start all ranks by one command with the same files");
}

}  // namespace hpo::train
