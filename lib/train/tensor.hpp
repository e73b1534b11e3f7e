// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hpo::train {

using Shape = std::vector<std::int64_t>;

/// Product of the extents; 1 for a scalar's empty shape.
[[nodiscard]] std::int64_t element_count(const Shape& shape);

/// Floats on a 64-byte boundary, zero when made. Moves, never copies.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::int64_t size);
  /// At least `size` floats; what was in it is lost when it has to grow.
  float* reserve(std::int64_t size);
  [[nodiscard]] float* data() const { return data_.get(); }
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] std::span<float> span() const { return {data(), static_cast<std::size_t>(size_)}; }

 private:
  struct Free {
    void operator()(float* memory) const;
  };
  std::unique_ptr<float, Free> data_;
  std::int64_t size_ = 0;
};

/// One row of a tensor table: a named view into a flat buffer.
struct Tensor {
  std::string name;  ///< "layer0.weight"
  Shape shape;
  std::int64_t offset = 0;  ///< in floats, a multiple of 16 (one cache line)
  std::int64_t size = 0;
  bool decay = false;   ///< weight decay applies
  double init_std = 0;  ///< starts as normal noise with this deviation around `init_value`
  float init_value = 0;
};

/// The layout of a flat buffer. The gaps between tensors that alignment leaves stay zero.
class TensorTable {
 public:
  /// Appends a tensor (its offset and size are worked out here) and returns its offset.
  std::int64_t add(Tensor tensor);
  [[nodiscard]] const std::vector<Tensor>& tensors() const { return tensors_; }
  /// Floats in the whole buffer, gaps included.
  [[nodiscard]] std::int64_t extent() const { return extent_; }
  /// Floats in tensors.
  [[nodiscard]] std::int64_t element_count() const;

 private:
  std::vector<Tensor> tensors_;
  std::int64_t extent_ = 0;
};

/// Fills each tensor with its initial values. Tensor i draws from the stream (seed, Purpose::init_weights,
/// i): the same at any world size.
void initialize(const TensorTable& table, std::span<float> values, std::uint64_t seed);

}  // namespace hpo::train
