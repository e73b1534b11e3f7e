// SPDX-License-Identifier: Apache-2.0
#include "train/tensor.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <new>
#include <numeric>
#include <utility>

#include "base/random.hpp"

namespace hpo::train {
namespace {
constexpr std::int64_t kFloatsPerLine = 16;

std::int64_t round_up(std::int64_t floats) {
  return (floats + kFloatsPerLine - 1) / kFloatsPerLine * kFloatsPerLine;
}
}  // namespace

std::int64_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

AlignedBuffer::AlignedBuffer(std::int64_t size) : size_(size) {
  const auto bytes = static_cast<std::size_t>(round_up(std::max(size, std::int64_t{1}))) * sizeof(float);
  data_.reset(static_cast<float*>(std::aligned_alloc(64, bytes)));
  if (data_ == nullptr) throw std::bad_alloc();
  std::fill_n(data_.get(), bytes / sizeof(float), 0.0F);
}

float* AlignedBuffer::reserve(std::int64_t size) {
  if (size > size_ || data_ == nullptr) *this = AlignedBuffer(size);
  return data();
}

void AlignedBuffer::Free::operator()(float* memory) const {
  std::free(memory);
}

std::int64_t TensorTable::add(Tensor tensor) {
  tensor.offset = extent_;
  tensor.size = train::element_count(tensor.shape);
  extent_ += round_up(tensor.size);
  tensors_.push_back(std::move(tensor));
  return tensors_.back().offset;
}

std::int64_t TensorTable::element_count() const {
  std::int64_t sum = 0;
  for (const Tensor& tensor : tensors_) sum += tensor.size;
  return sum;
}

void initialize(const TensorTable& table, std::span<float> values, std::uint64_t seed) {
  std::uint64_t index = 0;
  for (const Tensor& tensor : table.tensors()) {
    Stream stream(seed, Purpose::init_weights, index++);
    for (float& value :
         values.subspan(static_cast<std::size_t>(tensor.offset), static_cast<std::size_t>(tensor.size)))
      value = tensor.init_value +
              (tensor.init_std > 0 ? static_cast<float>(tensor.init_std * stream.normal()) : 0.0F);
  }
}

}  // namespace hpo::train
