// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "train/gpu/block.hpp"

/// What an engine asks of a device. Engines are templates over it: CudaDevice (cuda/module) is a GPU,
/// HostDevice (tests/support) runs the same programs on the CPU. A device has
///
///   class Stream, class Event, class Graph      move-only handles; work on one stream runs in order
///   Memory allocate(std::size_t bytes)          zeroed device memory, 256-byte aligned, freed by its
///                                               destructor; Memory has data() -> std::byte*, size()
///   Memory pinned(std::size_t bytes)            the same on the host, for copies that need not wait
///   std::size_t free_memory()                   bytes of device memory that nobody has
///   Stream make_stream(Priority = normal); Event make_event()
///   void copy(stream, void* to, const void* from, std::size_t bytes)   any direction, asynchronous
///   void zero(stream, void* to, std::size_t bytes)
///   void launch(stream, Grid, const Kernel&)    any kernel of gpu/kernels; the struct is copied
///   void record(event, stream); void wait(stream, event)
///   bool is_done(event)                         without waiting; throws Error when the device has failed
///   void synchronize(stream)
///   Graph capture(stream, f)                    f() enqueues on `stream` and on streams that it forks by
///                                               events and joins again; nothing runs, and f neither waits
///                                               nor allocates nor asks is_done
///   void replay(stream, graph)
///   std::optional<Product> make_product(ProductSpec)     nothing where the device has no algorithm for it
///   void run(stream, product, ProductCall)
///   Convolution make_convolution(ConvolutionSpec); void run(stream, convolution, pass, ConvolutionCall)
///   std::string describe()                      "NVIDIA H100, CUDA 13.0, ..."
///
/// Everything throws Error; a device that has failed is infrastructure (try_again).
namespace hpo::train::gpu {

/// Streams of high priority run first where both could: what other ranks wait for.
enum class Priority { normal, high };

enum class Type { float32, bfloat16, float64 };
/// How matrix products of float32 are made: exactly, or with inputs rounded to 10 bits of mantissa.
enum class Products { exact, tf32 };

/// What a product does beside multiplying. Row-major throughout; act is relu or gelu (tanh form).
enum class Epilogue {
  none,           ///< D = A B
  bias,           ///< D = A B + bias, to each row
  relu_bias,      ///< D = relu(A B + bias)
  gelu_bias,      ///< D = gelu(A B + bias)
  relu_gradient,  ///< D = (A B) * relu', bias_gradient = column sums of D
  gelu_gradient,  ///< D = (A B) * gelu', bias_gradient = column sums of D
};

/// D (m x n) = op(A) (m x k) op(B) (k x n).
struct ProductSpec {
  std::int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false;     ///< A is stored k x m
  bool transpose_b = false;     ///< B is stored n x k
  Type inputs = Type::float32;  ///< of A, B and bias
  Type output = Type::float32;  ///< of D
  Type bias_gradient = Type::float32;
  Products products = Products::exact;
  Epilogue epilogue = Epilogue::none;
  bool keeps_aux = false;  ///< a forward epilogue keeps what the gradient's needs
};
/// Bytes that the epilogue keeps between forward and backward, for a forward product m x n.
[[nodiscard]] std::size_t aux_bytes(Epilogue epilogue, Type type, std::int64_t m, std::int64_t n);

struct ProductCall {
  const void* a = nullptr;
  const void* b = nullptr;
  void* d = nullptr;
  const void* bias = nullptr;
  void* aux = nullptr;  ///< written by the forward epilogues, read by the gradients
  void* bias_gradient = nullptr;
};

/// 3x3 convolution, zero padding 1, stride 1, channels last: x is count x height x width x channels, y has
/// `outputs` channels, the weight is outputs x 3 x 3 x channels.
struct ConvolutionSpec {
  std::int64_t count = 0, height = 0, width = 0, channels = 0, outputs = 0;
  Type type = Type::float32;  ///< of x, y, weight and their derivatives but the weight's
  Products products = Products::exact;
  bool input_gradient = true;  ///< the first layer needs none
};
enum class ConvolutionPass { forward, input_gradient, weight_gradient };
struct ConvolutionCall {
  void* x = nullptr;       ///< input_gradient: dx is written here
  void* y = nullptr;       ///< forward: written; else dy
  void* weight = nullptr;  ///< weight_gradient: written, float32 (float64 for float64)
};

}  // namespace hpo::train::gpu
