// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/pack.hpp"
#include "train/optim/elements.hpp"

/// The end of a step over the flat buffers: is the gradient finite, how long is it, the optimiser. All that
/// changes from step to step lies in device memory, so that one captured graph serves them all.
namespace hpo::train::gpu {

/// What the host says about a step; copied to the device with the batch.
struct StepOrder {
  std::int64_t samples = 0;  ///< this rank's
  std::uint64_t dropout_key = 0;
  double lr = 0, clip_norm = 0;  ///< clip_norm 0: never
  double votes[3] = {0, 0, 0};
};

/// What the ranks add up beside the gradient, in double.
struct StepSums {
  double loss = 0, errors = 0, samples = 0;
  double votes[3] = {0, 0, 0};
};

/// What the host gets to know of a step.
struct StepOutcome {
  StepSums sums;
  double sum_of_squares = 0;  ///< of the gradient summed over samples and ranks
  std::int64_t non_finite = 0;
  std::int64_t own_non_finite = 0;  ///< of this rank's own gradient, when non_finite > 0
  std::int64_t own_culprit = -1;    ///< the first flat index that is not finite
};

/// What Decide works out and the passes after it read.
struct StepScalars {
  std::int64_t step = 0;   ///< steps taken so far
  std::int32_t apply = 0;  ///< whether this one is taken
  float factor = 0;        ///< gradient * factor is the averaged and clipped gradient
  float lr = 0;
  float adam_rate = 0, adam_correction = 0;  ///< lr / (1 - beta1^t), 1 / sqrt(1 - beta2^t)
  double lr_exact = 0;                       ///< before it was rounded to lr
};

enum class OptimizerKind { sgd, adam, adamw, rmsprop };

constexpr std::int64_t kCheckBlocks = 1024;

template <class Real>
[[nodiscard]] HPO_BOTH bool is_finite(Real value) {
  return std::abs(value) <= std::numeric_limits<Real>::max();  // a NaN is not
}

/// parts (kCheckBlocks x 2): sum of squares in double and number of entries that are not finite, of each
/// block.
template <class T>
struct CheckGradient {
  std::int64_t size;  ///< a multiple of 16
  const T* gradients;
  double* parts;

  static constexpr int kN = kPack<T>;
  [[nodiscard]] Grid grid() const { return {kCheckBlocks, 256}; }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const bool aligned = in_packs<kN>(0, gradients);
    const std::int64_t packs = (size + kN - 1) / kN, step = block.count() * block.threads();
    auto sums = block.template registers<Sums>();
    block.each_thread([&](int t) {
      Sums mine{};
      for (std::int64_t i = block.index() * block.threads() + t; i < packs; i += step) {
        const auto values = load<kN>(gradients + i * kN, size - i * kN, aligned);
        for (int j = 0; j < kN; ++j) {
          const bool finite = is_finite(widen(values[j]));
          // Squares of floats need a double's range: one entry of 1e20 is no reason to lose the step.
          const double value = finite ? static_cast<double>(widen(values[j])) : 0;
          mine.squares += value * value;
          mine.non_finite += finite ? 0 : 1;
        }
      }
      sums[t] = mine;
    });
    block.combine(sums, block.threads(), [](const Sums& a, const Sums& b) {
      return Sums{a.squares + b.squares, a.non_finite + b.non_finite};
    });
    block.each_thread([&](int t) {
      if (t > 0) return;
      parts[2 * block.index()] = sums[t].squares;
      parts[2 * block.index() + 1] = static_cast<double>(sums[t].non_finite);
    });
  }

 private:
  struct Sums {
    double squares;
    std::int64_t non_finite;
  };
};

/// One block: adds up `parts_count` parts of CheckGradient (of all buckets or shards, summed over the ranks
/// where they have shards), decides whether the step is taken, counts it, and works out its scalars:
/// factor = 1 / samples, times clip_norm / norm when the averaged gradient's norm is larger. Without samples
/// no step is taken. Leaves outcome->sums alone.
struct Decide {
  std::int64_t parts_count;
  const double* parts;
  const double* samples;  ///< of all ranks
  const StepOrder* order;
  double beta1, beta2;
  StepScalars* scalars;
  StepOutcome* outcome;

  [[nodiscard]] Grid grid() const { return {1, 256}; }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const double squares =
        block.template sum<double>(parts_count, [&](std::int64_t i) { return parts[2 * i]; });
    const double non_finite =
        block.template sum<double>(parts_count, [&](std::int64_t i) { return parts[2 * i + 1]; });
    block.each(1, [&](std::int64_t) {
      outcome->sum_of_squares = squares;
      outcome->non_finite = static_cast<std::int64_t>(non_finite);
      outcome->own_non_finite = 0;
      outcome->own_culprit = -1;
      decide(squares, !(non_finite > 0) && *samples > 0);
    });
  }

 private:
  HPO_BOTH void decide(double squares, bool apply) const {
    scalars->apply = apply ? 1 : 0;
    if (!apply) return;
    scalars->step += 1;
    const double norm = std::sqrt(squares) / *samples;
    const bool clipped = order->clip_norm > 0 && norm > order->clip_norm;
    scalars->factor = static_cast<float>((clipped ? order->clip_norm / norm : 1) / *samples);
    scalars->lr = static_cast<float>(order->lr);
    const auto t = static_cast<double>(scalars->step);
    scalars->adam_rate = static_cast<float>(order->lr / (1 - std::pow(beta1, t)));
    scalars->adam_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(beta2, t)));
    scalars->lr_exact = order->lr;
  }
};

