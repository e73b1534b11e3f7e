// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/permutation.hpp"
#include "train/config.hpp"
#include "train/engine.hpp"

namespace hpo::train {

/// Samples in memory, as a source reads them: rows, row-major. Images stay bytes (a quarter of the memory of
/// floats).
struct Samples {
  std::int64_t count = 0;
  std::vector<std::int64_t> shape;   ///< of one sample: {features}, or {channels, height, width}
  std::vector<std::uint8_t> bytes;   ///< count x features, or empty and then:
  std::vector<float> values;         ///< count x features
  std::int64_t outputs = 0;          ///< classes; regression: targets of one sample
  std::vector<std::int32_t> labels;  ///< classification: count class numbers in [0, outputs)
  std::vector<float> targets;        ///< regression: count x outputs

  [[nodiscard]] std::int64_t features() const;
};

/// What a source has to give; `test` only when it keeps test data apart and was asked for them (data.valid =
/// 0).
struct SourceData {
  Samples training;
  std::optional<Samples> test;
};

/// Reads the files that `config` names, or makes them up. Throws Error naming the file and, where there are
/// lines, the line. One .cpp and one row in data.cpp for each kind.
using Source = SourceData (*)(const DataConfig& config);
SourceData read_idx(const DataConfig& config);
SourceData read_csv(const DataConfig& config);
SourceData read_hdf5(const DataConfig& config);
SourceData make_synthetic(const DataConfig& config);

enum class Part { training, validation };

/// The memory behind a Batch, to be used again and again.
struct BatchMemory {
  std::vector<float> inputs, targets;
  std::vector<std::int32_t> labels;
  std::vector<std::uint32_t> rows;
};

/// A training and a validation set. Inputs come out standardised with the training set's mean and deviation:
/// each feature of a table by its own, all pixels of images by the same. Regression targets are centred and
/// divided by one deviation for all outputs. Which samples are for validation depends on data.seed only,
/// never on the run's seed.
class Data {
 public:
  explicit Data(const DataConfig& config);

  [[nodiscard]] const std::vector<std::int64_t>& shape() const { return samples_.shape; }
  [[nodiscard]] std::int64_t outputs() const { return samples_.outputs; }
  [[nodiscard]] Task task() const {
    return samples_.labels.empty() ? Task::regression : Task::classification;
  }
  [[nodiscard]] std::int64_t size(Part part) const;
  /// What an error in standardised targets is worth in the user's; 1 for classification.
  [[nodiscard]] double target_scale() const { return target_scale_; }

  /// The samples with these numbers within `part`. Views `memory` and `ids`, which must stay as they are.
  [[nodiscard]] Batch batch(Part part, std::span<const std::uint64_t> ids, std::uint64_t epoch,
                            BatchMemory& memory) const;
  /// The same for an engine that has table().
  [[nodiscard]] Batch rows(Part part, std::span<const std::uint64_t> ids, std::uint64_t epoch,
                           BatchMemory& memory) const;
  /// All samples of both parts. Views this object.
  [[nodiscard]] SampleTable table() const;

 private:
  /// Where sample `id` of a part lies in `samples_`.
  [[nodiscard]] std::size_t row(Part part, std::uint64_t id) const;
  void standardise_bytes();
  void standardise_values();
  void standardise_targets();

  Samples samples_;  ///< training samples, then test samples if there are any
  std::int64_t training_ = 0;
  std::optional<Permutation>
      split_;  ///< the first `training_` of it are for training, the others for validation
  float byte_scale_ = 1, byte_shift_ = 0;
  double target_scale_ = 1;
};

}  // namespace hpo::train
