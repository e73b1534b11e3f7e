// SPDX-License-Identifier: Apache-2.0
#include "train/comm/together.hpp"

#include <fmt/format.h>

#include <exception>

#include "base/error.hpp"
#include "train/comm/watchdog.hpp"

namespace hpo::train::comm {

void together(Communicator& world, const std::function<void()>& work) {
  const Watchdog::Patience patience(world);
  std::exception_ptr mine;
  ExitCode code = ExitCode::failed;
  try {
    work();
  } catch (const Error& error) {
    mine = std::current_exception();
    code = error.code();
  } catch (...) {
    mine = std::current_exception();
  }
  const std::vector<double> codes = world.all_gather(std::vector{mine ? static_cast<double>(code) : 0.0});
  if (mine) std::rethrow_exception(mine);
  for (std::size_t rank = 0; rank < codes.size(); ++rank)
    if (codes[rank] != 0)
      throw Error(static_cast<ExitCode>(codes[rank]), fmt::format("rank {}", rank), "could not go on",
                  "see what that rank said");
}

}  // namespace hpo::train::comm
