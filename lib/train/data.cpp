// SPDX-License-Identifier: Apache-2.0
#include "train/data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/random.hpp"
#include "train/clones.hpp"

namespace hpo::train {
namespace {

constexpr std::array<std::pair<std::string_view, Source>, 4> kSources{{
    {"idx", read_idx},
    {"csv", read_csv},
    {"hdf5", read_hdf5},
    {"synthetic", make_synthetic},
}};

SourceData read(const DataConfig& config) {
  for (const auto& [kind, source] : kSources)
    if (kind == config.kind) return source(config);
  throw Error("data.kind", fmt::format("unknown kind of data '{}'", config.kind));
}

/// A running mean and deviation (Welford).
class Moments {
 public:
  void add(double x) {
    const double delta = x - mean_;
    mean_ += delta / ++count_;
    squares_ += delta * (x - mean_);
  }
  [[nodiscard]] double mean() const { return mean_; }
  /// 1 for a constant: it has nothing to be divided by.
  [[nodiscard]] double deviation() const {
    const double deviation = count_ > 0 ? std::sqrt(squares_ / count_) : 0;
    return deviation > 0 ? deviation : 1;
  }

 private:
  double count_ = 0, mean_ = 0, squares_ = 0;
};

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void append(Samples& to, const Samples& from) {
  if (from.shape != to.shape || from.outputs > to.outputs)
    throw Error("data.path", "the test samples have another shape or more classes than the training samples");
  append(to.bytes, from.bytes);
  append(to.values, from.values);
  append(to.labels, from.labels);
  append(to.targets, from.targets);
  to.count += from.count;
}

HPO_CLONES void scale(const std::uint8_t* from, std::size_t count, float factor, float shift, float* to) {
  for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]) * factor + shift;
}

}  // namespace

std::int64_t Samples::features() const {
  std::int64_t product = 1;
  for (const std::int64_t extent : shape) product *= extent;
  return product;
}

Data::Data(const DataConfig& config) {
  SourceData source = read(config);
  samples_ = std::move(source.training);
  if (config.valid >= samples_.count)
    throw Error("data.valid", fmt::format("{} of {} samples kept for validation leave none to train on",
                                          config.valid, samples_.count));
  training_ = samples_.count - config.valid;
  if (config.valid > 0) {
    Stream stream(config.seed, Purpose::shuffle, 0);
    split_.emplace(static_cast<std::uint64_t>(samples_.count), stream);
  } else if (source.test) {
    append(samples_, *source.test);
  }
  standardise_bytes();
  standardise_values();
  standardise_targets();
}

std::int64_t Data::size(Part part) const {
  return part == Part::training ? training_ : samples_.count - training_;
}

std::size_t Data::row(Part part, std::uint64_t id) const {
  const std::uint64_t place = part == Part::training ? id : static_cast<std::uint64_t>(training_) + id;
  return static_cast<std::size_t>(split_ ? (*split_)(place) : place);
}

void Data::standardise_bytes() {
  if (samples_.bytes.empty()) return;
  constexpr std::int64_t kEnough = 4096;  // images are many pixels each: more would not move the third digit
  const auto features = static_cast<std::size_t>(samples_.features());
  std::array<std::uint64_t, 256> histogram{};
  for (std::int64_t i = 0; i < std::min(training_, kEnough); ++i) {
    const std::uint8_t* sample =
        &samples_.bytes[row(Part::training, static_cast<std::uint64_t>(i)) * features];
    for (std::size_t j = 0; j < features; ++j) ++histogram[sample[j]];
  }
  double count = 0, sum = 0, squares = 0;
  for (std::size_t value = 0; value < histogram.size(); ++value) {
    const auto n = static_cast<double>(histogram[value]), x = static_cast<double>(value);
    count += n;
    sum += n * x;
    squares += n * x * x;
  }
  const double mean = sum / count, variance = squares / count - mean * mean;
  const double scale = variance > 0 ? 1 / std::sqrt(variance) : 1;
  byte_scale_ = static_cast<float>(scale);
  byte_shift_ = static_cast<float>(-mean * scale);
}

