// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "train/comm/communicator.hpp"

namespace hpo::train {

/// The ranks of this run, by what started it: comm::make_from_environment, or, where HPO_RENDEZVOUS_DIR names
/// a directory that all ranks see, NCCL among ranks that need no MPI; they are numbered as
/// comm::place_from_environment finds. `device` and `share_gpu` as in Config. Throws Error.
[[nodiscard]] std::unique_ptr<comm::Communicator> make_world(const std::string& device, bool share_gpu);

}  // namespace hpo::train
