// SPDX-License-Identifier: Apache-2.0
// One training step of two models, against the floor that its matrix products set: the same products alone,
// in the same run, on the same data sizes. Times are medians of the thread's CPU time, so that other work on
// the machine blurs but does not add. torch_step.py measures the same steps in PyTorch.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "train/comm/communicator.hpp"
#include "train/engine.hpp"
#include "train/gemm.hpp"
#include "train/tensor.hpp"

namespace {

using namespace hpo::train;

constexpr std::int64_t kBatch = 256;
constexpr int kRounds = 40;

double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

struct Timing {
  double median = 0, best = 0;
};

Timing measure(const std::function<void()>& work) {
  for (int i = 0; i < 3; ++i) work();
  std::vector<double> times;
  for (int i = 0; i < kRounds; ++i) {
    const double start = cpu_ms();
    work();
    times.push_back(cpu_ms() - start);
  }
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times[0]};
}

/// One matrix product of a step, `times` times.
struct Product {
  std::int64_t m, n, k, times;
};

/// Forward, weights' gradient and, but for the first layer, inputs' gradient of a product with `rows` rows.
void add_layer(std::vector<Product>& products, std::int64_t rows, std::int64_t inputs, std::int64_t outputs,
               std::int64_t times, bool first) {
  products.push_back({rows, outputs, inputs, times});
  products.push_back({outputs, inputs, rows, times});
  if (!first) products.push_back({rows, inputs, outputs, times});
}

Timing measure_products(const std::vector<Product>& products) {
  std::int64_t largest = 0;
  for (const Product& p : products) largest = std::max({largest, p.m * p.k, p.k * p.n, p.m * p.n});
  const AlignedBuffer a(largest), b(largest), c(largest);
  return measure([&] {
    for (const Product& p : products)
      for (std::int64_t i = 0; i < p.times; ++i)
        sgemm(Transpose::no, Transpose::no, p.m, p.n, p.k, 1, a.data(), p.k, b.data(), p.n, 0, c.data(), p.n);
  });
}

/// Random images and labels.
struct Images {
  Images() : inputs(kBatch * 784), labels(kBatch), ids(kBatch) {
    hpo::Stream stream(1, hpo::Purpose::test, 0);
    for (float& x : inputs) x = static_cast<float>(stream.uniform());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      labels[i] = static_cast<std::int32_t>(stream.below(10));
      ids[i] = i;
    }
  }
  std::vector<float> inputs;
  std::vector<std::int32_t> labels;
  std::vector<std::uint64_t> ids;
};

void compare(const std::string& name, const Config& config, const Shape& shape,
             const std::vector<Product>& products) {
  const Images images;
  const auto world = comm::make_self();
  const auto engine = make_engine(config, shape, 10, 1, *world);
  const Batch batch{.inputs = images.inputs.data(),
                    .labels = images.labels.data(),
                    .count = kBatch,
                    .sample_ids = images.ids.data()};
  const Timing step = measure([&] {
    engine->begin_step({.batch = batch, .lr = 1e-3});
    (void)engine->end_step();
  });
  const Timing floor = measure_products(products);
  fmt::print("{:<28}{:>10.2f}{:>10.2f}{:>10.2f}{:>10.2f}{:>8.2f}\n", name, step.median, step.best,
             floor.median, floor.best, step.median / floor.median);
}

}  // namespace

int main() {
  fmt::print("batch {}, 1 thread, {}; CPU ms a step\n", kBatch, gemm_backend().describe);
  fmt::print("{:<28}{:>10}{:>10}{:>10}{:>10}{:>8}\n", "", "step", "best", "products", "best", "ratio");
  Config mlp;
  mlp.device = "cpu";
  mlp.model.hidden = {1024, 1024};
  std::vector<Product> products;
  add_layer(products, kBatch, 784, 1024, 1, true);
  add_layer(products, kBatch, 1024, 1024, 1, false);
  add_layer(products, kBatch, 1024, 10, 1, false);
  compare("mlp 784-1024-1024-10 adamw", mlp, {784}, products);

  Config cnn = mlp;
  cnn.model.kind = "cnn";
  cnn.model.channels = {32, 64};
  cnn.model.hidden = {128};
  products.clear();
  add_layer(products, 784, 9, 32, kBatch, true);
  add_layer(products, 196, 288, 64, kBatch, false);
  add_layer(products, kBatch, 3136, 128, 1, false);
  add_layer(products, kBatch, 128, 10, 1, false);
  compare("cnn 32C3-P-64C3-P-FC128", cnn, {1, 28, 28}, products);
}