void Data::standardise_values() {
  if (samples_.values.empty()) return;
  const auto features = static_cast<std::size_t>(samples_.features());
  const bool is_table = samples_.shape.size() == 1;
  std::vector<Moments> moments(is_table ? features : 1);
  for (std::int64_t i = 0; i < training_; ++i) {
    const float* sample = &samples_.values[row(Part::training, static_cast<std::uint64_t>(i)) * features];
    for (std::size_t j = 0; j < features; ++j) moments[is_table ? j : 0].add(static_cast<double>(sample[j]));
  }
  for (std::size_t k = 0; k < samples_.values.size(); ++k) {
    const Moments& m = moments[is_table ? k % features : 0];
    samples_.values[k] =
        static_cast<float>((static_cast<double>(samples_.values[k]) - m.mean()) / m.deviation());
  }
}

void Data::standardise_targets() {
  if (samples_.targets.empty()) return;
  const auto outputs = static_cast<std::size_t>(samples_.outputs);
  std::vector<Moments> each(outputs);
  for (std::int64_t i = 0; i < training_; ++i)
    for (std::size_t j = 0; j < outputs; ++j)
      each[j].add(static_cast<double>(
          samples_.targets[row(Part::training, static_cast<std::uint64_t>(i)) * outputs + j]));
  double variance = 0;
  for (const Moments& m : each) variance += m.deviation() * m.deviation() / static_cast<double>(outputs);
  target_scale_ = std::sqrt(variance);
  for (std::size_t k = 0; k < samples_.targets.size(); ++k)
    samples_.targets[k] = static_cast<float>(
        (static_cast<double>(samples_.targets[k]) - each[k % outputs].mean()) / target_scale_);
}

Batch Data::batch(Part part, std::span<const std::uint64_t> ids, std::uint64_t epoch,
                  BatchMemory& memory) const {
  const auto features = static_cast<std::size_t>(samples_.features());
  const auto outputs = static_cast<std::size_t>(samples_.outputs);
  const bool has_labels = task() == Task::classification;
  memory.inputs.resize(ids.size() * features);
  memory.labels.resize(has_labels ? ids.size() : 0);
  memory.targets.resize(has_labels ? 0 : ids.size() * outputs);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::size_t from = row(part, ids[i]);
    float* inputs = &memory.inputs[i * features];
    if (samples_.bytes.empty())
      std::copy_n(&samples_.values[from * features], features, inputs);
    else
      scale(&samples_.bytes[from * features], features, byte_scale_, byte_shift_, inputs);
    if (has_labels)
      memory.labels[i] = samples_.labels[from];
    else
      std::copy_n(&samples_.targets[from * outputs], outputs, &memory.targets[i * outputs]);
  }
  return {.inputs = memory.inputs.data(),
          .labels = has_labels ? memory.labels.data() : nullptr,
          .targets = has_labels ? nullptr : memory.targets.data(),
          .count = static_cast<std::int64_t>(ids.size()),
          .sample_ids = ids.data(),
          .epoch = epoch};
}

Batch Data::rows(Part part, std::span<const std::uint64_t> ids, std::uint64_t epoch,
                 BatchMemory& memory) const {
  memory.rows.clear();
  for (const std::uint64_t id : ids) memory.rows.push_back(static_cast<std::uint32_t>(row(part, id)));
  return {.count = static_cast<std::int64_t>(ids.size()),
          .sample_ids = ids.data(),
          .epoch = epoch,
          .rows = memory.rows.data()};
}

SampleTable Data::table() const {
  const bool has_labels = task() == Task::classification, has_bytes = !samples_.bytes.empty();
  return {.count = samples_.count,
          .features = samples_.features(),
          .outputs = samples_.outputs,
          .bytes = has_bytes ? samples_.bytes.data() : nullptr,
          .scale = byte_scale_,
          .shift = byte_shift_,
          .values = has_bytes ? nullptr : samples_.values.data(),
          .labels = has_labels ? samples_.labels.data() : nullptr,
          .targets = has_labels ? nullptr : samples_.targets.data()};
}

}  // namespace hpo::train
