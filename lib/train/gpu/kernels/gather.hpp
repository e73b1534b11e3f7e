// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"

namespace hpo::train::gpu {

/// A batch from the samples that lie on the device: to[r] = from[rows[r]] * scale + shift, each `width`
/// values, and 0 in the dead rows behind *samples.
template <class From, class To>
struct Gather {
  std::int64_t count, width;  ///< of rows in `to`; of values in a row
  const std::int64_t* samples;
  const std::uint32_t* rows;
  const From* from;
  float scale, shift;
  To* to;

  [[nodiscard]] Grid grid() const {
    constexpr std::int64_t kEnough = 8192;
    return {count < 1 ? 1 : (count > kEnough ? kEnough : count), width > 128 ? 256 : 32};
  }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    for (std::int64_t r = block.index(); r < count; r += block.count()) {
      const bool is_there = r < *samples;
      const From* source = from + (is_there ? static_cast<std::int64_t>(rows[r]) : 0) * width;
      block.each(width, [&](std::int64_t i) { to[r * width + i] = is_there ? value(source[i]) : To(0); });
    }
  }

 private:
  HPO_BOTH To value(From x) const {
    if constexpr (std::is_same_v<From, To>)
      return x;  // labels, and values that were standardised before
    else
      return static_cast<To>(static_cast<float>(x) * scale + shift);
  }
};

}  // namespace hpo::train::gpu
