// SPDX-License-Identifier: Apache-2.0
// Data made up from a seed: no files, the same everywhere, learnt within a few epochs.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "base/random.hpp"
#include "train/data.hpp"

namespace hpo::train {
namespace {

constexpr double kSpread = 1.5;      // deviation of the classes' centres: a few samples in a hundred overlap
constexpr std::int64_t kHidden = 8;  // of the teacher network

std::vector<double> normals(Stream& stream, std::int64_t count) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(stream.normal());
  return values;
}

/// What all samples of one data set have in common: stream 0. Sample i is drawn from stream 1 + i.
class World {
 public:
  explicit World(const DataConfig& config) : config_(config) {
    Stream stream(config.seed, Purpose::synthetic_data, 0);
    const bool classifies = config.task == Task::classification;
    centres_ = normals(stream, classifies ? config.classes * config.features : 0);
    teacher_ = normals(stream, classifies ? 0 : kHidden * (config.features + 1));
  }

  [[nodiscard]] Samples samples(std::int64_t begin, std::int64_t end) const {
    Samples samples;
    samples.count = end - begin;
    samples.shape = {config_.features};
    samples.outputs = config_.task == Task::classification ? config_.classes : 1;
    for (std::int64_t i = begin; i < end; ++i) {
      Stream stream(config_.seed, Purpose::synthetic_data, static_cast<std::uint64_t>(1 + i));
      if (config_.task == Task::classification)
        add_blob(samples, static_cast<std::int32_t>(i % config_.classes), stream);
      else
        add_lesson(samples, stream);
    }
    return samples;
  }

 private:
  /// A unit normal around the centre of its class.
  void add_blob(Samples& samples, std::int32_t label, Stream& stream) const {
    const double* centre = &centres_[static_cast<std::size_t>(label * config_.features)];
    for (std::int64_t j = 0; j < config_.features; ++j)
      samples.values.push_back(static_cast<float>(kSpread * centre[j] + stream.normal()));
    samples.labels.push_back(label);
  }

  /// y = sum_h a_h tanh(w_h . x / sqrt(features)) + noise.
  void add_lesson(Samples& samples, Stream& stream) const {
    const std::vector<double> x = normals(stream, config_.features);
    double y = 0.1 * stream.normal();
    const double* w = teacher_.data();
    for (std::int64_t h = 0; h < kHidden; ++h) {
      double sum = 0;
      for (const double xj : x) sum += *w++ * xj;
      y += *w++ * std::tanh(sum / std::sqrt(static_cast<double>(config_.features)));
    }
    std::transform(x.begin(), x.end(), std::back_inserter(samples.values),
                   [](double v) { return static_cast<float>(v); });
    samples.targets.push_back(static_cast<float>(y));
  }

  const DataConfig& config_;
  std::vector<double> centres_;  ///< classes x features
  std::vector<double> teacher_;  ///< kHidden x (features weights, 1 output weight)
};

}  // namespace

SourceData make_synthetic(const DataConfig& config) {
  const World world(config);
  SourceData source{world.samples(0, config.samples), {}};
  const std::int64_t more = std::max<std::int64_t>(1, config.samples / 4);
  if (config.valid == 0) source.test = world.samples(config.samples, config.samples + more);
  return source;
}

}  // namespace hpo::train
