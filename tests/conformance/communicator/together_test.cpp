// SPDX-License-Identifier: Apache-2.0
#include "train/comm/together.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "base/error.hpp"
#include "mpi/world.hpp"

namespace hpo::train {
namespace {

TEST_CASE("together: work that succeeds everywhere returns everywhere") {
  int done = 0;
  comm::together(world(), [&] { ++done; });
  CHECK(done == 1);
}

TEST_CASE(
    "together: when one rank fails all fail, it with its own error, the others with its code and number") {
  const int guilty = world().size() - 1;
  std::string said;
  ExitCode code = ExitCode::done;
  try {
    comm::together(world(), [&] {
      if (world().rank() == guilty) throw Error(ExitCode::try_again, "disk", "is full");
    });
  } catch (const Error& error) {
    said = error.what();
    code = error.code();
  }
  CHECK(code == ExitCode::try_again);
  CHECK(said == (world().rank() == guilty ? "disk: is full"
                                          : "rank " + std::to_string(guilty) + ": could not go on"));
}

TEST_CASE("together: any exception counts") {
  CHECK_THROWS(comm::together(world(), [&] {
    if (world().rank() == 0) throw std::runtime_error("no memory");
  }));
}

}  // namespace
}  // namespace hpo::train
