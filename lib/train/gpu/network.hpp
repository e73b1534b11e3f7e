// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "train/gpu/collectives.hpp"
#include "train/gpu/device.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/kernels/activation.hpp"
#include "train/gpu/kernels/columns.hpp"
#include "train/gpu/kernels/convolution.hpp"
#include "train/gpu/kernels/first_convolution.hpp"
#include "train/gpu/kernels/norm.hpp"
#include "train/gpu/kernels/pool.hpp"
#include "train/models/architecture.hpp"

namespace hpo::train::gpu {

/// Device memory as values of one type.
template <class Device, class T>
class Array {
 public:
  Array() = default;
  Array(Device& device, std::int64_t size)
      : memory_(device.allocate(static_cast<std::size_t>(size) * sizeof(T))), size_(size) {}
  [[nodiscard]] T* data() const { return size_ == 0 ? nullptr : reinterpret_cast<T*>(memory_->data()); }
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(size_) * sizeof(T); }

 private:
  std::optional<typename Device::Memory> memory_;
  std::int64_t size_ = 0;
};

template <class T>
constexpr Type type_of() {
  if constexpr (std::is_same_v<T, Bfloat16>) return Type::bfloat16;
  if constexpr (std::is_same_v<T, double>) return Type::float64;
  return Type::float32;
}

/// The flat buffers that a network reads and writes, laid out by layers::Tables, and the batch.
template <class Numbers>
struct Buffers {
  const typename Numbers::Master* parameters = nullptr;
  const typename Numbers::Activation* weights = nullptr;  ///< the parameters as matrix products read them
  typename Numbers::Master* gradients = nullptr;
  typename Numbers::Master* statistics = nullptr;
  const std::int64_t* samples = nullptr;       ///< of this rank, in device memory
  const std::uint64_t* dropout_key = nullptr;  ///< in device memory
  const std::int32_t* apply = nullptr;         ///< whether the step was taken
};

/// An architecture on a device: `rows` samples, memory for every value between layers, and the lists of what
/// is enqueued forward and backward. A batch of fewer samples leaves dead rows behind it: they have a
/// derivative of 0, so launches of one shape serve every share of a batch.
///
/// What a matrix product can do in its own epilogue (bias, activation, and backward the activation's
/// derivative with the bias's gradient) is left to it where the device has an algorithm for that; otherwise
/// kernels of ours do it.
template <class Device, class Numbers>
class Network {
 public:
  using T = typename Numbers::Activation;
  using Master = typename Numbers::Master;
  using Stream = typename Device::Stream;
  using Product = typename Device::Product;
  /// Sums over ranks of values on the compute stream, for batch norm.
  using SumOverRanks = std::function<void(double* sums, std::int64_t size)>;
  /// The gradients of the tensors at and behind this offset of the flat buffer are complete.
  using OnGradient = std::function<void(std::int64_t offset)>;

  Network(const models::Architecture& architecture, std::int64_t rows, Products products, Device& device,
          const Buffers<Numbers>& buffers, SumOverRanks sum_over_ranks);
  Network(const Network&) = delete;  // its operations point to it
  Network& operator=(const Network&) = delete;

  /// Where the inputs (float, rows x features), and the samples' numbers (for dropout), of the next enqueue
  /// lie.
  void set_batch(const float* inputs, const std::uint64_t* ids) {
    inputs_ = inputs;
    ids_ = ids;
  }
  void enqueue_forward(Stream& stream, bool training) {
    for (const auto& operation : training ? training_ : evaluation_) operation(stream);
  }
  /// From output_gradient(). `on_gradient` is called after each layer that has parameters, last to first.
  void enqueue_backward(Stream& stream, const OnGradient& on_gradient) {
    for (auto layer = backward_.rbegin(); layer != backward_.rend(); ++layer) {
      for (const auto& operation : layer->operations) operation(stream);
      if (layer->first_parameter >= 0) on_gradient(layer->first_parameter);
    }
  }
  /// After the step was decided: batch norm's running statistics.
  void enqueue_commit(Stream& stream) {
    for (const auto& operation : commit_) operation(stream);
  }

  [[nodiscard]] const T* outputs() const { return value_; }
  /// Where the loss puts its derivative by outputs(); it may be outputs() itself.
  [[nodiscard]] T* output_gradient() const { return gradient_at(backward_.size()); }
  /// Launches of a step.
  [[nodiscard]] int launches() const {
    std::size_t count = training_.size() + commit_.size();
    for (const Backward& layer : backward_) count += layer.operations.size();
    return static_cast<int>(count);
  }
  /// Operations that epilogues have taken over, of those they could.
  [[nodiscard]] int fused() const { return fused_; }
  [[nodiscard]] int fusible() const { return fusible_; }

