// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "train/comm/communicator.hpp"
#include "train/config.hpp"

namespace hpo::train {

/// A batch on the host, one rank's share of the global one. Rows are samples, row-major float32.
struct Batch {
  const float* inputs = nullptr;              ///< count x features
  const std::int32_t* labels = nullptr;       ///< classification: count class numbers
  const float* targets = nullptr;             ///< regression: count x outputs
  std::int64_t count = 0;                     ///< may be 0: this rank has no share of the last batch
  const std::uint64_t* sample_ids = nullptr;  ///< count; with `epoch` they key the dropout masks
  std::uint64_t epoch = 0;
};

/// Sums over a batch's samples (never means: the caller divides by the global count, so uneven shares average
/// right).
struct BatchSums {
  double loss = 0;    ///< cross-entropy in nats, or half squared error summed over outputs
  double errors = 0;  ///< samples whose largest logit is not the label; regression: squared error
  std::int64_t samples = 0;
};

/// What a step did, over all ranks unless said.
struct StepReport {
  double gradient_norm = 0;  ///< of the averaged gradient, before clipping
  bool clipped = false;
  std::int64_t non_finite = 0;  ///< entries of the averaged gradient; when > 0 the parameters were left alone
};

/// One named tensor of a run's state, a view into a flat buffer.
struct StateView {
  std::string name;  ///< "layer0.weight", "adam.m.layer0.weight", ...
  std::vector<std::int64_t> shape;
  std::span<float> values;
};

/// The compute seam: model and optimiser on one device. CPU: lib/train/cpu_engine.cpp; CUDA: lib/train/cuda.
/// One flat, aligned buffer each for parameters, gradients and optimiser state; tensors are views.
class Engine {
 public:
  virtual ~Engine() = default;
  [[nodiscard]] virtual std::int64_t parameter_count() const = 0;
  /// Forward and backward of this rank's share; leaves the SUM over its samples of the gradient in the flat
  /// buffer.
  virtual BatchSums forward_backward(const Batch& batch) = 0;
  /// Forward only, in evaluation mode (no dropout, running statistics).
  virtual BatchSums evaluate(const Batch& batch) = 0;
  /// Adds the gradients of all ranks, divides by `global_count`, clips to `clip_norm` (0: never), applies the
  /// optimiser with learning rate `lr`. A non-finite gradient leaves everything as it was.
  virtual StepReport step(std::int64_t global_count, double lr, double clip_norm) = 0;
  /// Entries of this rank's own gradient that are not finite, with the name of the first tensor that has one;
  /// for naming the guilty rank after step() reported some.
  [[nodiscard]] virtual std::pair<std::int64_t, std::string> local_non_finite() const = 0;
  /// Everything a resumed run needs: parameters, batch-norm statistics, optimiser state, the step count as a
  /// tensor of its own. Same names and shapes at any world size. Views stay valid as long as the engine.
  [[nodiscard]] virtual std::vector<StateView> state() = 0;
  /// After the caller has written into state().
  virtual void state_changed() = 0;
  /// "cpu, onednn (libdnnl.so.2) matrix product", for the record.
  [[nodiscard]] virtual std::string describe() const = 0;
};

/// `inputs`: shape of one sample, {784} or {1, 28, 28}; `outputs`: classes or targets. Weights come from
/// (seed, Purpose::init_weights), dropout from (seed, Purpose::dropout): the same at any world size.
[[nodiscard]] std::unique_ptr<Engine> make_engine(const Config& config,
                                                  const std::vector<std::int64_t>& inputs,
                                                  std::int64_t outputs, std::uint64_t seed,
                                                  comm::Communicator& world);

/// What this build trains with, for --version; lines that end in a newline:
///   matrix product  onednn (libdnnl.so.2), openblas (SkylakeX), eigen (x86-64-v4)
///   MPI             3.1
///   GPU             CUDA 13.0.88, NCCL 2.28.9
[[nodiscard]] std::string describe_build();

}  // namespace hpo::train