/// Tensors begin at multiples of this.
constexpr std::int64_t kTensorStep = 16;

/// The optimiser's pass over [0, size) of the flat buffers, as optim/elements.hpp has it; nothing when
/// scalars->apply is 0. decay[i / 16] says whether weight decay applies to element i. When `copy` is not null
/// it gets the new parameters in the activation's type.
template <class Master, class Copy>
struct Update {
  std::int64_t size;  ///< a multiple of 16
  OptimizerKind kind;
  float momentum, alpha, beta1, beta2, eps, weight_decay;
  bool nesterov;
  const StepScalars* scalars;
  const std::uint8_t* decay;
  const Master* gradients;
  Master* parameters;
  Master* first;   ///< velocity, first moment, mean square
  Master* second;  ///< second moment, rmsprop's velocity; null for sgd
  Copy* copy;

  static constexpr int kN = kPack<Master>;
  [[nodiscard]] Grid grid() const { return grid_over((size + kN - 1) / kN); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    if (scalars->apply == 0) return;
    const StepScalars& now = *scalars;
    // Rounded once, as the CPU's optimisers round lr * weight_decay.
    const auto decoupled = static_cast<float>(now.lr_exact * static_cast<double>(weight_decay));
    switch (kind) {
      case OptimizerKind::sgd:
        return pass(block, [&](float decays, Master p, Master g, Master& a, Master&) {
          return optim::SgdStep{now.lr, momentum, decays * weight_decay, nesterov}(p, g, a);
        });
      case OptimizerKind::adam:
        return pass(block, [&](float decays, Master p, Master g, Master& a, Master& b) {
          return adam(now, decays * weight_decay, 0)(p, g, a, b);
        });
      case OptimizerKind::adamw:
        return pass(block, [&](float decays, Master p, Master g, Master& a, Master& b) {
          return adam(now, 0, decays * decoupled)(p, g, a, b);
        });
      case OptimizerKind::rmsprop:
        return pass(block, [&](float decays, Master p, Master g, Master& a, Master& b) {
          return optim::RmspropStep{now.lr, alpha, eps, momentum, decays * weight_decay}(p, g, a, b);
        });
    }
  }

 private:
  HPO_BOTH optim::AdamStep adam(const StepScalars& now, float l2, float decoupled) const {
    return {now.adam_rate, beta1, beta2, now.adam_correction, eps, l2, decoupled};
  }

  template <class Block, class Step>
  HPO_BOTH void pass(Block& block, Step step) const {
    const bool aligned = in_packs<kN>(0, gradients, parameters, first, second, copy);
    const auto factor = static_cast<Master>(scalars->factor);
    block.all((size + kN - 1) / kN, [&](std::int64_t i) {
      const std::int64_t at = i * kN, left = size - at;
      const auto g = load<kN>(gradients + at, left, aligned);
      auto p = load<kN>(parameters + at, left, aligned);
      auto a = load<kN>(first + at, left, aligned);
      Pack<Master, kN> b;
      if (second != nullptr) b = load<kN>(second + at, left, aligned);
      const float decays = decay[at / kTensorStep] != 0 ? 1.0F : 0.0F;
      Pack<Copy, kN> rounded;
      for (int j = 0; j < kN; ++j) {
        p[j] = step(decays, p[j], g[j] * factor, a[j], b[j]);
        rounded[j] = narrow<Copy>(p[j]);
      }
      store(parameters + at, p, left, aligned);
      store(first + at, a, left, aligned);
      if (second != nullptr) store(second + at, b, left, aligned);
      if (copy != nullptr) store(copy + at, rounded, left, aligned);
    });
  }
};

/// One block, and nothing to do while the gradient of all ranks was finite: counts what is not finite in this
/// rank's own gradient and finds the first such index, into outcome.
template <class T>
struct FindCulprit {
  std::int64_t size;
  const T* gradients;
  StepOutcome* outcome;

  static constexpr int kThreads = 1024;
  [[nodiscard]] Grid grid() const { return {1, kThreads}; }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    if (outcome->non_finite == 0) return;
    const auto count = block.template sum<std::int64_t>(
        size, [&](std::int64_t i) { return is_finite(widen(gradients[i])) ? 0 : 1; });
    const auto culprit = -block.template max<std::int64_t>(
        size, -size, [&](std::int64_t i) { return is_finite(widen(gradients[i])) ? -size : -i; });
    block.each(1, [&](std::int64_t) {
      outcome->own_non_finite = count;
      outcome->own_culprit = count > 0 ? culprit : -1;
    });
  }
};

}  // namespace hpo::train::gpu
