// SPDX-License-Identifier: Apache-2.0
#include "train/cuda/module/product.hpp"

#include <fmt/format.h>

#include <array>

#include "base/error.hpp"
#include "train/gpu/product.hpp"

namespace hpo::train::cuda {
namespace {

using gpu::Epilogue;

constexpr int kCandidates = 8;
/// A measured algorithm replaces an earlier one of the heuristic when it is so much faster.
constexpr double kWorthIt = 0.97;

cudaDataType_t type_of(gpu::Type type) {
  return type == gpu::Type::bfloat16 ? CUDA_R_16BF : CUDA_R_32F;
}

cublasLtEpilogue_t epilogue_of(const gpu::ProductSpec& spec) {
  switch (spec.epilogue) {
    case Epilogue::none:
      return CUBLASLT_EPILOGUE_DEFAULT;
    case Epilogue::bias:
      return CUBLASLT_EPILOGUE_BIAS;
    case Epilogue::relu_bias:
      return spec.keeps_aux ? CUBLASLT_EPILOGUE_RELU_AUX_BIAS : CUBLASLT_EPILOGUE_RELU_BIAS;
    case Epilogue::gelu_bias:
      return spec.keeps_aux ? CUBLASLT_EPILOGUE_GELU_AUX_BIAS : CUBLASLT_EPILOGUE_GELU_BIAS;
    case Epilogue::relu_gradient:
      return CUBLASLT_EPILOGUE_DRELU_BGRAD;
    case Epilogue::gelu_gradient:
      return CUBLASLT_EPILOGUE_DGELU_BGRAD;
  }
  return CUBLASLT_EPILOGUE_DEFAULT;
}

/// An address that stands for those to come, whose alignment the heuristic looks at.
const void* some_address() {
  return reinterpret_cast<const void*>(std::uintptr_t{256});
}

using Preference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

Preference make_preference(const gpu::ProductSpec& spec) {
  cublasLtMatmulPreference_t made = nullptr;
  check(cublasLtMatmulPreferenceCreate(&made), "cublasLtMatmulPreferenceCreate");
  Preference preference(made);
  const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
    check(cublasLtMatmulPreferenceSetAttribute(made, attribute, &value, sizeof value),
          "cublasLtMatmulPreferenceSetAttribute");
  };
  set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{CudaStream::kWorkspaceBytes});
  for (const auto attribute :
       {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
    set(attribute, std::uint32_t{gpu::kProductAlignment});
  // Parts of a sum over k are added up in float32, never in a result's bfloat16.
  if (spec.output == gpu::Type::bfloat16)
    set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, std::uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
  return preference;
}

/// Memory for one run of a product.
struct Trial {
  CudaMemory a, b, d, bias, aux, bias_gradient;

  explicit Trial(const gpu::ProductSpec& s)
      : a(CudaMemory::on_device(size(s.m * s.k, s.inputs))),
        b(CudaMemory::on_device(size(s.k * s.n, s.inputs))),
        d(CudaMemory::on_device(size(s.m * s.n, s.output))),
        bias(CudaMemory::on_device(size(s.n, s.inputs))),
        aux(CudaMemory::on_device(gpu::aux_bytes(s.epilogue, s.output, s.m, s.n))),
        bias_gradient(CudaMemory::on_device(size(s.n, s.bias_gradient))) {}
  [[nodiscard]] gpu::ProductCall call() const {
    return {.a = a.data(),
            .b = b.data(),
            .d = d.data(),
            .bias = bias.data(),
            .aux = aux.data(),
            .bias_gradient = bias_gradient.data()};
  }

 private:
  static std::size_t size(std::int64_t elements, gpu::Type type) {
    return static_cast<std::size_t>(elements) * gpu::bytes_of(type);
  }
};

}  // namespace

void check(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(ExitCode::try_again, "GPU", fmt::format("{}: {}", call, cublasLtGetStatusString(status)),
              "look at the node's GPU (nvidia-smi, dmesg), then run again");
}

CublasHandle make_cublas() {
  cublasLtHandle_t handle = nullptr;
  check(cublasLtCreate(&handle), "cublasLtCreate");
  return CublasHandle(handle);
}

template <class T>
void CudaProduct::set(cublasLtMatmulDescAttributes_t attribute, const T& value) const {
  check(cublasLtMatmulDescSetAttribute(operation_.get(), attribute, &value, sizeof value),
        "cublasLtMatmulDescSetAttribute");
}

CudaProduct::CudaProduct(cublasLtHandle_t cublas, const gpu::ProductSpec& spec)
    : cublas_(cublas), spec_(spec) {
  const gpu::ColumnMajorProduct product = gpu::by_columns(spec);
  cublasLtMatmulDesc_t operation = nullptr;
  check(cublasLtMatmulDescCreate(
            &operation,
            spec.products == gpu::Products::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F,
            CUDA_R_32F),
        "cublasLtMatmulDescCreate");
  operation_.reset(operation);
  set(CUBLASLT_MATMUL_DESC_TRANSA, std::int32_t{product.first.transpose ? CUBLAS_OP_T : CUBLAS_OP_N});
  set(CUBLASLT_MATMUL_DESC_TRANSB, std::int32_t{product.second.transpose ? CUBLAS_OP_T : CUBLAS_OP_N});
  const auto layout = [](const gpu::ColumnMajor& matrix, gpu::Type type) {
    cublasLtMatrixLayout_t made = nullptr;
    check(cublasLtMatrixLayoutCreate(&made, type_of(type), static_cast<std::uint64_t>(matrix.rows),
                                     static_cast<std::uint64_t>(matrix.columns), matrix.leading),
          "cublasLtMatrixLayoutCreate");
    return Layout(made);
  };
  first_ = layout(product.first, spec.inputs);
  second_ = layout(product.second, spec.inputs);
  result_ = layout(product.result, spec.output);
  describe_epilogue();
}

void CudaProduct::describe_epilogue() {
  set(CUBLASLT_MATMUL_DESC_EPILOGUE, std::uint32_t{epilogue_of(spec_)});
  if (spec_.epilogue != Epilogue::none) {
    const gpu::Type type = gpu::is_gradient(spec_.epilogue) ? spec_.bias_gradient : spec_.inputs;
    // Without a word it is the result's type; not every pair of types is known.
    if (type != spec_.output) set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, std::int32_t{type_of(type)});
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, some_address());
  }
  if (gpu::has_aux(spec_)) {
    set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD,
        gpu::aux_layout(spec_.epilogue, spec_.output, spec_.m, spec_.n).leading);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, some_address());
  }
}

