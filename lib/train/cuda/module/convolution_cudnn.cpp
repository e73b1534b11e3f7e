// SPDX-License-Identifier: Apache-2.0
#include "train/cuda/module/convolution_cudnn.hpp"

#include <cudnn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "train/shared_library.hpp"

namespace hpo::train::cuda {

/// cuDNN's functions by their names, from the library that was opened.
class Cudnn {
 public:
  Cudnn() : library_("libcudnn.so." + std::to_string(CUDNN_MAJOR)) {
    if (!library_) return;
    find(create, "cudnnCreate");
    find(destroy, "cudnnDestroy");
    find(get_version, "cudnnGetVersion");
    find(error_string, "cudnnGetErrorString");
    find(set_stream, "cudnnSetStream");
    find(create_tensor, "cudnnCreateTensorDescriptor");
    find(destroy_tensor, "cudnnDestroyTensorDescriptor");
    find(set_tensor, "cudnnSetTensor4dDescriptor");
    find(create_filter, "cudnnCreateFilterDescriptor");
    find(destroy_filter, "cudnnDestroyFilterDescriptor");
    find(set_filter, "cudnnSetFilter4dDescriptor");
    find(create_convolution, "cudnnCreateConvolutionDescriptor");
    find(destroy_convolution, "cudnnDestroyConvolutionDescriptor");
    find(set_convolution, "cudnnSetConvolution2dDescriptor");
    find(set_math, "cudnnSetConvolutionMathType");
    find(forward_algorithms, "cudnnGetConvolutionForwardAlgorithm_v7");
    find(data_algorithms, "cudnnGetConvolutionBackwardDataAlgorithm_v7");
    find(filter_algorithms, "cudnnGetConvolutionBackwardFilterAlgorithm_v7");
    find(forward_bytes, "cudnnGetConvolutionForwardWorkspaceSize");
    find(data_bytes, "cudnnGetConvolutionBackwardDataWorkspaceSize");
    find(filter_bytes, "cudnnGetConvolutionBackwardFilterWorkspaceSize");
    find(forward, "cudnnConvolutionForward");
    find(backward_data, "cudnnConvolutionBackwardData");
    find(backward_filter, "cudnnConvolutionBackwardFilter");
    if (complete_ && create(&handle) != CUDNN_STATUS_SUCCESS) handle = nullptr;
  }
  ~Cudnn() {
    if (handle != nullptr) static_cast<void>(destroy(handle));
  }
  Cudnn(const Cudnn&) = delete;
  Cudnn& operator=(const Cudnn&) = delete;

  void check(cudnnStatus_t status, const char* call) const {
    if (status == CUDNN_STATUS_SUCCESS) return;
    throw Error(ExitCode::try_again, "GPU", fmt::format("{}: {}", call, error_string(status)),
                "look at the node's GPU (nvidia-smi, dmesg), then run again");
  }

  cudnnHandle_t handle = nullptr;
  decltype(&cudnnCreate) create = nullptr;
  decltype(&cudnnDestroy) destroy = nullptr;
  decltype(&cudnnGetVersion) get_version = nullptr;
  decltype(&cudnnGetErrorString) error_string = nullptr;
  decltype(&cudnnSetStream) set_stream = nullptr;
  decltype(&cudnnCreateTensorDescriptor) create_tensor = nullptr;
  decltype(&cudnnDestroyTensorDescriptor) destroy_tensor = nullptr;
  decltype(&cudnnSetTensor4dDescriptor) set_tensor = nullptr;
  decltype(&cudnnCreateFilterDescriptor) create_filter = nullptr;
  decltype(&cudnnDestroyFilterDescriptor) destroy_filter = nullptr;
  decltype(&cudnnSetFilter4dDescriptor) set_filter = nullptr;
  decltype(&cudnnCreateConvolutionDescriptor) create_convolution = nullptr;
  decltype(&cudnnDestroyConvolutionDescriptor) destroy_convolution = nullptr;
  decltype(&cudnnSetConvolution2dDescriptor) set_convolution = nullptr;
  decltype(&cudnnSetConvolutionMathType) set_math = nullptr;
  decltype(&cudnnGetConvolutionForwardAlgorithm_v7) forward_algorithms = nullptr;
  decltype(&cudnnGetConvolutionBackwardDataAlgorithm_v7) data_algorithms = nullptr;
  decltype(&cudnnGetConvolutionBackwardFilterAlgorithm_v7) filter_algorithms = nullptr;
  decltype(&cudnnGetConvolutionForwardWorkspaceSize) forward_bytes = nullptr;
  decltype(&cudnnGetConvolutionBackwardDataWorkspaceSize) data_bytes = nullptr;
  decltype(&cudnnGetConvolutionBackwardFilterWorkspaceSize) filter_bytes = nullptr;
  decltype(&cudnnConvolutionForward) forward = nullptr;
  decltype(&cudnnConvolutionBackwardData) backward_data = nullptr;
  decltype(&cudnnConvolutionBackwardFilter) backward_filter = nullptr;

