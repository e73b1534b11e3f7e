// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "train/gpu/kernels/loss.hpp"
#include "train/layers/loss.hpp"
#include "unit/train_gpu/kernel_runs.hpp"

namespace hpo::train::gpu {
namespace {

std::vector<std::int32_t> labels_for(std::int64_t rows, std::int64_t classes) {
  std::vector<std::int32_t> labels;
  Stream stream(4, Purpose::test, 50);
  for (std::int64_t r = 0; r < rows; ++r)
    labels.push_back(static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(classes))));
  return labels;
}

/// Few enough threads that they can take turns soon.
constexpr Grid kFew{5, 64};
constexpr Grid kAll{kLossBlocks, 256};

/// loss, errors, then the gradient
template <class T>
std::vector<double> cross_entropy(const std::vector<double>& logits, const std::vector<std::int32_t>& labels,
                                  std::int64_t classes, std::int64_t samples, const Grid& grid = kAll,
                                  bool in_place = false) {
  const auto rows = static_cast<std::int64_t>(labels.size());
  Values<T> values(logits), gradient(rows * classes);
  for (std::int64_t i = 0; i < gradient.size(); ++i) gradient[i] = T(7);  // not written is not 0
  std::vector<double> parts(kLossBlocks * 2, std::nan("")), results(2);
  T* const to = in_place ? values.data() : gradient.data();
  run(CrossEntropy<T>{rows, classes, &samples, values.data(), labels.data(), to, parts.data()}, grid);
  run(AddUp{grid.blocks, 2, parts.data(), results.data()});
  CHECK(values.intact());
  CHECK(gradient.intact());
  const auto derivative = (in_place ? values : gradient).doubles();
  results.insert(results.end(), derivative.begin(), derivative.end());
  return results;
}

std::vector<double> on_the_cpu(const std::vector<double>& logits, const std::vector<std::int32_t>& labels,
                               std::int64_t classes, std::int64_t samples) {
  const std::vector<float> values(logits.begin(), logits.end());
  std::vector<float> gradient(values.size());
  const BatchSums sums =
      layers::cross_entropy(samples, classes, values.data(), labels.data(), gradient.data());
  std::vector<double> results = {sums.loss, sums.errors};
  results.insert(results.end(), gradient.begin(), gradient.end());
  return results;
}

template <class T>
std::vector<double> squared_error(std::int64_t rows, std::int64_t outputs, std::int64_t samples,
                                  const std::vector<double>& predictions, const std::vector<double>& targets,
                                  const Grid& grid = kAll, std::int64_t offset = 0) {
  const Values<T> values(predictions, offset);
  const Values<float> wanted(targets);
  Values<T> gradient(rows * outputs, offset);
  std::vector<double> parts(kLossBlocks * 2, std::nan("")), results(2);
  run(SquaredError<T, float>{rows, outputs, &samples, values.data(), wanted.data(), gradient.data(),
                             parts.data()},
      grid);
  run(AddUp{grid.blocks, 2, parts.data(), results.data()});
  CHECK(gradient.intact());
  const auto derivative = gradient.doubles();
  results.insert(results.end(), derivative.begin(), derivative.end());
  return results;
}

}  // namespace

TEST_CASE("cross-entropy, its errors and its derivative are the CPU's, whatever the number of classes") {
  for (const std::int64_t classes : {1, 2, 10, 33, 1000})
    for (const std::int64_t rows : {1, 3, 257}) {
      if (rows * classes > 20000) continue;
      auto logits = noise<float>(rows * classes, 20);
      for (double& value : logits) value = static_cast<double>(static_cast<float>(5 * value));
      const auto labels = labels_for(rows, classes);
      const auto got = everywhere([&] { return cross_entropy<float>(logits, labels, classes, rows, kFew); });
      const auto wanted = on_the_cpu(logits, labels, classes, rows);
      CHECK(got[0] == doctest::Approx(wanted[0]).epsilon(1e-6).scale(1e-6));
      CHECK(got[1] == wanted[1]);
      check_close(got, wanted, 1e-6, 0.3);  // a share near 1 is rounded to 6e-8
      CHECK(cross_entropy<float>(logits, labels, classes, rows, kFew, true) == got);
      check_close(cross_entropy<float>(logits, labels, classes, rows), got, 1e-12, 1e-6);
    }
}

TEST_CASE(
    "cross-entropy in bfloat16 is that of the rounded logits, its derivative to a bfloat16's rounding") {
  const auto logits = noise<Bfloat16>(257 * 10, 21);
  const auto labels = labels_for(257, 10);
  const auto got = cross_entropy<Bfloat16>(logits, labels, 10, 257);
  const auto wanted = on_the_cpu(logits, labels, 10, 257);
  CHECK(got[0] == doctest::Approx(wanted[0]).epsilon(1e-6));
  CHECK(got[1] == wanted[1]);
  check_close(got, wanted, 4e-3, 1e-6);
}

TEST_CASE("rows behind the samples have no loss and a derivative of 0") {
  auto logits = noise<float>(40 * 10, 22);
  logits[35 * 10] = std::nan("");
  auto labels = labels_for(40, 10);
  labels[36] = -1;
  for (const std::int64_t samples : {0, 1, 35}) {
    const auto got = everywhere([&] { return cross_entropy<float>(logits, labels, 10, samples, kFew); });
    const auto wanted = on_the_cpu(logits, labels, 10, samples);
    check_close(got, wanted, 1e-6, 0.3);  // a share near 1 is rounded to 6e-8
    for (std::size_t i = 2 + 10 * static_cast<std::size_t>(samples); i < got.size(); ++i) CHECK(got[i] == 0);
  }
}

