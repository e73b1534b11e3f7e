// SPDX-License-Identifier: Apache-2.0
#include "support/host_products.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "base/error.hpp"
#include "train/gemm.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/product.hpp"

namespace hpo::train::gpu {
namespace {

/// f(T{}) for the type that `type` names.
template <class F>
void with_type(Type type, F f) {
  switch (type) {
    case Type::float32:
      return f(float{});
    case Type::bfloat16:
      return f(Bfloat16{});
    case Type::float64:
      return f(double{});
  }
}

/// 10 bits of mantissa, to nearest, ties to even.
float rounded_to_tf32(float value) {
  if (!std::isfinite(value)) return value;
  const auto word = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((word + 0xFFFU + ((word >> 13) & 1U)) & ~0x1FFFU);
}

/// size values of `type` as they go into a product.
template <class W>
std::vector<W> read(Type type, Products products, const void* from, std::int64_t size) {
  std::vector<W> values(static_cast<std::size_t>(size));
  with_type(type, [&](auto t) {
    const auto* elements = static_cast<const decltype(t)*>(from);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<W>(static_cast<Work<decltype(t)>>(elements[i]));
      if constexpr (std::is_same_v<W, float>)
        if (products == Products::tf32) values[i] = rounded_to_tf32(values[i]);
    }
  });
  return values;
}

template <class W>
void write(Type type, const std::vector<W>& values, void* to) {
  with_type(type, [&](auto t) {
    using T = decltype(t);
    auto* elements = static_cast<T*>(to);
    for (std::size_t i = 0; i < values.size(); ++i) elements[i] = T(static_cast<Work<T>>(values[i]));
  });
}

struct Sizes {
  std::int64_t m, n, k;
};

void multiply(Sizes s, bool ta, bool tb, const float* a, const float* b, float* d) {
  sgemm(ta ? Transpose::yes : Transpose::no, tb ? Transpose::yes : Transpose::no, s.m, s.n, s.k, 1, a,
        ta ? s.m : s.k, b, tb ? s.k : s.n, 0, d, s.n);
}

void multiply(Sizes s, bool ta, bool tb, const double* a, const double* b, double* d) {
  std::fill_n(d, s.m * s.n, 0.0);
  for (std::int64_t i = 0; i < s.m; ++i)
    for (std::int64_t l = 0; l < s.k; ++l) {
      const double left = a[ta ? l * s.m + i : i * s.k + l];
      for (std::int64_t j = 0; j < s.n; ++j) d[i * s.n + j] += left * b[tb ? j * s.k + l : l * s.n + j];
    }
}

// As layers/activation.cpp: x Phi(x) ~ x / (1 + e^-u), u = 2 sqrt(2 / pi) (x + 0.044715 x^3).
template <class W>
struct Gelu {
  W value, derivative;
  explicit Gelu(W x) {
    const W slope = W(1.5957691216057308), cubic = W(0.044715);
    const W sigmoid = 1 / (1 + std::exp(-slope * (x + cubic * x * x * x)));
    value = x * sigmoid;
    derivative = sigmoid * (1 + x * (1 - sigmoid) * slope * (1 + 3 * cubic * x * x));
  }
};

/// What an epilogue keeps of element (row, column), where cuBLASLt has it.
class Aux {
 public:
  Aux(const ProductSpec& spec, void* memory)
      : type_(spec.output),
        leading_(aux_layout(spec.epilogue, spec.output, spec.m, spec.n).leading),
        memory_(memory) {}

  void keep_sign(std::int64_t row, std::int64_t column, bool above) {
    const std::int64_t bit = row * leading_ + column;
    auto& byte = static_cast<std::uint8_t*>(memory_)[bit / 8];
    const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
    byte = static_cast<std::uint8_t>(above ? byte | mask : byte & ~mask);
  }
  [[nodiscard]] bool is_above(std::int64_t row, std::int64_t column) const {
    const std::int64_t bit = row * leading_ + column;
    return ((static_cast<const std::uint8_t*>(memory_)[bit / 8] >> (bit % 8)) & 1U) != 0;
  }
  template <class W>
  void keep(std::int64_t row, std::int64_t column, W value) {
    write(type_, std::vector<W>{value}, at(row, column));
  }
  template <class W>
  [[nodiscard]] W kept(std::int64_t row, std::int64_t column) const {
    return read<W>(type_, Products::exact, at(row, column), 1)[0];
  }

 private:
  [[nodiscard]] std::byte* at(std::int64_t row, std::int64_t column) const {
    return static_cast<std::byte*>(memory_) +
           static_cast<std::size_t>(row * leading_ + column) * bytes_of(type_);
  }

