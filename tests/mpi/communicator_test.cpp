// SPDX-License-Identifier: Apache-2.0
// The collectives of MPI themselves, small ones that travel in the envelope and large ones that follow it.
#include "train/comm/communicator.hpp"

#include <doctest/doctest.h>

#include <boost/filesystem/operations.hpp>

#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "base/error.hpp"
#include "mpi/world.hpp"
#include "train/comm/watchdog.hpp"

namespace hpo::train {
namespace {

const std::vector<std::size_t> kSizes{0, 1, 2, 3, 31, 32, 33, 63, 64, 65, 1000, 100'000};

template <class T>
std::vector<T> of_rank(int rank, std::size_t n) {
  std::vector<T> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<T>((static_cast<int>(i % 7) - 3) * (rank + 1));
  return values;
}

template <class T>
void check_reductions() {
  const int ranks = world().size();
  for (const std::size_t n : kSizes)
    for (const comm::Op op : {comm::Op::sum, comm::Op::min, comm::Op::max}) {
      std::vector<T> expected = of_rank<T>(0, n), mine = of_rank<T>(world().rank(), n);
      for (int rank = 1; rank < ranks; ++rank) {
        const std::vector<T> other = of_rank<T>(rank, n);
        for (std::size_t i = 0; i < n; ++i)
          expected[i] = op == comm::Op::sum   ? expected[i] + other[i]
                        : op == comm::Op::min ? std::min(expected[i], other[i])
                                              : std::max(expected[i], other[i]);
      }
      world().all_reduce(std::span<T>(mine), op);
      CHECK(mine == expected);
    }
}

TEST_CASE("communicator: reductions of every type and size") {
  check_reductions<float>();
  check_reductions<double>();
  check_reductions<std::int64_t>();
}

TEST_CASE("communicator: the result of a sum has the same bits on every rank") {
  for (const std::size_t n : {std::size_t{7}, std::size_t{5000}}) {
    std::vector<double> sums(n);
    for (std::size_t i = 0; i < n; ++i)
      sums[i] =
          std::sin(static_cast<double>(i) + 0.1 * world().rank()) * std::pow(10, static_cast<double>(i % 30));
    world().all_reduce(std::span(sums), comm::Op::sum);
    const std::vector<double> all = world().all_gather(sums);
    for (std::size_t i = 0; i < all.size(); ++i)
      CHECK(std::memcmp(&all[i], &sums[i % n], sizeof(double)) == 0);
  }
}

TEST_CASE("communicator: a broadcast brings every byte from any rank, a gathering every rank's numbers") {
  for (const std::size_t n : kSizes)
    for (int root = 0; root < world().size(); ++root) {
      std::vector<unsigned char> bytes(n, static_cast<unsigned char>(world().rank()));
      if (world().rank() == root)
        for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<unsigned char>(200 - i % 199);
      world().broadcast(std::as_writable_bytes(std::span(bytes)), root);
      for (std::size_t i = 0; i < n; ++i) CHECK(bytes[i] == 200 - i % 199);
    }
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{40}}) {
    std::vector<double> mine(n, -0.0 - world().rank());
    const std::vector<double> all = world().all_gather(mine);
    REQUIRE(all.size() == n * static_cast<std::size_t>(world().size()));
    for (std::size_t i = 0; i < all.size(); ++i) {
      const double expected = -0.0 - static_cast<double>(i / std::max<std::size_t>(n, 1));
      CHECK(std::memcmp(&all[i], &expected, sizeof(double)) == 0);
    }
  }
}

TEST_CASE("communicator: every collective is recorded, under the same numbers on every rank") {
  comm::FlightRecorder& recorder = world().watchdog()->recorder();
  const auto before = static_cast<double>(recorder.newest());
  for (const double other : world().all_gather(std::vector{before})) CHECK(other == before);
  const auto last = recorder.read(recorder.newest());
  CHECK(last.state == comm::CollectiveState::done);
  CHECK(last.bytes == sizeof(double));
  CHECK(std::string(last.what) == "all_gather double");
}

/// Rank 0 leaves out the barrier in which the others are, and comes to `call`.
template <class Call>
void check_found_out(Call call, const std::string& name) {
  std::string said;
  try {
    if (world().rank() != 0) world().barrier();
    call();
  } catch (const Error& error) {
    said = error.what();
    CHECK(error.code() == ExitCode::try_again);
  }
  CHECK(said.find(name) != std::string::npos);
  CHECK(said.find("barrier") != std::string::npos);
  CHECK(said.find("flight.rank" + std::to_string(world().rank()) + ".json") != std::string::npos);
  boost::filesystem::remove("flight.rank" + std::to_string(world().rank()) + ".json");
}

TEST_CASE(
    "communicator: ranks that lost each other are told so whatever the collectives, and can be told again") {
  std::vector<float> large(100'000);
  check_found_out([&] { world().all_reduce(std::span(large), comm::Op::sum); },
                  "all_reduce float sum of 400000 bytes");
  std::vector<std::byte> bytes(50'000);
  check_found_out([&] { world().broadcast(bytes, 0); }, "broadcast of 50000 bytes from rank 0");
  check_found_out([&] { (void)world().all_gather(std::vector<double>(999)); },
                  "all_gather double of 7992 bytes");
}

TEST_CASE("communicator: sizes that differ end in an error on every rank, not in numbers") {
  for (const std::size_t n : {std::size_t{4}, std::size_t{4000}}) {
    std::vector<double> values(n + (world().rank() == 1 ? 1 : 0));
    std::string said;
    try {
      world().all_reduce(std::span(values), comm::Op::sum);
    } catch (const Error& error) {
      said = error.what();
    }
    CHECK(said.substr(0, 7) == "rank 1:");
    CHECK(said.find(std::to_string(8 * n) + " bytes") != std::string::npos);
    CHECK(said.find(std::to_string(8 * n + 8) + " bytes") != std::string::npos);
    boost::filesystem::remove("flight.rank" + std::to_string(world().rank()) + ".json");
  }
}

TEST_CASE("communicator: what MPI refuses is an error to try again, with the record of this rank") {
  std::vector<std::byte> bytes(50'000);
  std::string said;
  try {
    world().broadcast(bytes, world().size());  // there is no such rank
  } catch (const Error& error) {
    said = error.what();
    CHECK(error.code() == ExitCode::try_again);
  }
  const std::string file = "flight.rank" + std::to_string(world().rank()) + ".json";
  CHECK(said.find("MPI_Bcast: ") == 0);
  CHECK(said.find(file) != std::string::npos);
  CHECK(boost::filesystem::remove(file));
  const auto last = world().watchdog()->recorder().read().back();
  CHECK(last.state == comm::CollectiveState::running);
  world().barrier();
}

}  // namespace
}  // namespace hpo::train