TEST_CASE("without a gradient cross-entropy gives the same sums") {
  const Values<float> logits(noise<float>(30, 23));
  const auto labels = labels_for(3, 10);
  const std::int64_t samples = 3;
  std::vector<double> parts(kLossBlocks * 2), results(2);
  run(CrossEntropy<float>{3, 10, &samples, logits.data(), labels.data(), nullptr, parts.data()});
  run(AddUp{kLossBlocks, 2, parts.data(), results.data()});
  const auto wanted = cross_entropy<float>(noise<float>(30, 23), labels, 10, 3);
  CHECK(results[0] == wanted[0]);
  CHECK(results[1] == wanted[1]);
}

TEST_CASE("of equal logits the first is the answer, and huge ones overflow nothing") {
  const auto got = cross_entropy<float>({2, 2, 1, 1e30, -1e30, 0}, {1, 0}, 3, 2);
  CHECK(got[0] == doctest::Approx(std::log(2 + std::exp(-1.0))));
  CHECK(got[1] == 1);
  CHECK(cross_entropy<float>({2, 2, 1}, {0}, 3, 1)[1] == 0);
}

TEST_CASE(
    "a row with a NaN is an error and makes loss and derivative NaNs, as does a label that is no class") {
  for (const std::size_t place : {0, 1, 2}) {
    std::vector<double> logits = {3, 1, 0};
    logits[place] = std::nan("");
    const auto got = cross_entropy<float>(logits, {0}, 3, 1);
    CHECK(std::isnan(got[0]));
    CHECK(got[1] == 1);
    CHECK(std::isnan(got[2]));
  }
  for (const std::int32_t label : {-1, 3}) {
    const auto got = cross_entropy<float>({3, 1, 0}, {label}, 3, 1);
    CHECK(std::isnan(got[0]));
    CHECK(got[1] == 1);
    for (const std::size_t i : {2U, 3U, 4U}) CHECK(std::isnan(got[i]));
  }
}

TEST_CASE("the derivative of cross-entropy is that of finite differences") {
  const auto logits = noise(7 * 5, 24);
  const auto labels = labels_for(7, 5);
  const auto got = cross_entropy<double>(logits, labels, 5, 7);
  constexpr double kStep = 1e-5;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    auto above = logits, below = logits;
    above[i] += kStep;
    below[i] -= kStep;
    const double slope =
        (cross_entropy<double>(above, labels, 5, 7)[0] - cross_entropy<double>(below, labels, 5, 7)[0]) /
        (2 * kStep);
    CHECK(std::abs(got[2 + i] - slope) <= 1e-6 * (std::abs(slope) + 1e-2));
  }
}

TEST_CASE("half squared error and its derivative are the CPU's, dead rows left out") {
  for (const std::int64_t outputs : {1, 3, 33})
    for (const std::int64_t rows : {1, 3, 257})
      for (const std::int64_t samples : {rows, rows / 2}) {
        const auto predictions = noise<float>(rows * outputs, 25), targets = noise<float>(rows * outputs, 26);
        const auto got = everywhere(
            [&] { return squared_error<float>(rows, outputs, samples, predictions, targets, kFew); });
        const std::vector<float> p(predictions.begin(), predictions.end()), t(targets.begin(), targets.end());
        std::vector<float> gradient(p.size());
        const BatchSums sums =
            layers::half_squared_error(samples, outputs, p.data(), t.data(), gradient.data());
        CHECK(got[0] == doctest::Approx(sums.loss).epsilon(1e-12));
        CHECK(got[1] == doctest::Approx(sums.errors).epsilon(1e-12));
        check_close({got.begin() + 2, got.end()}, std::vector<double>(gradient.begin(), gradient.end()), 0);
        CHECK(squared_error<float>(rows, outputs, samples, predictions, targets, kFew, 1) == got);
        check_close(squared_error<float>(rows, outputs, samples, predictions, targets), got, 1e-12);
      }
}

TEST_CASE("half squared error in bfloat16 sums what the rounded predictions are away") {
  const auto predictions = noise<Bfloat16>(500, 27), targets = noise<float>(500, 28);
  const auto got = squared_error<Bfloat16>(100, 5, 100, predictions, targets);
  double wanted = 0;
  for (std::size_t i = 0; i < 500; ++i)
    wanted += (predictions[i] - targets[i]) * (predictions[i] - targets[i]);
  CHECK(got[1] == doctest::Approx(wanted).epsilon(1e-6));
  CHECK(got[0] == got[1] / 2);
}

TEST_CASE("AddUp adds up columns of parts") {
  const auto parts = noise(300 * 3, 29);
  const auto sums = everywhere([&] {
    std::vector<double> results(3);
    run(AddUp{300, 3, parts.data(), results.data()});
    return results;
  });
  for (std::size_t j = 0; j < 3; ++j) {
    double wanted = 0;
    for (std::size_t i = 0; i < 300; ++i) wanted += parts[3 * i + j];
    CHECK(sums[j] == doctest::Approx(wanted).epsilon(1e-12));
  }
}

}  // namespace hpo::train::gpu