  Type type_;
  std::int64_t leading_;
  void* memory_;
};

template <class W>
W finish(const ProductSpec& spec, W value, Aux& aux, std::int64_t row, std::int64_t column) {
  switch (spec.epilogue) {
    case Epilogue::none:
    case Epilogue::bias:
      return value;
    case Epilogue::relu_bias:
      if (spec.keeps_aux) aux.keep_sign(row, column, value > 0);
      return value < 0 ? W(0) : value;
    case Epilogue::gelu_bias:
      if (spec.keeps_aux) aux.keep(row, column, value);
      return Gelu<W>(value).value;
    case Epilogue::relu_gradient:
      return aux.is_above(row, column) ? value : W(0);
    case Epilogue::gelu_gradient:
      return value * Gelu<W>(aux.kept<W>(row, column)).derivative;
  }
  return value;
}

template <class W>
void multiply(const ProductSpec& spec, const ProductCall& call) {
  const Sizes sizes{spec.m, spec.n, spec.k};
  const auto a = read<W>(spec.inputs, spec.products, call.a, spec.m * spec.k);
  const auto b = read<W>(spec.inputs, spec.products, call.b, spec.k * spec.n);
  std::vector<W> d(static_cast<std::size_t>(spec.m * spec.n));
  multiply(sizes, spec.transpose_a, spec.transpose_b, a.data(), b.data(), d.data());

  const bool adds_bias = spec.epilogue != Epilogue::none && !is_gradient(spec.epilogue);
  std::vector<W> bias(static_cast<std::size_t>(spec.n));
  if (adds_bias) bias = read<W>(spec.inputs, Products::exact, call.bias, spec.n);
  std::vector<double> sums(bias.size());
  Aux aux(spec, call.aux);
  for (std::int64_t row = 0; row < spec.m; ++row)
    for (std::int64_t column = 0; column < spec.n; ++column) {
      W& value = d[static_cast<std::size_t>(row * spec.n + column)];
      value = finish(spec, value + bias[static_cast<std::size_t>(column)], aux, row, column);
      sums[static_cast<std::size_t>(column)] += static_cast<double>(value);
    }
  write(spec.output, d, call.d);
  if (is_gradient(spec.epilogue)) write(spec.bias_gradient, sums, call.bias_gradient);
}

/// f(offset of an element of the patches, offset of the image's element that it is), where there is one: a
/// row of patches is what an output pixel sees, 3 x 3 x channels.
template <class F>
void each_in_patches(const ConvolutionSpec& s, F f) {
  std::int64_t place = 0;
  for (std::int64_t image = 0; image < s.count; ++image)
    for (std::int64_t pixel = 0; pixel < s.height * s.width; ++pixel)
      for (std::int64_t tap = 0; tap < 9; ++tap) {
        const std::int64_t y = pixel / s.width + tap / 3 - 1, x = pixel % s.width + tap % 3 - 1;
        for (std::int64_t channel = 0; channel < s.channels; ++channel, ++place)
          if (y >= 0 && y < s.height && x >= 0 && x < s.width)
            f(static_cast<std::size_t>(place),
              static_cast<std::size_t>(((image * s.height + y) * s.width + x) * s.channels + channel));
      }
}

template <class W>
void convolve(const ConvolutionSpec& s, ConvolutionPass pass, const ConvolutionCall& call) {
  const std::int64_t pixels = s.count * s.height * s.width, patch = 9 * s.channels;
  std::vector<W> patches(static_cast<std::size_t>(pixels * patch));
  if (pass != ConvolutionPass::input_gradient) {
    const auto x = read<W>(s.type, s.products, call.x, pixels * s.channels);
    each_in_patches(s, [&](std::size_t to, std::size_t from) { patches[to] = x[from]; });
  }
  if (pass == ConvolutionPass::forward) {
    const auto weight = read<W>(s.type, s.products, call.weight, s.outputs * patch);
    std::vector<W> y(static_cast<std::size_t>(pixels * s.outputs));
    multiply({pixels, s.outputs, patch}, false, true, patches.data(), weight.data(), y.data());
    return write(s.type, y, call.y);
  }
  const auto dy = read<W>(s.type, s.products, call.y, pixels * s.outputs);
  if (pass == ConvolutionPass::weight_gradient) {
    std::vector<W> gradient(static_cast<std::size_t>(s.outputs * patch));
    multiply({s.outputs, patch, pixels}, true, false, dy.data(), patches.data(), gradient.data());
    return write(s.type == Type::float64 ? Type::float64 : Type::float32, gradient, call.weight);
  }
  const auto weight = read<W>(s.type, s.products, call.weight, s.outputs * patch);
  multiply({pixels, patch, s.outputs}, false, false, dy.data(), weight.data(), patches.data());
  std::vector<W> dx(static_cast<std::size_t>(pixels * s.channels));
  each_in_patches(s, [&](std::size_t from, std::size_t to) { dx[to] += patches[from]; });
  write(s.type, dx, call.x);
}

}  // namespace

void multiply_on_host(const ProductSpec& spec, const ProductCall& call) {
  check(spec);
  spec.inputs == Type::float64 ? multiply<double>(spec, call) : multiply<float>(spec, call);
}

void convolve_on_host(const ConvolutionSpec& spec, ConvolutionPass pass, const ConvolutionCall& call) {
  spec.type == Type::float64 ? convolve<double>(spec, pass, call) : convolve<float>(spec, pass, call);
}

}  // namespace hpo::train::gpu