void CudaProduct::set_pointers(const gpu::ProductCall& call) const {
  if (spec_.epilogue != Epilogue::none)
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, gpu::is_gradient(spec_.epilogue) ? call.bias_gradient : call.bias);
  if (gpu::has_aux(spec_)) set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, call.aux);
}

cublasStatus_t CudaProduct::multiply(const CudaStream& stream, const gpu::ProductCall& call,
                                     const cublasLtMatmulAlgo_t& algorithm) const {
  const float one = 1, zero = 0;
  set_pointers(call);
  return cublasLtMatmul(cublas_, operation_.get(), &one, call.b, first_.get(), call.a, second_.get(), &zero,
                        call.d, result_.get(), call.d, result_.get(), &algorithm, stream.workspace(),
                        CudaStream::kWorkspaceBytes, stream.get());
}

void CudaProduct::run(const CudaStream& stream, const gpu::ProductCall& call) const {
  gpu::check(spec_, call);
  check(multiply(stream, call, algorithm_), "cublasLtMatmul");
}

bool CudaProduct::choose(const CudaStream& stream, bool measure) {
  const Preference preference = make_preference(spec_);
  std::array<cublasLtMatmulHeuristicResult_t, kCandidates> candidates{};
  int count = 0;
  const cublasStatus_t status =
      cublasLtMatmulAlgoGetHeuristic(cublas_, operation_.get(), first_.get(), second_.get(), result_.get(),
                                     result_.get(), preference.get(), kCandidates, candidates.data(), &count);
  // Both words are used for "there is none".
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE) return false;
  check(status, "cublasLtMatmulAlgoGetHeuristic");

  const Trial trial(spec_);
  int chosen = -1;
  double least = 0;
  for (int i = 0; i < count; ++i) {
    const auto& candidate = candidates[static_cast<std::size_t>(i)];
    if (candidate.state != CUBLAS_STATUS_SUCCESS) continue;
    if (multiply(stream, trial.call(), candidate.algo) != CUBLAS_STATUS_SUCCESS) continue;
    stream.synchronize();
    double seconds = 0;
    if (measure)
      seconds = seconds_of(stream,
                           [&] { check(multiply(stream, trial.call(), candidate.algo), "cublasLtMatmul"); });
    if (chosen >= 0 && seconds >= kWorthIt * least) continue;
    chosen = i;
    least = seconds;
    algorithm_ = candidate.algo;
    if (!measure) break;
  }
  choice_ = fmt::format("{} {} x {} x {} {}: number {} of {}", gpu::name_of(spec_.epilogue), spec_.m, spec_.n,
                        spec_.k, gpu::name_of(spec_.inputs), chosen + 1, count);
  if (measure) choice_ += fmt::format(", {:.1f} us", least * 1e6);
  return chosen >= 0;
}

std::optional<CudaProduct> CudaProduct::make(cublasLtHandle_t cublas, const gpu::ProductSpec& spec,
                                             const CudaStream& stream, const CudaProductOptions& options) {
  gpu::check(spec);
  const bool is_activation = spec.epilogue != Epilogue::none && spec.epilogue != Epilogue::bias;
  if (spec.inputs == gpu::Type::float64 || (is_activation && !options.fuse_activations)) return std::nullopt;
  CudaProduct product(cublas, spec);
  if (!product.choose(stream, options.measure)) return std::nullopt;
  return product;
}

}  // namespace hpo::train::cuda
