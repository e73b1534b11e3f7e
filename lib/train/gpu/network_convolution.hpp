// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/network.hpp"

/// How convolutions become operations: members of Network that are called while it is made.
namespace hpo::train::gpu {

template <class Device, class Numbers>
bool Network<Device, Numbers>::pools_at_once(const Specs& specs, std::size_t i) {
  const bool is_first = i == 0 || (i == 1 && specs[0].kind == layers::Kind::channels_last);
  const std::int64_t channels = specs[i].input.at(2);
  return is_first && (channels == 1 || channels == 3);
}

template <class Device, class Numbers>
void Network<Device, Numbers>::add_convolution(const Specs& specs, std::size_t i, bool then_relu) {
  const layers::Spec& spec = specs[i];
  const std::int64_t pooled = rows_ * element_count(spec.output), outputs = spec.output.at(2);
  const T* x = value_;
  T* y = keep<T>(pooled);
  auto* which = keep<std::uint8_t>(pooled);
  is_activated_ = then_relu;
  value_ = y;
  add_bias_gradient(pooled / outputs, outputs, gradient_at(i + 1), buffers_.gradients + spec.bias);
  if (!pools_at_once(specs, i)) return add_inner_convolution(spec, then_relu, x, y, which);
  if (spec.input.at(2) == 1) return add_first_convolution<1>(spec, then_relu, x, y, which);
  add_first_convolution<3>(spec, then_relu, x, y, which);
}

template <class Device, class Numbers>
template <int kChannels>
void Network<Device, Numbers>::add_first_convolution(const layers::Spec& spec, bool then_relu, const T* x,
                                                     T* y, std::uint8_t* which) {
  const std::int64_t height = spec.input.at(0), width = spec.input.at(1), outputs = spec.output.at(2);
  const std::int64_t size = outputs * 9 * kChannels;
  auto* parts = keep<Work<T>>(kFirstChunks * size);
  for (const bool training : {true, false})
    (training ? training_ : evaluation_).push_back([=, this](Stream& stream) {
      const FirstConvolution<T, Master, kChannels> kernel{rows_,
                                                          height,
                                                          width,
                                                          outputs,
                                                          source(x, inputs_),
                                                          buffers_.weights + spec.weight,
                                                          buffers_.parameters + spec.bias,
                                                          then_relu,
                                                          y,
                                                          training ? which : nullptr};
      device_.launch(stream, kernel.grid(), kernel);
    });
  auto& operations = backward_.back().operations;
  operations.push_back([=, this, dy = gradient_at(spec.place + 1)](Stream& stream) {
    const FirstConvolutionGradient<T, kChannels> kernel{rows_, height, width, outputs, source(x, inputs_),
                                                        dy,    which,  parts};
    device_.launch(stream, kernel.grid(), kernel);
  });
  operations.push_back(launch(
      FinishWeightGradient<Work<T>, Master>{size, parts, buffers_.gradients + spec.weight, kFirstChunks}));
}

template <class Device, class Numbers>
void Network<Device, Numbers>::add_inner_convolution(const layers::Spec& spec, bool then_relu, const T* x,
                                                     T* y, std::uint8_t* which) {
  const std::size_t i = spec.place;
  // Before the first layer that computes there is only the staging of inputs.
  const bool has_input_gradient = i > 1 || (i == 1 && backward_.front().first_parameter >= 0);
  const std::int64_t height = spec.input.at(0), width = spec.input.at(1), outputs = spec.output.at(2);
  auto convolution = std::make_shared<typename Device::Convolution>(
      device_.make_convolution({.count = rows_,
                                .height = height,
                                .width = width,
                                .channels = spec.input.at(2),
                                .outputs = outputs,
                                .type = type_of<T>(),
                                .products = products_,
                                .input_gradient = has_input_gradient}));
  T* weight = const_cast<T*>(buffers_.weights) + spec.weight;
  add_forward([=, this](Stream& stream) {
    device_.run(stream, *convolution, ConvolutionPass::forward,
                {.x = const_cast<T*>(source(x, inputs_)), .y = convolved_, .weight = weight});
  });
  MaxPool<T, Master> pool{rows_,     height, width, outputs, convolved_, buffers_.parameters + spec.bias,
                          then_relu, y,      which};
  training_.push_back(launch(pool));
  pool.which = nullptr;
  evaluation_.push_back(launch(pool));

  auto& operations = backward_.back().operations;
  operations.push_back(
      launch(MaxUnpool<T>{rows_, height, width, outputs, gradient_at(i + 1), which, convolved_}));
  operations.push_back([=, this, to = buffers_.gradients + spec.weight](Stream& stream) {
    device_.run(stream, *convolution, ConvolutionPass::weight_gradient,
                {.x = const_cast<T*>(source(x, inputs_)), .y = convolved_, .weight = to});
  });
  if (has_input_gradient)
    operations.push_back([=, this, dx = gradient_at(i)](Stream& stream) {
      device_.run(stream, *convolution, ConvolutionPass::input_gradient,
                  {.x = dx, .y = convolved_, .weight = weight});
    });
}

}  // namespace hpo::train::gpu
