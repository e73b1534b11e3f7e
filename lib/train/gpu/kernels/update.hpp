// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"
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
};

enum class OptimizerKind { sgd, adam, adamw, rmsprop };

constexpr std::int64_t kCheckBlocks = 1024;

/// parts (kCheckBlocks x 2): sum of squares in double and number of entries that are not finite, of each
/// block.
template <class T>
struct CheckGradient {
  std::int64_t size;  ///< a multiple of 16
  const T* gradients;
  double* parts;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// One block: adds up `parts_count` parts of CheckGradient (of all buckets or shards, summed over the ranks
/// where they have shards), decides whether the step is taken, counts it, and works out its scalars:
/// factor = 1 / samples, times clip_norm / norm when the averaged gradient's norm is larger.
struct Decide {
  std::int64_t parts_count;
  const double* parts;
  const double* samples;  ///< of all ranks
  const StepOrder* order;
  double beta1, beta2;
  StepScalars* scalars;
  StepOutcome* outcome;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// The optimiser's pass over [0, size) of the flat buffers, as optim/elements.hpp has it; nothing when
/// scalars->apply is 0. decay[i / 16] says whether weight decay applies to element i (tensors begin at
/// multiples of 16). When `copy` is not null it gets the new parameters in the activation's type.
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
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// One block, and nothing to do while the gradient of all ranks was finite: counts what is not finite in this
/// rank's own gradient and finds the first such index, into outcome.
template <class T>
struct FindCulprit {
  std::int64_t size;
  const T* gradients;
  StepOutcome* outcome;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

}  // namespace hpo::train::gpu
