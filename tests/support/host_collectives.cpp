// SPDX-License-Identifier: Apache-2.0
#include "support/host_collectives.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

namespace hpo::train::gpu {
namespace {

template <class T>
std::vector<T> sum(comm::Communicator& world, const T* from, std::int64_t n) {
  std::vector<T> values(from, from + n);
  world.all_reduce(std::span<T>(values), comm::Op::sum);
  return values;
}

template <class T>
void scatter_sum(comm::Communicator& world, const T* from, T* to, std::int64_t n_each) {
  const std::vector<T> all = sum(world, from, n_each * world.size());
  std::copy_n(all.begin() + n_each * world.rank(), n_each, to);
}

/// Bits travel as doubles, which nobody computes with on their way.
template <class T>
void gather(comm::Communicator& world, const T* from, T* to, std::int64_t n_each) {
  const std::size_t bytes = static_cast<std::size_t>(n_each) * sizeof(T);
  std::vector<double> mine((bytes + sizeof(double) - 1) / sizeof(double));
  if (bytes > 0) std::memcpy(mine.data(), from, bytes);
  const std::vector<double> all = world.all_gather(mine);
  for (int rank = 0; rank < world.size() && bytes > 0; ++rank)
    std::memcpy(to + rank * n_each, all.data() + static_cast<std::size_t>(rank) * mine.size(), bytes);
}

}  // namespace

void HostCollectives::all_reduce(Stream& stream, const float* from, float* to, std::int64_t n) {
  device_.enqueue(stream, [=, this] { std::ranges::copy(sum(world_, from, n), to); });
}

void HostCollectives::all_reduce(Stream& stream, const double* from, double* to, std::int64_t n) {
  device_.enqueue(stream, [=, this] { std::ranges::copy(sum(world_, from, n), to); });
}

void HostCollectives::reduce_scatter(Stream& stream, const float* from, float* to, std::int64_t n_each) {
  device_.enqueue(stream, [=, this] { scatter_sum(world_, from, to, n_each); });
}

void HostCollectives::reduce_scatter(Stream& stream, const double* from, double* to, std::int64_t n_each) {
  device_.enqueue(stream, [=, this] { scatter_sum(world_, from, to, n_each); });
}

void HostCollectives::all_gather(Stream& stream, const float* from, float* to, std::int64_t n_each) {
  device_.enqueue(stream, [=, this] { gather(world_, from, to, n_each); });
}

void HostCollectives::all_gather(Stream& stream, const double* from, double* to, std::int64_t n_each) {
  device_.enqueue(stream, [=, this] { gather(world_, from, to, n_each); });
}

}  // namespace hpo::train::gpu
