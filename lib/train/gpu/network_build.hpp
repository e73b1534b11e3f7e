// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/network.hpp"

/// How each kind of layer becomes operations: the members of Network that are called while it is made.
namespace hpo::train::gpu {

template <class Device, class Numbers>
Network<Device, Numbers>::Network(const models::Architecture& architecture, std::int64_t rows,
                                  Products products, Device& device, const Buffers<Numbers>& buffers,
                                  SumOverRanks sum_over_ranks)
    : device_(device),
      rows_(rows),
      products_(products),
      buffers_(buffers),
      sum_over_ranks_(std::move(sum_over_ranks)) {
  using layers::Kind;
  const Specs& specs = architecture.layers();
  prepare_gradients(specs);
  stage_inputs(specs);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    backward_.emplace_back().first_parameter = specs[i].weight;
    const bool then_relu = i + 1 < specs.size() && specs[i + 1].kind == Kind::relu;
    switch (specs[i].kind) {
      case Kind::linear:
        add_linear(specs, i);
        break;
      case Kind::channels_last:  // the inputs were staged that way
        break;
      case Kind::convolution_pool:
        add_convolution(specs, i, then_relu);
        break;
      case Kind::relu:
      case Kind::gelu:
        add_activation(specs[i]);
        break;
      case Kind::dropout:
        add_dropout(specs[i]);
        break;
      case Kind::batch_norm:
        add_batch_norm(specs[i]);
        break;
      case Kind::layer_norm:
        add_layer_norm(specs[i]);
        break;
    }
  }
}

template <class Device, class Numbers>
void Network<Device, Numbers>::prepare_gradients(const Specs& specs) {
  using layers::Kind;
  turn_.assign(specs.size() + 1, 0);
  std::int64_t widest = 1, columns = 1, unpooled = 0;
  for (std::size_t i = specs.size(); i-- > 0;) {
    const layers::Spec& spec = specs[i];
    const bool is_product = spec.kind == Kind::linear || spec.kind == Kind::convolution_pool;
    turn_[i] = is_product ? 1 - turn_[i + 1] : turn_[i + 1];  // all others may work in place
    widest = std::max(widest, element_count(spec.output));
    if (i > 0) widest = std::max(widest, element_count(spec.input));
    columns = std::max(columns, spec.output.back());
    if (spec.kind == Kind::convolution_pool && !pools_at_once(specs, i))
      unpooled = std::max(unpooled, spec.input.at(0) * spec.input.at(1) * spec.output.at(2));
  }
  for (T*& gradient : gradients_) gradient = keep<T>(rows_ * widest);
  column_parts_ = keep<double>(kColumnChunks * 2 * columns);
  if (unpooled > 0) convolved_ = keep<T>(rows_ * unpooled);
}

template <class Device, class Numbers>
void Network<Device, Numbers>::stage_inputs(const Specs& specs) {
  const layers::Spec& first = specs.front();
  const std::int64_t size = rows_ * element_count(first.input);
  const bool images = first.kind == layers::Kind::channels_last && first.input.at(0) > 1;
  if (!images && std::is_same_v<T, float>) return;
  T* staged = keep<T>(size);
  value_ = staged;
  if (images) {
    const std::int64_t channels = first.input.at(0), pixels = first.input.at(1) * first.input.at(2);
    add_forward([=, this](Stream& stream) {
      const ChannelsLast<float, T> kernel{size, channels, pixels, inputs_, staged};
      device_.launch(stream, kernel.grid(), kernel);
    });
  } else {
    add_forward([=, this](Stream& stream) {
      const Convert<float, T> kernel{size, inputs_, staged};
      device_.launch(stream, kernel.grid(), kernel);
    });
  }
}

template <class Device, class Numbers>
ProductSpec Network<Device, Numbers>::forward_of(const layers::Spec& spec, Epilogue epilogue) const {
  return {.m = rows_,
          .n = spec.output.at(0),
          .k = element_count(spec.input),
          .transpose_b = true,
          .inputs = type_of<T>(),
          .output = type_of<T>(),
          .products = products_,
          .epilogue = epilogue};
}

template <class Device, class Numbers>
void Network<Device, Numbers>::add_product(const layers::Spec& spec, std::shared_ptr<Product> product, T* y,
                                           void* aux) {
  const T* x = value_;
  const T *weight = buffers_.weights + spec.weight, *bias = buffers_.weights + spec.bias;
  add_forward([=, this](Stream& stream) {
    device_.run(stream, *product, {.a = source(x, inputs_), .b = weight, .d = y, .bias = bias, .aux = aux});
  });
}

