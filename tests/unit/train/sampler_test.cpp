// SPDX-License-Identifier: Apache-2.0
#include "train/sampler.hpp"

#include <doctest/doctest.h>

#include <set>

namespace hpo::train {
namespace {

TEST_CASE("sampler: an epoch holds every sample once, whatever its size and the batch's") {
  for (const std::int64_t size : {1, 2, 3, 17, 64, 65, 1000})
    for (const std::int64_t batch : {1, 7, 64, 2000}) {
      CAPTURE(size);
      CAPTURE(batch);
      const Sampler sampler(7, size, batch);
      std::set<std::uint64_t> seen;
      std::int64_t consumed = 0;
      while (consumed < size) {
        const Share share = sampler.share(consumed, 0, 1);
        REQUIRE(share.epoch == 0);
        REQUIRE(share.global_count == static_cast<std::int64_t>(share.ids.size()));
        for (const std::uint64_t id : share.ids) REQUIRE(id < static_cast<std::uint64_t>(size));
        seen.insert(share.ids.begin(), share.ids.end());
        consumed += share.global_count;
      }
      CHECK(consumed == size);
      CHECK(seen.size() == static_cast<std::size_t>(size));
    }
}

TEST_CASE("sampler: the shares of any number of ranks, one after the other, are the batch of one rank") {
  const Sampler sampler(7, 100, 32);
  for (const std::int64_t consumed : {0, 32, 64, 96, 100, 196})
    for (const int ranks : {2, 3, 4, 5, 50}) {
      const Share whole = sampler.share(consumed, 0, 1);
      std::vector<std::uint64_t> together;
      for (int rank = 0; rank < ranks; ++rank) {
        const Share share = sampler.share(consumed, rank, ranks);
        CHECK(share.global_count == whole.global_count);
        CHECK(share.epoch == whole.epoch);
        CHECK(static_cast<std::int64_t>(share.ids.size()) <= (whole.global_count + ranks - 1) / ranks);
        together.insert(together.end(), share.ids.begin(), share.ids.end());
      }
      CHECK(together == whole.ids);
    }
}

TEST_CASE("sampler: the last batch of an epoch is what is left, the next epoch has another order") {
  const Sampler sampler(7, 100, 32);
  CHECK(sampler.share(96, 0, 1).global_count == 4);
  CHECK(sampler.share(96, 0, 1).epoch == 0);
  CHECK(sampler.share(100, 0, 1).epoch == 1);
  CHECK(sampler.share(0, 0, 1).ids != sampler.share(100, 0, 1).ids);
  CHECK(sampler.share(0, 0, 1).ids != Sampler(8, 100, 32).share(0, 0, 1).ids);
}

}  // namespace
}  // namespace hpo::train