 private:
  template <class Pointer>
  void find(Pointer& function, const char* name) {
    function = library_.function<std::remove_pointer_t<Pointer>>(name);
    complete_ = complete_ && function != nullptr;
  }

  SharedLibrary library_;
  bool complete_ = true;
};

namespace {

using gpu::ConvolutionPass;

/// The descriptors of one pass, owned.
class Pass final : public CudnnPass {
 public:
  Pass(std::shared_ptr<Cudnn> cudnn, const gpu::ConvolutionSpec& spec, ConvolutionPass pass)
      : cudnn_(std::move(cudnn)),
        pass_(pass),
        is_exact_(spec.type == gpu::Type::float32 && spec.products == gpu::Products::exact) {
    const cudnnDataType_t type = spec.type == gpu::Type::bfloat16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
    const int count = static_cast<int>(spec.count), height = static_cast<int>(spec.height),
              width = static_cast<int>(spec.width), channels = static_cast<int>(spec.channels),
              outputs = static_cast<int>(spec.outputs);
    const Cudnn& c = *cudnn_;
    c.check(c.create_tensor(&x_), "cudnnCreateTensorDescriptor");
    c.check(c.create_tensor(&y_), "cudnnCreateTensorDescriptor");
    c.check(c.create_filter(&weight_), "cudnnCreateFilterDescriptor");
    c.check(c.create_convolution(&convolution_), "cudnnCreateConvolutionDescriptor");
    c.check(c.set_tensor(x_, CUDNN_TENSOR_NHWC, type, count, channels, height, width),
            "cudnnSetTensor4dDescriptor");
    c.check(c.set_tensor(y_, CUDNN_TENSOR_NHWC, type, count, outputs, height, width),
            "cudnnSetTensor4dDescriptor");
    c.check(c.set_filter(weight_, type, CUDNN_TENSOR_NHWC, outputs, channels, 3, 3),
            "cudnnSetFilter4dDescriptor");
    c.check(c.set_convolution(convolution_, 1, 1, 1, 1, 1, 1, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
            "cudnnSetConvolution2dDescriptor");
    set_math(is_exact_ ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH);
  }
  ~Pass() override {
    if (convolution_ != nullptr) static_cast<void>(cudnn_->destroy_convolution(convolution_));
    if (weight_ != nullptr) static_cast<void>(cudnn_->destroy_filter(weight_));
    if (y_ != nullptr) static_cast<void>(cudnn_->destroy_tensor(y_));
    if (x_ != nullptr) static_cast<void>(cudnn_->destroy_tensor(x_));
  }
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  /// Takes the first algorithm that will do; false when there is none.
  [[nodiscard]] bool choose() {
    const Cudnn& c = *cudnn_;
    switch (pass_) {
      case ConvolutionPass::forward:
        return take<cudnnConvolutionFwdAlgoPerf_t>(
            forward_,
            [&](int most, int* found, auto* results) {
              return c.forward_algorithms(c.handle, x_, weight_, convolution_, y_, most, found, results);
            },
            [&](auto algorithm, std::size_t* bytes) {
              return c.forward_bytes(c.handle, x_, weight_, convolution_, y_, algorithm, bytes);
            });
      case ConvolutionPass::input_gradient:
        return take<cudnnConvolutionBwdDataAlgoPerf_t>(
            data_,
            [&](int most, int* found, auto* results) {
              return c.data_algorithms(c.handle, weight_, y_, convolution_, x_, most, found, results);
            },
            [&](auto algorithm, std::size_t* bytes) {
              return c.data_bytes(c.handle, weight_, y_, convolution_, x_, algorithm, bytes);
            });
      case ConvolutionPass::weight_gradient:
        return take<cudnnConvolutionBwdFilterAlgoPerf_t>(
            filter_,
            [&](int most, int* found, auto* results) {
              return c.filter_algorithms(c.handle, x_, y_, convolution_, weight_, most, found, results);
            },
            [&](auto algorithm, std::size_t* bytes) {
              return c.filter_bytes(c.handle, x_, y_, convolution_, weight_, algorithm, bytes);
            });
    }
    return false;
  }

  void run(const CudaStream& stream, const gpu::ConvolutionCall& call) override {
    const float one = 1, zero = 0;
    const Cudnn& c = *cudnn_;
    c.check(c.set_stream(c.handle, stream.get()), "cudnnSetStream");
    void* const workspace = bytes_ > 0 ? stream.workspace() : nullptr;
    switch (pass_) {
      case ConvolutionPass::forward:
        return c.check(c.forward(c.handle, &one, x_, call.x, weight_, call.weight, convolution_, forward_,
                                 workspace, bytes_, &zero, y_, call.y),
                       "cudnnConvolutionForward");
      case ConvolutionPass::input_gradient:
        return c.check(c.backward_data(c.handle, &one, weight_, call.weight, y_, call.y, convolution_, data_,
                                       workspace, bytes_, &zero, x_, call.x),
                       "cudnnConvolutionBackwardData");
      case ConvolutionPass::weight_gradient:
        return c.check(c.backward_filter(c.handle, &one, x_, call.x, y_, call.y, convolution_, filter_,
                                         workspace, bytes_, &zero, weight_, call.weight),
                       "cudnnConvolutionBackwardFilter");
    }
  }

 private:
  void set_math(cudnnMathType_t math) {
    cudnn_->check(cudnn_->set_math(convolution_, math), "cudnnSetConvolutionMathType");
  }

  template <class Result, class Algorithm, class List, class Bytes>
  bool take(Algorithm& algorithm, List list, Bytes bytes) {
    std::array<Result, 8> results{};
    int found = 0;
    if (list(static_cast<int>(results.size()), &found, results.data()) != CUDNN_STATUS_SUCCESS) return false;
    for (int i = 0; i < found; ++i) {
      const Result& result = results[static_cast<std::size_t>(i)];
      if (result.status != CUDNN_STATUS_SUCCESS || result.determinism != CUDNN_DETERMINISTIC) continue;
      // The default may round to tf32.
      if (is_exact_ && result.mathType != CUDNN_FMA_MATH && result.mathType != CUDNN_DEFAULT_MATH) continue;
      set_math(is_exact_ ? CUDNN_FMA_MATH : result.mathType);
      if (bytes(result.algo, &bytes_) != CUDNN_STATUS_SUCCESS || bytes_ > CudaStream::kWorkspaceBytes)
        continue;
      algorithm = result.algo;
      return true;
    }
    return false;
  }

  std::shared_ptr<Cudnn> cudnn_;
  ConvolutionPass pass_;
  bool is_exact_;
  cudnnTensorDescriptor_t x_ = nullptr, y_ = nullptr;
  cudnnFilterDescriptor_t weight_ = nullptr;
  cudnnConvolutionDescriptor_t convolution_ = nullptr;
  cudnnConvolutionFwdAlgo_t forward_{};
  cudnnConvolutionBwdDataAlgo_t data_{};
  cudnnConvolutionBwdFilterAlgo_t filter_{};
  std::size_t bytes_ = 0;
};

}  // namespace

std::shared_ptr<Cudnn> open_cudnn() {
  auto cudnn = std::make_shared<Cudnn>();
  return cudnn->handle == nullptr ? nullptr : cudnn;
}

std::string describe(const Cudnn& cudnn) {
  const std::size_t version = cudnn.get_version();
  return fmt::format("cuDNN {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

std::unique_ptr<CudnnPass> make_pass(const std::shared_ptr<Cudnn>& cudnn, const gpu::ConvolutionSpec& spec,
                                     ConvolutionPass pass) {
  if (!cudnn) return nullptr;
  auto made = std::make_unique<Pass>(cudnn, spec, pass);
  if (!made->choose()) return nullptr;
  return made;
}

}  // namespace hpo::train::cuda
