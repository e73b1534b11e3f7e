// SPDX-License-Identifier: Apache-2.0
// The calls of cuBLASLt that products make, played on the CPU as its documentation has them, in its terms:
// matrices by columns, the bias of D's rows, masks of bits, attributes and their rules. It shares nothing
// with the code that it tests.
#include <cublasLt.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <vector>

#include "gpu/played_cuda.hpp"
#include "train/gpu/element.hpp"

namespace {

using hpo::train::gpu::Bfloat16;

struct Layout {
  cudaDataType type;
  std::int64_t rows, columns, leading;
};
struct Operation {
  cublasComputeType_t compute;
  std::map<int, std::vector<char>> attributes;

  template <class T>
  [[nodiscard]] T get(cublasLtMatmulDescAttributes_t attribute, T otherwise) const {
    const auto found = attributes.find(attribute);
    if (found == attributes.end()) return otherwise;
    T value;
    std::memcpy(&value, found->second.data(), sizeof value);
    return value;
  }
};
const Operation& of(cublasLtMatmulDesc_t operation) {
  return *reinterpret_cast<const Operation*>(operation);
}
const Layout& of(cublasLtMatrixLayout_t layout) {
  return *reinterpret_cast<const Layout*>(layout);
}

double element(cudaDataType type, const void* memory, std::int64_t index) {
  if (type == CUDA_R_16BF) return static_cast<float>(static_cast<const Bfloat16*>(memory)[index]);
  return static_cast<const float*>(memory)[index];
}
void put(cudaDataType type, void* memory, std::int64_t index, double value) {
  if (type == CUDA_R_16BF)
    static_cast<Bfloat16*>(memory)[index] = Bfloat16(static_cast<float>(value));
  else
    static_cast<float*>(memory)[index] = static_cast<float>(value);
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-2 * std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
}
double gelu_slope(double x) {
  const double u = 2 * std::sqrt(2 / std::acos(-1.0)) * (1 + 3 * 0.044715 * x * x);
  return sigmoid(x) * (1 + x * (1 - sigmoid(x)) * u);
}

/// The product of two layouts, with what an epilogue needs.
struct Matmul {
  Operation operation;
  Layout a, b, d;
  const void *a_memory = nullptr, *b_memory = nullptr;
  void* d_memory = nullptr;

  [[nodiscard]] bool turns(cublasLtMatmulDescAttributes_t attribute) const {
    return operation.get<std::int32_t>(attribute, CUBLAS_OP_N) == CUBLAS_OP_T;
  }
  [[nodiscard]] bool turns_a() const { return turns(CUBLASLT_MATMUL_DESC_TRANSA); }
  [[nodiscard]] bool turns_b() const { return turns(CUBLASLT_MATMUL_DESC_TRANSB); }
  [[nodiscard]] std::int64_t depth() const { return turns_a() ? a.rows : a.columns; }
  [[nodiscard]] std::uint32_t epilogue() const {
    return operation.get<std::uint32_t>(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_DEFAULT);
  }
  [[nodiscard]] cudaDataType bias_type() const {
    return static_cast<cudaDataType>(
        operation.get<std::int32_t>(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, d.type));
  }
  [[nodiscard]] std::int64_t aux_leading() const {
    return operation.get<std::int64_t>(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, 0);
  }
  [[nodiscard]] bool has_mask() const {
    return epilogue() == CUBLASLT_EPILOGUE_RELU_AUX_BIAS || epilogue() == CUBLASLT_EPILOGUE_DRELU_BGRAD;
  }
  [[nodiscard]] bool has_aux() const { return (epilogue() & 128U) != 0; }

  /// What the documentation asks for.
  [[nodiscard]] bool is_valid() const {
    const bool fits = (turns_a() ? a.columns : a.rows) == d.rows &&
                      (turns_b() ? b.rows : b.columns) == d.columns &&
                      (turns_b() ? b.columns : b.rows) == depth();
    const bool leads = a.leading >= a.rows && b.leading >= b.rows && d.leading >= d.rows;
    const bool knows_bias = epilogue() == CUBLASLT_EPILOGUE_DEFAULT || bias_type() == d.type;
    const bool kept =
        !has_aux() || (aux_leading() >= d.rows && aux_leading() % (has_mask() ? 128 : 8) == 0 &&
                       operation.get<void*>(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, nullptr) != nullptr);
    return fits && leads && knows_bias && kept && a.type == b.type;
  }
  void run() const;