 private:
  using Operation = std::function<void(Stream&)>;
  struct Backward {
    std::vector<Operation> operations;
    std::int64_t first_parameter = -1;
  };
  /// The product backward that also does the derivative of the activation before it, and the gradient of the
  /// bias before that.
  struct FusedGradient {
    std::shared_ptr<Product> product;
    void* aux = nullptr;
    void* bias_gradient = nullptr;
    T* to_convert = nullptr;  ///< the bias gradient, where the product cannot write the master's type
    Master* converted = nullptr;
    std::int64_t columns = 0;
  };

  using Specs = std::vector<layers::Spec>;
  void prepare_gradients(const Specs& specs);
  void stage_inputs(const Specs& specs);
  /// y = x W^T and what `epilogue` adds, of a linear layer.
  [[nodiscard]] ProductSpec forward_of(const layers::Spec& spec, Epilogue epilogue) const;
  /// The forward pass of a linear layer from value_ to y.
  void add_product(const layers::Spec& spec, std::shared_ptr<Product> product, T* y, void* aux);
  void add_linear(const Specs& specs, std::size_t i);
  void add_convolution(const Specs& specs, std::size_t i, bool then_relu);
  /// Whether convolution `i` and its pooling are one kernel.
  [[nodiscard]] static bool pools_at_once(const Specs& specs, std::size_t i);
  /// From x to y; `which`: MaxPool's.
  template <int kChannels>
  void add_first_convolution(const layers::Spec& spec, bool then_relu, const T* x, T* y, std::uint8_t* which);
  void add_inner_convolution(const layers::Spec& spec, bool then_relu, const T* x, T* y, std::uint8_t* which);
  void add_activation(const layers::Spec& spec);
  void add_dropout(const layers::Spec& spec);
  void add_batch_norm(const layers::Spec& spec);
  void add_layer_norm(const layers::Spec& spec);
  /// How the activation behind product `i` of `specs` is left to the products before and behind it.
  [[nodiscard]] bool fuse_activation(const Specs& specs, std::size_t i, T* y);
  void add_bias_gradient(std::int64_t rows, std::int64_t columns, const T* dy, Master* gradient);

  /// An operation of the forward pass, in training and in evaluation.
  void add_forward(const Operation& operation) {
    training_.push_back(operation);
    evaluation_.push_back(operation);
  }
  template <class Kernel>
  [[nodiscard]] Operation launch(const Kernel& kernel) {
    return [this, kernel](Stream& stream) { device_.launch(stream, kernel.grid(), kernel); };
  }
  template <class Value>
  Value* keep(std::int64_t size) {
    memory_.push_back(device_.allocate(static_cast<std::size_t>(size) * sizeof(Value)));
    return reinterpret_cast<Value*>(memory_.back().data());
  }
  /// The derivative by the output of layer `i` - 1 while the backward pass is there: two buffers in turn.
  [[nodiscard]] T* gradient_at(std::size_t i) const { return gradients_[turn_.at(i)]; }

  [[nodiscard]] std::shared_ptr<Product> make_product(const ProductSpec& spec) {
    auto product = device_.make_product(spec);
    return product ? std::make_shared<Product>(std::move(*product)) : nullptr;
  }
  [[nodiscard]] std::shared_ptr<Product> need_product(const ProductSpec& spec) {
    auto product = make_product(spec);
    if (!product)
      throw Error("GPU",
                  "has no algorithm for a product " + std::to_string(spec.m) + " x " +
                      std::to_string(spec.n) + " x " + std::to_string(spec.k),
                  "use another precision, or device = \"cpu\"");
    return product;
  }
  [[nodiscard]] static const T* source(const T* value, const float* inputs) {
    if constexpr (std::is_same_v<T, float>)
      return value != nullptr ? value : inputs;
    else
      return value;
  }

  Device& device_;
  std::int64_t rows_;
  Products products_;
  Buffers<Numbers> buffers_;
  SumOverRanks sum_over_ranks_;
  std::vector<typename Device::Memory> memory_;
  std::vector<Operation> training_, evaluation_, commit_;
  std::vector<Backward> backward_;  ///< by layer
  std::vector<int> turn_;           ///< by layer and one more: which of gradients_ has its input's derivative
  T* gradients_[2] = {nullptr, nullptr};
  const T* value_ = nullptr;  ///< the output of the layer added last; null: the batch's inputs
  T* convolved_ = nullptr;    ///< one unpooled output, forward and backward
  double* column_parts_ = nullptr;
  const float* inputs_ = nullptr;
  const std::uint64_t* ids_ = nullptr;
  bool is_activated_ = false;                    ///< the activation that comes next is done already
  std::optional<FusedGradient> fused_gradient_;  ///< for the product that comes next
  int fused_ = 0, fusible_ = 0;
};

}  // namespace hpo::train::gpu

#include "train/gpu/network_build.hpp"
#include "train/gpu/network_convolution.hpp"
