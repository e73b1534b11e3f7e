// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "train/comm/communicator.hpp"

namespace hpo::train {

/// Runs `body` once for each of `size` ranks, a thread each, with communicators that join them.
void run_ranks(int size, const std::function<void(comm::Communicator&)>& body);

}  // namespace hpo::train
