// SPDX-License-Identifier: Apache-2.0
#include "train/gpu/product.hpp"

#include "base/error.hpp"

namespace hpo::train::gpu {
namespace {

constexpr std::int64_t kMaskBits = 128;
constexpr std::int64_t kAuxElements = 8;

std::int64_t round_up(std::int64_t size, std::int64_t unit) {
  return (size + unit - 1) / unit * unit;
}

/// A row-major matrix rows x columns whose op() is `transpose`, by columns.
ColumnMajor turned(std::int64_t rows, std::int64_t columns, bool transpose) {
  return {columns, rows, columns, transpose};
}

}  // namespace

ColumnMajorProduct by_columns(const ProductSpec& spec) {
  const bool a = spec.transpose_a, b = spec.transpose_b;
  return {.first = turned(b ? spec.n : spec.k, b ? spec.k : spec.n, b),
          .second = turned(a ? spec.k : spec.m, a ? spec.m : spec.k, a),
          .result = turned(spec.m, spec.n, false)};
}

AuxLayout aux_layout(Epilogue epilogue, Type type, std::int64_t m, std::int64_t n) {
  if (epilogue == Epilogue::relu_bias || epilogue == Epilogue::relu_gradient) {
    const std::int64_t leading = round_up(n, kMaskBits);
    return {leading, static_cast<std::size_t>(leading / 8 * m)};
  }
  if (epilogue == Epilogue::gelu_bias || epilogue == Epilogue::gelu_gradient) {
    const std::int64_t leading = round_up(n, kAuxElements);
    return {leading, static_cast<std::size_t>(leading * m) * bytes_of(type)};
  }
  return {};
}

std::size_t aux_bytes(Epilogue epilogue, Type type, std::int64_t m, std::int64_t n) {
  return aux_layout(epilogue, type, m, n).bytes;
}

std::size_t bytes_of(Type type) {
  switch (type) {
    case Type::float32:
      return 4;
    case Type::bfloat16:
      return 2;
    case Type::float64:
      return 8;
  }
  HPO_CHECK(false, "no such type");
  return 0;
}

const char* name_of(Epilogue epilogue) {
  switch (epilogue) {
    case Epilogue::none:
      return "none";
    case Epilogue::bias:
      return "bias";
    case Epilogue::relu_bias:
      return "relu_bias";
    case Epilogue::gelu_bias:
      return "gelu_bias";
    case Epilogue::relu_gradient:
      return "relu_gradient";
    case Epilogue::gelu_gradient:
      return "gelu_gradient";
  }
  return "unknown";
}

const char* name_of(Type type) {
  switch (type) {
    case Type::float32:
      return "float32";
    case Type::bfloat16:
      return "bfloat16";
    case Type::float64:
      return "float64";
  }
  return "unknown";
}

bool is_gradient(Epilogue epilogue) {
  return epilogue == Epilogue::relu_gradient || epilogue == Epilogue::gelu_gradient;
}

bool has_aux(const ProductSpec& spec) {
  const bool forward = spec.epilogue == Epilogue::relu_bias || spec.epilogue == Epilogue::gelu_bias;
  return is_gradient(spec.epilogue) || (forward && spec.keeps_aux);
}

void check(const ProductSpec& spec) {
  HPO_CHECK(spec.m > 0 && spec.n > 0 && spec.k > 0, "a product of nothing");
  HPO_CHECK((spec.inputs == Type::float64) == (spec.output == Type::float64), "float64 does not mix");
  HPO_CHECK(spec.products == Products::exact || spec.inputs == Type::float32, "tf32 is of float32");
}

void check(const ProductSpec& spec, const ProductCall& call) {
  const auto there = [](const void* memory) {
    return memory != nullptr && reinterpret_cast<std::uintptr_t>(memory) % kProductAlignment == 0;
  };
  HPO_CHECK(there(call.a) && there(call.b) && there(call.d), "a side of a product is missing or not aligned");
  if (is_gradient(spec.epilogue))
    HPO_CHECK(there(call.bias_gradient), "a bias gradient is missing or not aligned");
  else if (spec.epilogue != Epilogue::none)
    HPO_CHECK(there(call.bias), "a bias is missing or not aligned");
  if (has_aux(spec)) HPO_CHECK(there(call.aux), "what an epilogue keeps is missing or not aligned");
}

}  // namespace hpo::train::gpu
