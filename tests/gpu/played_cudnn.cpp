// SPDX-License-Identifier: Apache-2.0
// The calls of cuDNN that convolutions make, played on the CPU: a library that takes the place of
// libcudnn.so.9. Plain loops in cuDNN's terms. Of the algorithms that it names the first is not
// deterministic, the second wants more memory than there is.
#include <cudnn.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "train/gpu/element.hpp"

struct cudnnContext {};
struct cudnnTensorStruct {
  cudnnDataType_t type;
  int n, c, h, w;
};
struct cudnnFilterStruct {
  cudnnDataType_t type;
  int k, c, h, w;
};
struct cudnnConvolutionStruct {
  int pad_h, pad_w, u, v;
  cudnnMathType_t math;
};

namespace {

using hpo::train::gpu::Bfloat16;

constexpr int kGood = 2;
constexpr std::size_t kTooMuch = std::size_t{1} << 40;

double get(cudnnDataType_t type, const void* memory, std::int64_t index) {
  if (type == CUDNN_DATA_BFLOAT16) return static_cast<float>(static_cast<const Bfloat16*>(memory)[index]);
  return static_cast<const float*>(memory)[index];
}
void put(cudnnDataType_t type, void* memory, const std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (type == CUDNN_DATA_BFLOAT16)
      static_cast<Bfloat16*>(memory)[i] = Bfloat16(static_cast<float>(values[i]));
    else
      static_cast<float*>(memory)[i] = static_cast<float>(values[i]);
}

std::int64_t place(const cudnnTensorStruct& t, int n, int c, int h, int w) {
  return ((std::int64_t{n} * t.h + h) * t.w + w) * t.c + c;
}
std::int64_t place(const cudnnFilterStruct& f, int k, int c, int r, int s) {
  return ((std::int64_t{k} * f.h + r) * f.w + s) * f.c + c;
}

/// f(place in x, place in the filter, place in y) for every product of a convolution.
template <class F>
void each(const cudnnTensorStruct& x, const cudnnFilterStruct& w, const cudnnTensorStruct& y,
          const cudnnConvolutionStruct& convolution, F f) {
  for (int n = 0; n < y.n; ++n)
    for (int p = 0; p < y.h; ++p)
      for (int q = 0; q < y.w; ++q)
        for (int r = 0; r < w.h; ++r)
          for (int s = 0; s < w.w; ++s) {
            const int row = p * convolution.u + r - convolution.pad_h;
            const int column = q * convolution.v + s - convolution.pad_w;
            if (row < 0 || row >= x.h || column < 0 || column >= x.w) continue;
            for (int k = 0; k < w.k; ++k)
              for (int c = 0; c < w.c; ++c)
                f(place(x, n, c, row, column), place(w, k, c, r, s), place(y, n, k, p, q));
          }
}

bool fits(cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t y) {
  return x->c == w->c && y->c == w->k && x->n == y->n && x->h == y->h && x->w == y->w && x->type == w->type &&
         x->type == y->type;
}

template <class Result>
cudnnStatus_t list(bool fit, cudnnConvolutionDescriptor_t convolution, int most, int* found,
                   Result* results) {
  if (!fit || most <= kGood) return CUDNN_STATUS_NOT_SUPPORTED;
  for (int i = 0; i <= kGood; ++i) {
    results[i] = {};
    results[i].algo = static_cast<decltype(results[i].algo)>(i);
    results[i].status = CUDNN_STATUS_SUCCESS;
    results[i].determinism = i == 0 ? CUDNN_NON_DETERMINISTIC : CUDNN_DETERMINISTIC;
    results[i].mathType = convolution->math;
  }
  *found = kGood + 1;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t memory_for(int algorithm, size_t* bytes) {
  *bytes = algorithm == kGood ? 16 : kTooMuch;
  return CUDNN_STATUS_SUCCESS;
}

bool may_run(int algorithm, const void* alpha, const void* beta, const void* workspace, size_t bytes) {
  return algorithm == kGood && *static_cast<const float*>(alpha) == 1 &&
         *static_cast<const float*>(beta) == 0 && workspace != nullptr && bytes == 16;
}

}  // namespace

extern "C" {
size_t cudnnGetVersion() {
  return 91900;
}
const char* cudnnGetErrorString(cudnnStatus_t) {
  return "played";
}
cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  *handle = new cudnnContext;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  delete handle;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t, cudaStream_t) {
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* made) {
  *made = new cudnnTensorStruct{};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor) {
  delete tensor;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t format,
                                         cudnnDataType_t type, int n, int c, int h, int w) {
  *tensor = {type, n, c, h, w};
  return format == CUDNN_TENSOR_NHWC ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
}
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* made) {
  *made = new cudnnFilterStruct{};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filter) {
  delete filter;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k, int c, int h, int w) {
  *filter = {type, k, c, h, w};
  return format == CUDNN_TENSOR_NHWC ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
}
cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* made) {
  *made = new cudnnConvolutionStruct{};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t convolution) {
  delete convolution;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t convolution, int pad_h, int pad_w,
                                              int u, int v, int dilation_h, int dilation_w,
                                              cudnnConvolutionMode_t mode, cudnnDataType_t compute) {
  *convolution = {pad_h, pad_w, u, v, CUDNN_DEFAULT_MATH};
  const bool known =
      dilation_h == 1 && dilation_w == 1 && mode == CUDNN_CROSS_CORRELATION && compute == CUDNN_DATA_FLOAT;
  return known ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
}
cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t convolution, cudnnMathType_t math) {
  convolution->math = math;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t, const cudnnTensorDescriptor_t x,
                                                     const cudnnFilterDescriptor_t w,
                                                     const cudnnConvolutionDescriptor_t convolution,
                                                     const cudnnTensorDescriptor_t y, const int most,
                                                     int* found, cudnnConvolutionFwdAlgoPerf_t* results) {
  return list(fits(x, w, y), convolution, most, found, results);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnnHandle_t, const cudnnFilterDescriptor_t w,
                                                          const cudnnTensorDescriptor_t y,
                                                          const cudnnConvolutionDescriptor_t convolution,
                                                          const cudnnTensorDescriptor_t x, const int most,
                                                          int* found,
                                                          cudnnConvolutionBwdDataAlgoPerf_t* results) {
  return list(fits(x, w, y), convolution, most, found, results);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnnHandle_t, const cudnnTensorDescriptor_t x,
                                                            const cudnnTensorDescriptor_t y,
                                                            const cudnnConvolutionDescriptor_t convolution,
                                                            const cudnnFilterDescriptor_t w, const int most,
                                                            int* found,
                                                            cudnnConvolutionBwdFilterAlgoPerf_t* results) {
  return list(fits(x, w, y), convolution, most, found, results);
}
cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t, const cudnnTensorDescriptor_t,
                                                      const cudnnFilterDescriptor_t,
                                                      const cudnnConvolutionDescriptor_t,
                                                      const cudnnTensorDescriptor_t,
                                                      cudnnConvolutionFwdAlgo_t algorithm, size_t* bytes) {
  return memory_for(algorithm, bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(cudnnHandle_t, const cudnnFilterDescriptor_t,
                                                           const cudnnTensorDescriptor_t,
                                                           const cudnnConvolutionDescriptor_t,
                                                           const cudnnTensorDescriptor_t,
                                                           cudnnConvolutionBwdDataAlgo_t algorithm,
                                                           size_t* bytes) {
  return memory_for(algorithm, bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(cudnnHandle_t, const cudnnTensorDescriptor_t,
                                                             const cudnnTensorDescriptor_t,
                                                             const cudnnConvolutionDescriptor_t,
                                                             const cudnnFilterDescriptor_t,
                                                             cudnnConvolutionBwdFilterAlgo_t algorithm,
                                                             size_t* bytes) {
  return memory_for(algorithm, bytes);
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t, const void* alpha, const cudnnTensorDescriptor_t x_shape,
                                      const void* x, const cudnnFilterDescriptor_t w_shape, const void* w,
                                      const cudnnConvolutionDescriptor_t convolution,
                                      cudnnConvolutionFwdAlgo_t algorithm, void* workspace, size_t bytes,
                                      const void* beta, const cudnnTensorDescriptor_t y_shape, void* y) {
  if (!may_run(algorithm, alpha, beta, workspace, bytes)) return CUDNN_STATUS_BAD_PARAM;
  std::vector<double> sums(static_cast<std::size_t>(place(*y_shape, y_shape->n, 0, 0, 0)));
  each(*x_shape, *w_shape, *y_shape, *convolution, [&](std::int64_t i, std::int64_t j, std::int64_t o) {
    sums[static_cast<std::size_t>(o)] += get(x_shape->type, x, i) * get(w_shape->type, w, j);
  });
  put(y_shape->type, y, sums);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t, const void* alpha,
                                           const cudnnFilterDescriptor_t w_shape, const void* w,
                                           const cudnnTensorDescriptor_t dy_shape, const void* dy,
                                           const cudnnConvolutionDescriptor_t convolution,
                                           cudnnConvolutionBwdDataAlgo_t algorithm, void* workspace,
                                           size_t bytes, const void* beta,
                                           const cudnnTensorDescriptor_t dx_shape, void* dx) {
  if (!may_run(algorithm, alpha, beta, workspace, bytes)) return CUDNN_STATUS_BAD_PARAM;
  std::vector<double> sums(static_cast<std::size_t>(place(*dx_shape, dx_shape->n, 0, 0, 0)));
  each(*dx_shape, *w_shape, *dy_shape, *convolution, [&](std::int64_t i, std::int64_t j, std::int64_t o) {
    sums[static_cast<std::size_t>(i)] += get(w_shape->type, w, j) * get(dy_shape->type, dy, o);
  });
  put(dx_shape->type, dx, sums);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t, const void* alpha,
                                             const cudnnTensorDescriptor_t x_shape, const void* x,
                                             const cudnnTensorDescriptor_t dy_shape, const void* dy,
                                             const cudnnConvolutionDescriptor_t convolution,
                                             cudnnConvolutionBwdFilterAlgo_t algorithm, void* workspace,
                                             size_t bytes, const void* beta,
                                             const cudnnFilterDescriptor_t dw_shape, void* dw) {
  if (!may_run(algorithm, alpha, beta, workspace, bytes)) return CUDNN_STATUS_BAD_PARAM;
  std::vector<double> sums(static_cast<std::size_t>(place(*dw_shape, dw_shape->k, 0, 0, 0)));
  each(*x_shape, *dw_shape, *dy_shape, *convolution, [&](std::int64_t i, std::int64_t j, std::int64_t o) {
    sums[static_cast<std::size_t>(j)] += get(x_shape->type, x, i) * get(dy_shape->type, dy, o);
  });
  put(dw_shape->type, dw, sums);
  return CUDNN_STATUS_SUCCESS;
}
}
