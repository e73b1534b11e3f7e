// SPDX-License-Identifier: Apache-2.0
#include "train/gpu/collective_log.hpp"

#include <utility>

#include "base/error.hpp"

namespace hpo::train::gpu {

void CollectiveBook::add(const ListedCollective& collective) {
  if (list_) {
    list_->push_back(collective);
    return;
  }
  open_.push_back(recorder_.enqueue(collective.what, collective.bytes, collective.bucket));
}

void CollectiveBook::begin_list() {
  HPO_CHECK(!list_, "one graph is captured at a time");
  list_.emplace();
}

std::vector<ListedCollective> CollectiveBook::end_list() {
  HPO_CHECK(list_.has_value(), "no list of collectives was begun");
  return *std::exchange(list_, std::nullopt);
}

void CollectiveBook::look(std::uint64_t begun, std::uint64_t done) {
  for (; begun_ < begun; ++begun_) {
    const std::uint64_t place = begun_ - done_;
    HPO_CHECK(place < open_.size(), "a collective that nobody has handed over");
    recorder_.start(open_[place]);
  }
  for (; done_ < done; ++done_) {
    recorder_.finish(open_.front());
    open_.pop_front();
  }
}

}  // namespace hpo::train::gpu
