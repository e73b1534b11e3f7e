// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "train/gemm.hpp"
#include "train/layers/columns.hpp"
#include "train/layers/layer.hpp"

namespace hpo::train::layers {
namespace {

class Linear : public Layer {
 public:
  Linear(Tables& tables, const std::string& name, std::int64_t inputs, std::int64_t outputs, double gain)
      : Layer({outputs}), inputs_(inputs), outputs_(outputs) {
    weight_ = tables.parameters.add({.name = name + ".weight",
                                     .shape = {outputs, inputs},
                                     .decay = true,
                                     .init_std = std::sqrt(gain / static_cast<double>(inputs))});
    bias_ = tables.parameters.add({.name = name + ".bias", .shape = {outputs}});
  }

  void forward(const Pass& pass, const float* x, float* y) override {
    sgemm(Transpose::no, Transpose::yes, pass.count, outputs_, inputs_, 1, x, inputs_,
          pass.parameters + weight_, inputs_, 0, y, outputs_);
    add_to_rows(pass.count, outputs_, pass.parameters + bias_, y);
  }

  void backward(const Pass& pass, const float* x, const float* /*y*/, const float* dy, float* dx) override {
    sgemm(Transpose::yes, Transpose::no, outputs_, inputs_, pass.count, 1, dy, outputs_, x, inputs_, 0,
          pass.gradients + weight_, inputs_);
    std::fill_n(pass.gradients + bias_, outputs_, 0.0F);
    add_column_sums(pass.count, outputs_, dy, pass.gradients + bias_);
    if (dx != nullptr)
      sgemm(Transpose::no, Transpose::no, pass.count, inputs_, outputs_, 1, dy, outputs_,
            pass.parameters + weight_, inputs_, 0, dx, inputs_);
  }

 private:
  std::int64_t inputs_, outputs_, weight_ = 0, bias_ = 0;
};

}  // namespace

std::unique_ptr<Layer> linear(Tables& tables, const std::string& name, std::int64_t inputs,
                              std::int64_t outputs, double gain) {
  return std::make_unique<Linear>(tables, name, inputs, outputs, gain);
}

}  // namespace hpo::train::layers
