// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/comm/communicator.hpp"

namespace hpo::train {

/// The communicator under test, made by main: "self" or "mpi" by its first argument.
[[nodiscard]] comm::Communicator& world();

}  // namespace hpo::train