template <class Device, class Numbers>
bool Network<Device, Numbers>::fuse_activation(const Specs& specs, std::size_t i, T* y) {
  using layers::Kind;
  const bool gelu = specs[i + 1].kind == Kind::gelu;
  const std::int64_t outputs = specs[i].output.at(0);
  ProductSpec forward = forward_of(specs[i], gelu ? Epilogue::gelu_bias : Epilogue::relu_bias);
  FusedGradient gradient;
  std::shared_ptr<Product> product;
  if (i + 2 < specs.size() && specs[i + 2].kind == Kind::linear) {
    ++fusible_;
    ProductSpec backward{.m = rows_,
                         .n = outputs,
                         .k = specs[i + 2].output.at(0),
                         .inputs = type_of<T>(),
                         .output = type_of<T>(),
                         .bias_gradient = type_of<Master>(),
                         .products = products_,
                         .epilogue = gelu ? Epilogue::gelu_gradient : Epilogue::relu_gradient};
    gradient.product = make_product(backward);
    if (!gradient.product && !std::is_same_v<T, Master>) {
      backward.bias_gradient = type_of<T>();
      gradient.product = make_product(backward);
      gradient.to_convert = keep<T>(outputs);
    }
    forward.keeps_aux = true;
    if (gradient.product) product = make_product(forward);
  }
  if (product) {
    ++fused_;
    gradient.aux =
        keep<std::byte>(static_cast<std::int64_t>(aux_bytes(forward.epilogue, type_of<T>(), rows_, outputs)));
    gradient.converted = buffers_.gradients + specs[i].bias;
    gradient.bias_gradient = gradient.to_convert != nullptr ? static_cast<void*>(gradient.to_convert)
                                                            : static_cast<void*>(gradient.converted);
    gradient.columns = outputs;
    fused_gradient_ = gradient;
  } else {
    // gelu's derivative needs what goes into it, which a fused product keeps to itself.
    forward.keeps_aux = false;
    if (!gelu) product = make_product(forward);
    if (!product) return false;
  }
  add_product(specs[i], product, y, fused_gradient_ ? fused_gradient_->aux : nullptr);
  is_activated_ = true;
  return true;
}

template <class Device, class Numbers>
void Network<Device, Numbers>::add_linear(const Specs& specs, std::size_t i) {
  using layers::Kind;
  const layers::Spec& spec = specs[i];
  const std::int64_t inputs = element_count(spec.input), outputs = spec.output.at(0);
  const T* x = value_;
  T* y = keep<T>(rows_ * outputs);
  const std::optional<FusedGradient> fused = std::exchange(fused_gradient_, std::nullopt);

  const bool activates =
      i + 1 < specs.size() && (specs[i + 1].kind == Kind::relu || specs[i + 1].kind == Kind::gelu);
  if (!activates || !fuse_activation(specs, i, y)) {
    std::shared_ptr<Product> product = make_product(forward_of(spec, Epilogue::bias));
    const bool adds_bias = !product;
    if (adds_bias) product = need_product(forward_of(spec, Epilogue::none));
    add_product(spec, product, y, nullptr);
    if (adds_bias) add_forward(launch(AddBias<T>{rows_, outputs, buffers_.weights + spec.bias, y}));
  }

  const T* dy = gradient_at(i + 1);
  // Where the product behind the activation has done the derivative, it has done this bias's gradient too.
  if (!fused_gradient_) add_bias_gradient(rows_, outputs, dy, buffers_.gradients + spec.bias);
  auto& operations = backward_.back().operations;
  const auto weight_gradient = need_product({.m = outputs,
                                             .n = inputs,
                                             .k = rows_,
                                             .transpose_a = true,
                                             .inputs = type_of<T>(),
                                             .output = type_of<Master>(),
                                             .products = products_});
  operations.push_back([=, this, to = buffers_.gradients + spec.weight](Stream& stream) {
    device_.run(stream, *weight_gradient, {.a = dy, .b = source(x, inputs_), .d = to});
  });
  if (i > 0) {
    T* dx = gradient_at(i);
    const T* w = buffers_.weights + spec.weight;
    const auto product = fused ? fused->product
                               : need_product({.m = rows_,
                                               .n = inputs,
                                               .k = outputs,
                                               .inputs = type_of<T>(),
                                               .output = type_of<T>(),
                                               .products = products_});
    operations.push_back([=, this](Stream& stream) {
      device_.run(stream, *product,
                  {.a = dy,
                   .b = w,
                   .d = dx,
                   .aux = fused ? fused->aux : nullptr,
                   .bias_gradient = fused ? fused->bias_gradient : nullptr});
    });
    if (fused && fused->to_convert != nullptr)
      operations.push_back(launch(Convert<T, Master>{fused->columns, fused->to_convert, fused->converted}));
  }
  value_ = y;
}

template <class Device, class Numbers>
void Network<Device, Numbers>::add_bias_gradient(std::int64_t rows, std::int64_t columns, const T* dy,
                                                 Master* gradient) {
  auto* parts = reinterpret_cast<Work<T>*>(column_parts_);
  auto& operations = backward_.back().operations;
  operations.push_back(launch(ColumnSums<T>{rows, columns, dy, parts}));
  operations.push_back(launch(FinishColumns<Work<T>, Master>{columns, parts, gradient}));
}

