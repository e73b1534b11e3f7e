// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "train/comm/communicator.hpp"
#include "train/config.hpp"

namespace hpo::train {

/// All samples of a run as they lie in the host's memory, row-major.
struct SampleTable {
  std::int64_t count = 0, features = 0, outputs = 0;
  /// count x features, each worth byte * scale + shift; or null, and then `values`, worth what they are.
  const std::uint8_t* bytes = nullptr;
  float scale = 1, shift = 0;
  const float* values = nullptr;
  const std::int32_t* labels = nullptr;  ///< classification: count
  const float* targets = nullptr;        ///< regression: count x outputs
};

/// A batch on the host, one rank's share of the global one. Rows are samples, row-major float32.
struct Batch {
  const float* inputs = nullptr;              ///< count x features
  const std::int32_t* labels = nullptr;       ///< classification: count class numbers
  const float* targets = nullptr;             ///< regression: count x outputs
  std::int64_t count = 0;                     ///< may be 0: this rank has no share of the last batch
  const std::uint64_t* sample_ids = nullptr;  ///< count; with `epoch` they key the dropout masks
  std::uint64_t epoch = 0;
  /// For an engine that has the samples: count numbers of rows of its table, in the place of inputs, labels
  /// and targets.
  const std::uint32_t* rows = nullptr;
};

/// Sums over a batch's samples (never means: the caller divides by the global count, so uneven shares average
/// right).
struct BatchSums {
  double loss = 0;    ///< cross-entropy in nats, or half squared error summed over outputs
  double errors = 0;  ///< samples whose largest logit is not the label; regression: squared error
  std::int64_t samples = 0;
};

/// What one rank brings to a step.
struct StepInput {
  Batch batch;
  double lr = 0;
  double clip_norm = 0;           ///< largest norm of the averaged gradient; 0: any
  std::array<double, 3> votes{};  ///< added up over the ranks, whatever they mean to the caller
};

/// What a step did, over all ranks unless said.
struct StepReport {
  BatchSums sums;
  std::array<double, 3> votes{};
  double gradient_norm = 0;  ///< of the averaged gradient, before clipping
  bool clipped = false;
  std::int64_t non_finite = 0;  ///< entries of the averaged gradient; when > 0 the parameters were left alone
  double own_ms = 0;            ///< this rank's work before it waited for any other
  std::int64_t own_non_finite = 0;  ///< entries of this rank's own gradient, looked at when non_finite > 0
  std::string own_culprit;          ///< the first tensor that has one
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
  /// Takes the samples to where it computes, when there is room for them; from then on batches come as rows.
  /// Before the first step.
  virtual void keep(const SampleTable& /*samples*/) {}
  [[nodiscard]] virtual bool has_samples() const { return false; }
  /// Begins a step: this rank's share forward and backward, the sum of all ranks' gradients over the sum of
  /// their samples, clipped, the optimiser. Uneven shares average right, and a non-finite gradient leaves
  /// everything as it was. The batch's memory may be used again when this returns. Collective.
  virtual void begin_step(const StepInput& input) = 0;
  /// Waits for the oldest step that has begun and not ended.
  [[nodiscard]] virtual StepReport end_step() = 0;
  /// How many steps may have begun before the oldest must be ended, so that the device never waits for the
  /// host.
  [[nodiscard]] virtual int steps_ahead() const { return 1; }
  /// Forward only, in evaluation mode (no dropout, running statistics); while no step is under way.
  virtual BatchSums evaluate(const Batch& batch) = 0;
  /// Everything a resumed run needs: parameters, batch-norm statistics, optimiser state, the step count as a
  /// tensor of its own. Same names and shapes at any world size. While no step is under way; collective.
  /// Views stay valid as long as the engine, their values until the next step.
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
