// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/pack.hpp"

/// Losses. `samples` in device memory says how many of the `rows` are there: the rows behind them have no
/// loss and a derivative of 0, so a launch of one shape serves every share of a batch. Sums are doubles and
/// come in a fixed order: partial sums of each block, then AddUp.
namespace hpo::train::gpu {

constexpr std::int64_t kLossBlocks = 256;

/// The two sums of a block, from those of its threads, to parts.
struct LossSums {
  double loss, errors;
};
template <class Block, class Registers>
HPO_BOTH void write_loss(Block& block, Registers& sums, double* parts) {
  block.combine(sums, block.threads(), [](const LossSums& a, const LossSums& b) {
    return LossSums{a.loss + b.loss, a.errors + b.errors};
  });
  block.each_thread([&](int t) {
    if (t > 0) return;
    parts[2 * block.index()] = sums[t].loss;
    parts[2 * block.index() + 1] = sums[t].errors;
  });
}

/// Cross-entropy of softmax(logits) (rows x classes) with the labels, in nats; gradient = softmax - one-hot,
/// which may be `logits`; null in evaluation. parts (kLossBlocks x 2): loss and errors of each block; a
/// sample whose largest logit (the first of equals) is not its label, or that has a NaN, is an error. A label
/// that is no class gives a NaN, as loss and as derivative.
template <class T>
struct CrossEntropy {
  std::int64_t rows, classes;
  const std::int64_t* samples;
  const T* logits;
  const std::int32_t* labels;
  T* gradient;
  double* parts;

  [[nodiscard]] Grid grid() const { return {kLossBlocks, 256}; }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    // A few threads a row, so that a row of ten classes is no work for a warp.
    int lanes = 1;
    while (lanes < 32 && lanes * 4 < classes) lanes *= 2;
    const int together = block.threads() / lanes;
    const std::int64_t live = *samples < rows ? *samples : rows;
    auto sums = block.template registers<LossSums>();
    auto tops = block.template registers<Top>();
    auto totals = block.template registers<Real>();
    for (std::int64_t first = block.index() * together; first < rows; first += block.count() * together) {
      block.each_thread([&](int t) {
        const std::int64_t row = first + t / lanes;
        tops[t] = row < live ? top_of(row, t % lanes, lanes) : Top{};
      });
      block.combine(tops, lanes, [](const Top& a, const Top& b) {
        return b.value > a.value || (b.value == a.value && b.place < a.place) ? b : a;
      });
      block.each_thread([&](int t) {
        const std::int64_t row = first + t / lanes;
        Real total = 0;
        if (row < live)
          for (std::int64_t c = t % lanes; c < classes; c += lanes)
            total += std::exp(widen(logits[row * classes + c]) - tops[t].value);
        totals[t] = total;
      });
      block.combine(totals, lanes, [](Real a, Real b) { return a + b; });
      block.each_thread([&](int t) {
        const std::int64_t row = first + t / lanes;
        if (row < live)
          finish(row, t % lanes, lanes, tops[t], totals[t], sums[t]);
        else if (row < rows && gradient != nullptr)
          for (std::int64_t c = t % lanes; c < classes; c += lanes)
            gradient[row * classes + c] = narrow<T>(Real(0));
      });
    }
    write_loss(block, sums, parts);
  }

 private:
  using Real = Work<T>;
  struct Top {
    Real value = -std::numeric_limits<Real>::infinity();
    std::int32_t place = std::numeric_limits<std::int32_t>::max();
  };

  HPO_BOTH Top top_of(std::int64_t row, int lane, int lanes) const {
    Top top;
    for (std::int64_t c = lane; c < classes; c += lanes) {
      const Real value = widen(logits[row * classes + c]);
      if (value > top.value || (value == top.value && top.place > c))
        top = {value, static_cast<std::int32_t>(c)};
    }
    return top;
  }

  /// The thread that has the label's logit adds the row's loss: no other may read it, for the derivative may
  /// have overwritten it.
  HPO_BOTH void finish(std::int64_t row, int lane, int lanes, const Top& top, Real total,
                       LossSums& sums) const {
    const std::int64_t label = labels[row];
    const bool is_class = label >= 0 && label < classes;
    const Real nan = std::numeric_limits<Real>::quiet_NaN();
    if (lane == 0 && !is_class) sums.loss += static_cast<double>(nan);
    if (lane == 0) sums.errors += top.place != label || total != total ? 1 : 0;
    const Real scale = is_class ? 1 / total : nan;
    for (std::int64_t c = lane; c < classes; c += lanes) {
      const Real below = widen(logits[row * classes + c]) - top.value;
      if (c == label) sums.loss += static_cast<double>(std::log(total) - below);
      if (gradient != nullptr)
        gradient[row * classes + c] = narrow<T>(std::exp(below) * scale - (c == label ? 1 : 0));
    }
  }
};

/// |prediction - target|^2 / 2 summed over outputs; gradient = prediction - target; errors: squared error.
template <class T, class Target>
struct SquaredError {
  std::int64_t rows, outputs;
  const std::int64_t* samples;
  const T* predictions;
  const Target* targets;
  T* gradient;
  double* parts;

  static constexpr int kN = kPack<T, Target>;
  [[nodiscard]] Grid grid() const { return {kLossBlocks, 256}; }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const bool aligned = in_packs<kN>(0, predictions, targets, gradient);
    const std::int64_t size = rows * outputs, live = *samples < rows ? *samples * outputs : size;
    const std::int64_t packs = (size + kN - 1) / kN, step = block.count() * block.threads();
    auto sums = block.template registers<LossSums>();
    block.each_thread([&](int t) {
      double squares = 0;
      for (std::int64_t i = block.index() * block.threads() + t; i < packs; i += step) {
        const std::int64_t at = i * kN;
        auto values = load<kN>(predictions + at, size - at, aligned);
        const auto wanted = load<kN>(targets + at, size - at, aligned);
        for (int j = 0; j < kN; ++j) {
          const bool there = at + j < live;
          const Work<T> difference = widen(values[j]) - static_cast<Work<T>>(widen(wanted[j]));
          if (there) squares += static_cast<double>(difference) * static_cast<double>(difference);
          values[j] = narrow<T>(there ? difference : Work<T>(0));
        }
        if (gradient != nullptr) store(gradient + at, values, size - at, aligned);
      }
      sums[t] = {squares / 2, squares};
    });
    write_loss(block, sums, parts);
  }
};

/// sums[j] = the sum over i of parts[i * width + j], in one block.
struct AddUp {
  std::int64_t parts_count, width;
  const double* parts;
  double* sums;

  [[nodiscard]] Grid grid() const { return {1, 256}; }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    for (std::int64_t j = 0; j < width; ++j) {
      const double sum =
          block.template sum<double>(parts_count, [&](std::int64_t i) { return parts[i * width + j]; });
      block.each(1, [&](std::int64_t) { sums[j] = sum; });
    }
  }
};

}  // namespace hpo::train::gpu
