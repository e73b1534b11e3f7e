// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/comm/communicator.hpp"
#include "train/data.hpp"
#include "train/engine.hpp"

namespace hpo::train {

/// Loss and errors summed over the whole validation set, each rank doing its contiguous part of it in pieces
/// of about `batch` samples over all ranks. Collective; the same on every rank.
[[nodiscard]] BatchSums evaluate(Engine& engine, const Data& data, std::int64_t batch,
                                 comm::Communicator& world);

}  // namespace hpo::train