 private:
  [[nodiscard]] double product(std::int64_t row, std::int64_t column) const;
  [[nodiscard]] double finish(double value, std::int64_t row, std::int64_t column) const;
};

double Matmul::product(std::int64_t row, std::int64_t column) const {
  double sum = 0;
  for (std::int64_t l = 0; l < depth(); ++l)
    sum += element(a.type, a_memory, turns_a() ? l + row * a.leading : row + l * a.leading) *
           element(b.type, b_memory, turns_b() ? column + l * b.leading : l + column * b.leading);
  return sum;
}

double Matmul::finish(double value, std::int64_t row, std::int64_t column) const {
  const auto* bias = operation.get<const void*>(CUBLASLT_MATMUL_DESC_BIAS_POINTER, nullptr);
  auto* aux = operation.get<void*>(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, nullptr);
  const std::int64_t place = row + column * aux_leading();
  auto* byte = static_cast<unsigned char*>(aux) + place / 8;
  const auto bit = static_cast<unsigned char>(1U << (place % 8));
  switch (epilogue()) {
    case CUBLASLT_EPILOGUE_BIAS:
      return value + element(bias_type(), bias, row);
    case CUBLASLT_EPILOGUE_RELU_BIAS:
      return std::max(value + element(bias_type(), bias, row), 0.0);
    case CUBLASLT_EPILOGUE_RELU_AUX_BIAS:
      value += element(bias_type(), bias, row);
      *byte = static_cast<unsigned char>(value > 0 ? *byte | bit : *byte & ~bit);
      return std::max(value, 0.0);
    case CUBLASLT_EPILOGUE_GELU_BIAS:
      value += element(bias_type(), bias, row);
      return value * sigmoid(value);
    case CUBLASLT_EPILOGUE_GELU_AUX_BIAS:
      value += element(bias_type(), bias, row);
      put(d.type, aux, place, value);
      return value * sigmoid(value);
    case CUBLASLT_EPILOGUE_DRELU_BGRAD:
      return (*byte & bit) != 0 ? value : 0;
    case CUBLASLT_EPILOGUE_DGELU_BGRAD:
      return value * gelu_slope(element(d.type, aux, place));
    default:
      return value;
  }
}

void Matmul::run() const {
  const bool sums_up =
      epilogue() == CUBLASLT_EPILOGUE_DRELU_BGRAD || epilogue() == CUBLASLT_EPILOGUE_DGELU_BGRAD;
  for (std::int64_t row = 0; row < d.rows; ++row) {
    double sum = 0;
    for (std::int64_t column = 0; column < d.columns; ++column) {
      const double value = finish(product(row, column), row, column);
      put(d.type, d_memory, row + column * d.leading, value);
      sum += value;
    }
    if (sums_up) put(bias_type(), operation.get<void*>(CUBLASLT_MATMUL_DESC_BIAS_POINTER, nullptr), row, sum);
  }
}

constexpr int kGood = 2;  ///< of the candidates, the one that runs

}  // namespace

extern "C" {
cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  *handle = reinterpret_cast<cublasLtHandle_t>(new int(0));
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete reinterpret_cast<int*>(handle);
  return CUBLAS_STATUS_SUCCESS;
}
const char* cublasLtGetStatusString(cublasStatus_t) {
  return "played";
}
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* made, cublasComputeType_t compute,
                                        cudaDataType_t scale) {
  if (scale != CUDA_R_32F) return CUBLAS_STATUS_INVALID_VALUE;
  *made = reinterpret_cast<cublasLtMatmulDesc_t>(new Operation{compute, {}});
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t operation) {
  delete reinterpret_cast<Operation*>(operation);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t operation,
                                              cublasLtMatmulDescAttributes_t attribute, const void* value,
                                              size_t bytes) {
  const bool is_wide = attribute == CUBLASLT_MATMUL_DESC_BIAS_POINTER ||
                       attribute == CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER ||
                       attribute == CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD;
  if (bytes != (is_wide ? 8U : 4U)) return CUBLAS_STATUS_INVALID_VALUE;
  const auto* begin = static_cast<const char*>(value);
  reinterpret_cast<Operation*>(operation)->attributes[attribute] = std::vector<char>(begin, begin + bytes);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* made, cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t leading) {
  *made = reinterpret_cast<cublasLtMatrixLayout_t>(
      new Layout{type, static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns), leading});
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete reinterpret_cast<Layout*>(layout);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* made) {
  *made = reinterpret_cast<cublasLtMatmulPreference_t>(new int(0));
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete reinterpret_cast<int*>(preference);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void*, size_t bytes) {
  const bool is_wide = attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES;
  return bytes == (is_wide ? 8U : 4U) ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}
/// The first candidate is none, the second does not run.
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t operation,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t, int most,
                                              cublasLtMatmulHeuristicResult_t results[], int* found) {
  const Matmul matmul{of(operation), of(a), of(b), of(d)};
  if (!matmul.is_valid() || c != d || most <= kGood) return CUBLAS_STATUS_NOT_SUPPORTED;
  for (int i = 0; i <= kGood; ++i) {
    results[i] = {};
    results[i].algo.data[0] = static_cast<std::uint64_t>(i);
    results[i].state = i == 0 ? CUBLAS_STATUS_NOT_SUPPORTED : CUBLAS_STATUS_SUCCESS;
  }
  *found = kGood + 1;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t operation, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t, void* d, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace, size_t,
                              cudaStream_t stream) {
  const bool scales = *static_cast<const float*>(alpha) != 1 || *static_cast<const float*>(beta) != 0;
  if (algorithm->data[0] != kGood || scales || c != d || workspace == nullptr)
    return CUBLAS_STATUS_NOT_SUPPORTED;
  Matmul matmul{of(operation), of(a_layout), of(b_layout), of(d_layout), a, b, d};
  if (!matmul.is_valid()) return CUBLAS_STATUS_INVALID_VALUE;
  hpo::train::gpu::play(stream, [matmul] { matmul.run(); });
  return CUBLAS_STATUS_SUCCESS;
}
}
