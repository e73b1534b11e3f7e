// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/pack.hpp"

/// One tile of a matrix product C = A B by one block, the sides given by functions.
namespace hpo::train::gpu {

constexpr int kTile = 64;       ///< rows and columns of C a block works out
constexpr int kTileDepth = 16;  ///< of the inner extent in shared memory at a time
constexpr int kTileThreads = 256;

/// Four neighbouring values of one side: from place (wide, deep) on, along the inner extent or across it.
enum class Side { along, across };
struct Quad {
  int wide, deep;
};
template <Side side>
[[nodiscard]] HPO_BOTH Quad quad_of(int thread) {
  if constexpr (side == Side::along) return {thread / 4, thread % 4 * 4};
  return {thread % 16 * 4, thread / 16};
}

template <Side side, class Real>
HPO_BOTH void put(Pack<Real, 4> (*shared)[kTile / 4 + 1], const Quad& at, const Pack<Real, 4>& values) {
  if constexpr (side == Side::along)
    for (int i = 0; i < 4; ++i) shared[at.deep + i][at.wide / 4][at.wide % 4] = values[i];
  else
    shared[at.deep][at.wide / 4] = values;
}

/// Calls load_a(thread, row, depth) and load_b(thread, column, depth), which give four values of A and B (0
/// outside) beginning at that row or column of the tile and that inner index, and at the end write(row,
/// column, sum) for all 64 x 64. `depth` counts from 0 to below `extent` rounded up to kTileDepth. Sums of
/// 512 products at most are added up one by one, then those.
template <class Real, Side side_a, Side side_b, class Block, class LoadA, class LoadB, class Write>
HPO_BOTH void tile_product(Block& block, std::int64_t extent, LoadA load_a, LoadB load_b, Write write) {
  struct Shared {
    Pack<Real, 4> a[kTileDepth][kTile / 4 + 1], b[kTileDepth][kTile / 4 + 1];
  };
  struct Ahead {
    Pack<Real, 4> a, b;
  };
  struct Tile {
    Real of[4][4];
  };
  constexpr int kStepsTogether = 512 / kTileDepth;
  Shared& shared = block.template shared<Shared>();
  auto ahead = block.template registers<Ahead>();
  auto sums = block.template registers<Tile>();
  auto totals = block.template registers<Tile>();
  const auto fetch = [&](int t, std::int64_t step) {
    const Quad a = quad_of<side_a>(t), b = quad_of<side_b>(t);
    ahead[t] = {load_a(t, a.wide, step * kTileDepth + a.deep), load_b(t, b.wide, step * kTileDepth + b.deep)};
  };
  const std::int64_t steps = (extent + kTileDepth - 1) / kTileDepth;
  if (steps > 0) block.each_thread([&](int t) { fetch(t, 0); });
  for (std::int64_t step = 0; step < steps; ++step) {
    block.each_thread([&](int t) {
      put<side_a>(shared.a, quad_of<side_a>(t), ahead[t].a);
      put<side_b>(shared.b, quad_of<side_b>(t), ahead[t].b);
    });
    block.sync();
    block.each_thread([&](int t) {
      if (step + 1 < steps) fetch(t, step + 1);
      Tile& sum = sums[t];
      for (int k = 0; k < kTileDepth; ++k) {
        const Pack<Real, 4> a = shared.a[k][t / 16], b = shared.b[k][t % 16];
        for (int i = 0; i < 4; ++i)
          for (int j = 0; j < 4; ++j) sum.of[i][j] += a[i] * b[j];
      }
      if ((step + 1) % kStepsTogether == 0 || step + 1 == steps)
        for (int i = 0; i < 4; ++i)
          for (int j = 0; j < 4; ++j) {
            totals[t].of[i][j] += sum.of[i][j];
            sum.of[i][j] = 0;
          }
    });
    block.sync();
  }
  block.each_thread([&](int t) {
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 4; ++j) write(t / 16 * 4 + i, t % 16 * 4 + j, totals[t].of[i][j]);
  });
}

}  // namespace hpo::train::gpu