template <class Device, class Numbers>
void Network<Device, Numbers>::add_activation(const layers::Spec& spec) {
  const std::size_t i = backward_.size() - 1;
  const bool gelu = spec.kind == layers::Kind::gelu;
  const auto activation = gelu ? Activation::gelu : Activation::relu;
  const std::int64_t size = rows_ * element_count(spec.output);
  const bool is_done = std::exchange(is_activated_, false);
  const T* x = value_;
  auto* y = const_cast<T*>(x);  // relu is done where it lies
  if (!is_done) {
    if (gelu) value_ = y = keep<T>(size);
    add_forward(launch(Activate<T>{activation, size, x, y}));
  }
  if (fused_gradient_) return;  // the next product's
  T* gradient = gradient_at(i);
  backward_.back().operations.push_back(
      launch(ActivationGradient<T>{activation, size, x, gradient, gradient}));
}

template <class Device, class Numbers>
void Network<Device, Numbers>::add_dropout(const layers::Spec& spec) {
  const std::int64_t features = element_count(spec.output);
  auto* y = const_cast<T*>(value_);
  T* gradient = gradient_at(backward_.size() - 1);
  const auto drop = [=, this](const T* from, T* to) {
    return [=, this](Stream& stream) {
      const Drop<T> kernel{rows_, features, ids_, buffers_.dropout_key, spec.place, spec.rate, from, to};
      device_.launch(stream, kernel.grid(), kernel);
    };
  };
  training_.push_back(drop(y, y));
  backward_.back().operations.push_back(drop(gradient, gradient));
}

template <class Device, class Numbers>
void Network<Device, Numbers>::add_batch_norm(const layers::Spec& spec) {
  const std::int64_t channels = spec.output.back(), positions = element_count(spec.output) / channels;
  const std::int64_t rows = rows_ * positions, *samples = buffers_.samples;
  const T* x = value_;
  T* y = keep<T>(rows * channels);
  auto* sums = keep<double>(2 * channels + 1);
  auto* gradient_sums = keep<double>(2 * channels);
  Master* running_mean = buffers_.statistics + spec.running_mean;
  Master* running_variance = buffers_.statistics + spec.running_variance;
  const Master *weight = buffers_.parameters + spec.weight, *bias = buffers_.parameters + spec.bias;
  const auto normalise = [&](const double* from) {
    return launch(BatchNormForward<T, Master>{rows, channels, from, running_mean, running_variance, weight,
                                              bias, x, y});
  };
  training_.push_back(launch(Moments<T>{rows, channels, positions, samples, x, column_parts_}));
  training_.push_back(launch(FinishMoments{channels, positions, samples, column_parts_, sums}));
  training_.push_back([=, this](Stream&) { sum_over_ranks_(sums, 2 * channels + 1); });
  training_.push_back(normalise(sums));
  evaluation_.push_back(normalise(nullptr));

  T* gradient = gradient_at(backward_.size() - 1);
  auto& operations = backward_.back().operations;
  operations.push_back(
      launch(BatchNormGradientSums<T>{rows, channels, positions, samples, sums, x, gradient, column_parts_}));
  operations.push_back(launch(FinishBatchNormGradient<Master>{channels, column_parts_, gradient_sums,
                                                              buffers_.gradients + spec.weight,
                                                              buffers_.gradients + spec.bias}));
  operations.push_back([=, this](Stream&) { sum_over_ranks_(gradient_sums, 2 * channels); });
  operations.push_back(launch(BatchNormBackward<T, Master>{rows, channels, positions, samples, sums,
                                                           gradient_sums, weight, x, gradient, gradient}));
  commit_.push_back(
      launch(BatchNormCommit<Master>{channels, buffers_.apply, sums, running_mean, running_variance}));
  value_ = y;
}

template <class Device, class Numbers>
void Network<Device, Numbers>::add_layer_norm(const layers::Spec& spec) {
  const std::int64_t channels = spec.output.back();
  const std::int64_t rows = rows_ * (element_count(spec.output) / channels);
  const T* x = value_;
  T* y = keep<T>(rows * channels);
  T* normal = keep<T>(rows * channels);
  auto* inverse = keep<Work<T>>(rows);
  const Master *weight = buffers_.parameters + spec.weight, *bias = buffers_.parameters + spec.bias;
  add_forward(launch(LayerNormForward<T, Master>{rows, channels, weight, bias, x, y, normal, inverse}));

  T* gradient = gradient_at(backward_.size() - 1);
  auto& operations = backward_.back().operations;
  operations.push_back(launch(LayerNormGradientSums<T>{rows, channels, normal, gradient, column_parts_}));
  operations.push_back(launch(FinishBatchNormGradient<Master>{
      channels, column_parts_, nullptr, buffers_.gradients + spec.weight, buffers_.gradients + spec.bias}));
  operations.push_back(
      launch(LayerNormBackward<T, Master>{rows, channels, weight, normal, inverse, gradient, gradient}));
  value_ = y;
}

}  // namespace hpo::train::gpu
