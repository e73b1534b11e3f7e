// SPDX-License-Identifier: Apache-2.0
#include "train/evaluation.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "train/sampler.hpp"

namespace hpo::train {

BatchSums evaluate(Engine& engine, const Data& data, std::int64_t batch, comm::Communicator& world) {
  constexpr std::int64_t kSmallPiece = 256;  // a small training batch must not make evaluation slow
  const std::int64_t piece = std::max(kSmallPiece, batch / world.size());
  const std::int64_t count = data.size(Part::validation);
  const std::int64_t end = share_begin(count, world.rank() + 1, world.size());
  BatchMemory memory;
  std::array<double, 3> sums{};
  for (std::int64_t first = share_begin(count, world.rank(), world.size()); first < end; first += piece) {
    std::vector<std::uint64_t> ids(static_cast<std::size_t>(std::min(piece, end - first)));
    std::iota(ids.begin(), ids.end(), static_cast<std::uint64_t>(first));
    const BatchSums part =
        engine.evaluate(engine.has_samples() ? data.rows(Part::validation, ids, 0, memory)
                                             : data.batch(Part::validation, ids, 0, memory));
    sums[0] += part.loss;
    sums[1] += part.errors;
    sums[2] += static_cast<double>(part.samples);
  }
  world.all_reduce(std::span<double>(sums), comm::Op::sum);
  return {.loss = sums[0], .errors = sums[1], .samples = static_cast<std::int64_t>(sums[2])};
}

}  // namespace hpo::train
