// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <span>

#include "gpu/device_checks.hpp"
#include "support/host_products.hpp"

/// Products with every epilogue and convolutions against double precision.
namespace hpo::train::gpu::checks {

struct Shape {
  std::int64_t m, n, k;
};
inline constexpr Shape kShapes[] = {{64, 128, 96}, {48, 10, 256}, {37, 129, 65}};
/// For a device that is fast.
inline constexpr Shape kLargeShapes[] = {{256, 512, 784}};

[[nodiscard]] inline std::vector<double> absolute(std::vector<double> values) {
  for (double& value : values) value = std::abs(value);
  return values;
}

/// What a product is in double precision, and how far off an element of it may be.
struct Reference {
  std::vector<double> d, bound;
};

[[nodiscard]] inline Reference reference(ProductSpec spec, const Precision& precision,
                                         const std::vector<double>& a, const std::vector<double>& b) {
  spec.inputs = spec.output = Type::float64;
  spec.products = Products::exact;
  spec.epilogue = Epilogue::none;
  const auto size = static_cast<std::size_t>(spec.m * spec.n);
  Reference made{std::vector<double>(size), std::vector<double>(size)};
  multiply_on_host(spec, {.a = a.data(), .b = b.data(), .d = made.d.data()});
  const auto absolute_a = absolute(a), absolute_b = absolute(b);
  multiply_on_host(spec, {.a = absolute_a.data(), .b = absolute_b.data(), .d = made.bound.data()});
  for (double& bound : made.bound) bound *= precision.product;
  return made;
}

[[nodiscard]] inline ProductSpec spec_of(const Shape& shape, const Precision& precision) {
  return {.m = shape.m,
          .n = shape.n,
          .k = shape.k,
          .inputs = precision.type,
          .output = precision.type,
          .products = precision.products};
}

[[nodiscard]] inline std::string name_of(const ProductSpec& spec, const Precision& precision) {
  return fmt::format("{} {} {} x {} x {}{}{}", precision.name, gpu::name_of(spec.epilogue), spec.m, spec.n,
                     spec.k, spec.transpose_a ? " A^T" : "", spec.transpose_b ? " B^T" : "");
}

template <class Device>
Failures plain_product(Device& device, const ProductSpec& spec, const Precision& precision) {
  const auto stream = device.make_stream();
  const auto a = noise(spec.inputs, spec.m * spec.k, 1), b = noise(spec.inputs, spec.k * spec.n, 2);
  const Values<Device> on_a(device, stream, spec.inputs, a), on_b(device, stream, spec.inputs, b),
      on_d(device, stream, spec.output, spec.m * spec.n);
  const auto product = device.make_product(spec);
  if (!product) return {name_of(spec, precision) + ": no algorithm"};
  device.run(stream, *product, {.a = on_a.data(), .b = on_b.data(), .d = on_d.data()});
  Reference want = reference(spec, precision, a, b);
  const double rounding = spec.output == Type::float32 ? 0x1p-22 : precision.rounding;
  for (std::size_t i = 0; i < want.d.size(); ++i) want.bound[i] += rounding * std::abs(want.d[i]);
  return compare(name_of(spec, precision), on_d.read(), want.d, want.bound);
}

template <class Device>
Failures products_are_right_however_their_sides_lie(Device& device, std::span<const Shape> shapes) {
  Failures all;
  for (const Precision& precision : kPrecisions)
    for (const Shape& shape : shapes)
      for (const bool transpose_a : {false, true})
        for (const bool transpose_b : {false, true}) {
          ProductSpec spec = spec_of(shape, precision);
          spec.transpose_a = transpose_a;
          spec.transpose_b = transpose_b;
          append(all, plain_product(device, spec, precision));
          // A weight's gradient: sums in float32 go on in float32.
          spec.output = Type::float32;
          if (precision.type == Type::bfloat16) append(all, plain_product(device, spec, precision));
        }
  return all;
}

[[nodiscard]] inline double gelu(double x) {
  return x / (1 + std::exp(-1.5957691216057308 * (x + 0.044715 * x * x * x)));
}
[[nodiscard]] inline double gelu_slope(double x) {
  const double sigmoid = 1 / (1 + std::exp(-1.5957691216057308 * (x + 0.044715 * x * x * x)));
  return sigmoid * (1 + x * (1 - sigmoid) * 1.5957691216057308 * (1 + 3 * 0.044715 * x * x));
}

/// The largest slope of gelu, and of its derivative: how errors of its input grow.
constexpr double kGeluSlope = 1.13;
/// gelu's elementary functions on a device, absolute.
constexpr double kGeluError = 4e-6;

/// A forward product with an epilogue, and what it kept.
template <class Device>
struct Forward {
  Values<Device> d;
  typename Device::Memory aux;
  std::vector<double> input, bound;  ///< of the activation, in double
};

/// D = act(A B^T + bias), as a layer has it. `notes` gets the epilogues that the device leaves to others.
template <class Device>
std::optional<Forward<Device>> forward(Device& device, const typename Device::Stream& stream,
                                       ProductSpec spec, const Precision& precision, Failures& all,
                                       Failures& notes) {
  spec.transpose_b = true;
  const auto product = device.make_product(spec);
  if (!product) {
    notes.push_back(name_of(spec, precision));
    return std::nullopt;
  }
  const auto a = noise(spec.inputs, spec.m * spec.k, 1), b = noise(spec.inputs, spec.k * spec.n, 2),
             bias = noise(spec.inputs, spec.n, 3);
  const Values<Device> on_a(device, stream, spec.inputs, a), on_b(device, stream, spec.inputs, b),
      on_bias(device, stream, spec.inputs, bias);
  Forward<Device> made{{device, stream, spec.output, spec.m * spec.n},
                       device.allocate(aux_bytes(spec.epilogue, spec.output, spec.m, spec.n)),
                       {},
                       {}};
  device.run(stream, *product,
             {.a = on_a.data(),
              .b = on_b.data(),
              .d = made.d.data(),
              .bias = on_bias.data(),
              .aux = made.aux.data()});
  Reference want = reference(spec, precision, a, b);
  for (std::size_t i = 0; i < want.d.size(); ++i) {
    const double shift = bias[i % static_cast<std::size_t>(spec.n)];
    want.d[i] += shift;
    want.bound[i] += 0x1p-22 * (std::abs(shift) + std::abs(want.d[i]));
  }
  made.input = want.d;
  made.bound = want.bound;
  for (std::size_t i = 0; i < want.d.size(); ++i) {
    if (spec.epilogue == Epilogue::relu_bias) want.d[i] = std::max(want.d[i], 0.0);
    if (spec.epilogue == Epilogue::gelu_bias) {
      want.d[i] = gelu(want.d[i]);
      want.bound[i] = kGeluSlope * want.bound[i] + kGeluError;
    }
    want.bound[i] += precision.rounding * std::abs(want.d[i]);
  }
  append(all, compare(name_of(spec, precision), made.d.read(), want.d, want.bound));
  return made;
}

/// D = (A B) act'(what forward kept), and the sums of its columns.
template <class Device>
void backward(Device& device, const typename Device::Stream& stream, ProductSpec spec,
              const Precision& precision, const Forward<Device>& kept, Failures& all, Failures& notes) {
  const bool is_relu = spec.epilogue == Epilogue::relu_bias;
  spec.epilogue = is_relu ? Epilogue::relu_gradient : Epilogue::gelu_gradient;
  const auto product = device.make_product(spec);
  if (!product) {
    notes.push_back(
        fmt::format("{} with {} sums", name_of(spec, precision), gpu::name_of(spec.bias_gradient)));
    return;
  }
  const auto a = noise(spec.inputs, spec.m * spec.k, 4), b = noise(spec.inputs, spec.k * spec.n, 5);
  const Values<Device> on_a(device, stream, spec.inputs, a), on_b(device, stream, spec.inputs, b),
      on_d(device, stream, spec.output, spec.m * spec.n), on_sums(device, stream, spec.bias_gradient, spec.n);
  device.run(stream, *product,
             {.a = on_a.data(),
              .b = on_b.data(),
              .d = on_d.data(),
              .aux = kept.aux.data(),
              .bias_gradient = on_sums.data()});
  Reference want = reference(spec, precision, a, b);
  // Where the input is 0 but for errors, the device's own sign counts.
  const auto outputs = kept.d.read();
  const auto columns = static_cast<std::size_t>(spec.n);
  std::vector<double> sums(columns), bounds(columns);
  for (std::size_t i = 0; i < want.d.size(); ++i) {
    const double slope = is_relu ? (outputs[i] > 0 ? 1 : 0) : gelu_slope(kept.input[i]);
    // gelu's input was kept in the result's type.
    const double off =
        is_relu ? 0 : kept.bound[i] + precision.rounding * std::abs(kept.input[i]) + kGeluError;
    want.bound[i] = kGeluSlope * want.bound[i] + std::abs(want.d[i]) * off;
    want.d[i] *= slope;
    sums[i % columns] += want.d[i];
    want.bound[i] += precision.rounding * std::abs(want.d[i]);
    bounds[i % columns] += want.bound[i] + 2e-6 * std::abs(want.d[i]);
  }
  for (std::size_t i = 0; i < columns; ++i)
    bounds[i] += (spec.bias_gradient == Type::bfloat16 ? 0x1p-7 : 0x1p-22) * std::abs(sums[i]);
  append(all, compare(name_of(spec, precision), on_d.read(), want.d, want.bound));
  append(all, compare(name_of(spec, precision) + " bias gradient", on_sums.read(), sums, bounds));
}

template <class Device>
Failures epilogues_do_what_they_say(Device& device, std::span<const Shape> shapes, Failures& notes) {
  Failures all;
  const auto stream = device.make_stream();
  for (const Precision& precision : kPrecisions)
    for (const Shape& shape : shapes)
      for (const Epilogue epilogue : {Epilogue::bias, Epilogue::relu_bias, Epilogue::gelu_bias}) {
        ProductSpec spec = spec_of(shape, precision);
        spec.epilogue = epilogue;
        static_cast<void>(forward(device, stream, spec, precision, all, notes));
        if (epilogue == Epilogue::bias) continue;
        spec.keeps_aux = true;
        const auto kept = forward(device, stream, spec, precision, all, notes);
        if (!kept) continue;
        for (const Type sums : {Type::float32, Type::bfloat16}) {
          if (sums == Type::bfloat16 && precision.type != Type::bfloat16) continue;
          spec.bias_gradient = sums;
          backward(device, stream, spec, precision, *kept, all, notes);
        }
      }
  return all;
}

inline constexpr ConvolutionSpec kConvolutions[] = {
    {.count = 3, .height = 5, .width = 6, .channels = 3, .outputs = 20},
    {.count = 4, .height = 14, .width = 14, .channels = 32, .outputs = 64},
    {.count = 8, .height = 28, .width = 28, .channels = 1, .outputs = 32}};

template <class Device>
Failures one_convolution(Device& device, ConvolutionSpec spec, const Precision& precision) {
  spec.type = precision.type;
  spec.products = precision.products;
  ConvolutionSpec exact = spec;
  exact.type = Type::float64;
  exact.products = Products::exact;
  const auto stream = device.make_stream();
  auto convolution = device.make_convolution(spec);
  const std::int64_t pixels = spec.count * spec.height * spec.width;
  const auto x = noise(spec.type, pixels * spec.channels, 1), y = noise(spec.type, pixels * spec.outputs, 2),
             weight = noise(spec.type, spec.outputs * 9 * spec.channels, 3);
  Failures all;
  for (const auto pass :
       {ConvolutionPass::forward, ConvolutionPass::input_gradient, ConvolutionPass::weight_gradient}) {
    const bool is_weights = pass == ConvolutionPass::weight_gradient;
    const Values<Device> on_x(device, stream, spec.type, x), on_y(device, stream, spec.type, y),
        on_weight(device, stream, is_weights ? Type::float32 : spec.type, weight);
    device.run(stream, convolution, pass, {.x = on_x.data(), .y = on_y.data(), .weight = on_weight.data()});
    auto want_x = x, want_y = y, want_weight = weight;
    convolve_on_host(exact, pass, {.x = want_x.data(), .y = want_y.data(), .weight = want_weight.data()});
    auto sum_x = absolute(x), sum_y = absolute(y), sum_weight = absolute(weight);
    convolve_on_host(exact, pass, {.x = sum_x.data(), .y = sum_y.data(), .weight = sum_weight.data()});
    const auto pick = [&](const auto& of_x, const auto& of_y, const auto& of_weight) {
      return pass == ConvolutionPass::forward ? of_y : (is_weights ? of_weight : of_x);
    };
    const auto want = pick(want_x, want_y, want_weight);
    auto bound = pick(sum_x, sum_y, sum_weight);
    // A library may round the weight's gradient of bfloat16 to bfloat16; sums are over thousands of terms.
    for (std::size_t i = 0; i < bound.size(); ++i)
      bound[i] = (is_weights ? 4 : 1) * precision.product * bound[i] + precision.rounding * std::abs(want[i]);
    append(all, compare(fmt::format("{} convolution {} to {}, pass {}", precision.name, spec.channels,
                                    spec.outputs, static_cast<int>(pass)),
                        pick(on_x.read(), on_y.read(), on_weight.read()), want, bound));
  }
  return all;
}

template <class Device>
Failures convolutions_are_right(Device& device) {
  Failures all;
  for (const Precision& precision : kPrecisions)
    for (const ConvolutionSpec& spec : kConvolutions) append(all, one_convolution(device, spec, precision));
  return all;
}

}  // namespace hpo::train::gpu::checks
