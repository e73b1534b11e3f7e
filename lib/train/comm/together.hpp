// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "train/comm/communicator.hpp"

namespace hpo::train::comm {

/// Runs `work` on every rank and meets the others: when it threw on any rank, every rank throws, its own
/// error or one that names the lowest rank that failed (with its exit code). So a rank that cannot read a
/// file does not leave the others waiting for it for ever. Collective; `work` itself must not communicate.
void together(Communicator& world, const std::function<void()>& work);

}  // namespace hpo::train::comm
