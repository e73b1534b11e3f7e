// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "train/gemm.hpp"
#include "train/layers/columns.hpp"
#include "train/layers/layer.hpp"

namespace hpo::train::layers {
namespace {

class Linear : public Layer {
 public:
  explicit Linear(const Spec& spec)
      : Layer(spec.output),
        inputs_(element_count(spec.input)),
        outputs_(spec.output.at(0)),
        weight_(spec.weight),
        bias_(spec.bias) {}

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
  std::int64_t inputs_, outputs_, weight_, bias_;
};

}  // namespace

std::unique_ptr<Layer> linear(const Spec& spec) {
  return std::make_unique<Linear>(spec);
}

}  // namespace hpo::train::layers
