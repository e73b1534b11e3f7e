// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <vector>

#include "train/clones.hpp"
#include "train/gemm.hpp"
#include "train/layers/columns.hpp"
#include "train/layers/layer.hpp"

namespace hpo::train::layers {
namespace {

/// An image, channels last.
struct Extent {
  std::int64_t height, width, channels;
};

/// One row of patches for one row of the kernel, pieces of three pixels: `step` floats from one piece to the
/// next.
inline void copy_pieces(std::int64_t width, std::int64_t channels, std::int64_t step, const float* row,
                        float* to) {
  const auto copy = [&](std::int64_t x, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[x * step + i] = row[(x - 1) * channels + i];
  };
  std::fill_n(to, channels, 0.0F);
  copy(0, channels, width == 1 ? 2 * channels : 3 * channels);
  for (std::int64_t x = 1; x + 1 < width; ++x) copy(x, 0, 3 * channels);
  if (width > 1) copy(width - 1, 0, 2 * channels);
  std::fill_n(to + (width - 1) * step + 2 * channels, channels, 0.0F);
}

/// patches (height width x 3 3 channels) from image (height x width x channels): each row is what one output
/// pixel sees, zeros outside the image. The three pixels side by side are one contiguous piece.
HPO_CLONES void image_to_patches(const Extent& e, const float* __restrict image, float* __restrict patches) {
  const std::int64_t piece = 3 * e.channels;
  for (std::int64_t y = 0; y < e.height; ++y)
    for (std::int64_t ky = 0; ky < 3; ++ky) {
      const std::int64_t from = y + ky - 1;
      float* to = patches + y * e.width * 3 * piece + ky * piece;
      const float* row = image + from * e.width * e.channels;
      if (from < 0 || from >= e.height)
        for (std::int64_t x = 0; x < e.width; ++x) std::fill_n(to + x * 3 * piece, piece, 0.0F);
      else if (e.channels == 1)
        copy_pieces(e.width, 1, 9, row,
                    to);  // constants: grey images are common, and their pieces too short for a loop
      else
        copy_pieces(e.width, e.channels, 3 * piece, row, to);
    }
}

/// The transpose: image = sum of the patches' elements where they came from.
HPO_CLONES void patches_to_image(const Extent& e, const float* __restrict patches, float* __restrict image) {
  const std::int64_t piece = 3 * e.channels;
  std::fill_n(image, e.height * e.width * e.channels, 0.0F);
  for (std::int64_t y = 0; y < e.height; ++y)
    for (std::int64_t ky = 0; ky < 3; ++ky) {
      const std::int64_t to = y + ky - 1;
      if (to < 0 || to >= e.height) continue;
      const float* from = patches + y * e.width * 3 * piece + ky * piece;
      float* row = image + to * e.width * e.channels;
      for (std::int64_t x = 0; x < e.width; ++x, from += 3 * piece) {
        const std::int64_t begin = x == 0 ? e.channels : 0;
        const std::int64_t end = piece - (x + 1 == e.width ? e.channels : 0);
        for (std::int64_t i = begin; i < end; ++i) row[(x - 1) * e.channels + i] += from[i];
      }
    }
}

/// The four pixels that pooling makes one.
template <class Float>
struct Block {
  Float *a, *b, *c, *d;
};

template <class Float>
Block<Float> block_at(const Extent& e, Float* image, std::int64_t y, std::int64_t x) {
  Float* upper = image + (2 * y * e.width + 2 * x) * e.channels;
  Float* lower = upper + e.width * e.channels;
  return {upper, upper + e.channels, lower, lower + e.channels};
}

inline void pool_block(std::int64_t channels, const float* __restrict a, const float* __restrict b,
                       const float* __restrict c, const float* __restrict d, const float* __restrict bias,
                       float* __restrict pooled, std::int32_t* __restrict which) {
  for (std::int64_t i = 0; i < channels; ++i) {
    const float upper = b[i] > a[i] ? b[i] : a[i];
    const float lower = d[i] > c[i] ? d[i] : c[i];
    const int upper_place = b[i] > a[i] ? 1 : 0;
    const int lower_place = d[i] > c[i] ? 3 : 2;
    pooled[i] = (lower > upper ? lower : upper) + bias[i];
    which[i] = lower > upper ? lower_place : upper_place;
  }
}

inline void unpool_block(std::int64_t channels, const float* __restrict pooled,
                         const std::int32_t* __restrict which, float* __restrict a, float* __restrict b,
                         float* __restrict c, float* __restrict d) {
  for (std::int64_t i = 0; i < channels; ++i) {
    const float value = pooled[i];
    const std::int32_t place = which[i];
    a[i] = place == 0 ? value : 0;
    b[i] = place == 1 ? value : 0;
    c[i] = place == 2 ? value : 0;
    d[i] = place == 3 ? value : 0;
  }
}

/// pooled = largest of each 2x2 block + bias; which = its place in the block (0 to 3, the first of equals).
HPO_CLONES void max_pool(const Extent& e, const float* image, const float* bias, float* pooled,
                         std::int32_t* which) {
  for (std::int64_t y = 0; y < e.height / 2; ++y)
    for (std::int64_t x = 0; x < e.width / 2; ++x, pooled += e.channels, which += e.channels) {
      const Block<const float> from = block_at(e, image, y, x);
      pool_block(e.channels, from.a, from.b, from.c, from.d, bias, pooled, which);
    }
}

/// The transpose: each derivative goes to the pixel it came from, the others get 0 (so do an odd last row and
/// column).
HPO_CLONES void max_unpool(const Extent& e, const float* pooled, const std::int32_t* which, float* image) {
  if (e.height % 2 != 0 || e.width % 2 != 0) std::fill_n(image, e.height * e.width * e.channels, 0.0F);
  for (std::int64_t y = 0; y < e.height / 2; ++y)
    for (std::int64_t x = 0; x < e.width / 2; ++x, pooled += e.channels, which += e.channels) {
      const Block<float> to = block_at(e, image, y, x);
      unpool_block(e.channels, pooled, which, to.a, to.b, to.c, to.d);
    }
}

/// Convolution as a matrix product over patches, a few images at a time so that patches stay in the cache.
/// Nothing of the size of an unpooled image outlives a call: backward makes the patches again, which is
/// cheaper than keeping them.
class ConvolutionPool : public Layer {
 public:
  explicit ConvolutionPool(const Spec& spec)
      : Layer(spec.output),
        input_{spec.input.at(0), spec.input.at(1), spec.input.at(2)},
        convolved_{input_.height, input_.width, spec.output.at(2)},
        pixels_(input_.height * input_.width),
        patch_(9 * input_.channels),
        pooled_(element_count(output())),
        weight_(spec.weight),
        bias_(spec.bias) {
    const std::int64_t outputs = convolved_.channels;
    constexpr std::int64_t kCacheFloats =
        96 * 1024;  // patches and their products: well inside a 1 MB second level
    images_ = std::max<std::int64_t>(1, kCacheFloats / (pixels_ * (patch_ + outputs)));
    patches_.reserve(images_ * pixels_ * patch_);
    image_.reserve(images_ * pixels_ * outputs);
  }

  void forward(const Pass& pass, const float* x, float* y) override {
    which_.resize(static_cast<std::size_t>(pass.count * pooled_));
    for (std::int64_t first = 0; first < pass.count; first += images_) {
      const std::int64_t count = std::min(images_, pass.count - first);
      make_patches(x, first, count);
      sgemm(Transpose::no, Transpose::yes, count * pixels_, convolved_.channels, patch_, 1, patches_.data(),
            patch_, pass.parameters + weight_, patch_, 0, image_.data(), convolved_.channels);
      for (std::int64_t i = 0; i < count; ++i)
        max_pool(convolved_, image_.data() + i * pixels_ * convolved_.channels, pass.parameters + bias_,
                 y + (first + i) * pooled_, which_.data() + (first + i) * pooled_);
    }
  }

  void backward(const Pass& pass, const float* x, const float*, const float* dy, float* dx) override {
    const std::int64_t outputs = convolved_.channels;
    std::fill_n(pass.gradients + weight_, outputs * patch_, 0.0F);
    std::fill_n(pass.gradients + bias_, outputs, 0.0F);
    add_column_sums(pass.count * pooled_ / outputs, outputs, dy, pass.gradients + bias_);
    for (std::int64_t first = 0; first < pass.count; first += images_) {
      const std::int64_t count = std::min(images_, pass.count - first);
      for (std::int64_t i = 0; i < count; ++i)
        max_unpool(convolved_, dy + (first + i) * pooled_, which_.data() + (first + i) * pooled_,
                   image_.data() + i * pixels_ * outputs);
      make_patches(x, first, count);
      sgemm(Transpose::yes, Transpose::no, outputs, patch_, count * pixels_, 1, image_.data(), outputs,
            patches_.data(), patch_, 1, pass.gradients + weight_, patch_);
      if (dx == nullptr) continue;
      sgemm(Transpose::no, Transpose::no, count * pixels_, patch_, outputs, 1, image_.data(), outputs,
            pass.parameters + weight_, patch_, 0, patches_.data(), patch_);
      for (std::int64_t i = 0; i < count; ++i)
        patches_to_image(input_, patches_.data() + i * pixels_ * patch_,
                         dx + (first + i) * pixels_ * input_.channels);
    }
  }

 private:
  void make_patches(const float* x, std::int64_t first, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i)
      image_to_patches(input_, x + (first + i) * pixels_ * input_.channels,
                       patches_.data() + i * pixels_ * patch_);
  }

  Extent input_, convolved_;
  std::int64_t pixels_, patch_, pooled_;
  std::int64_t weight_, bias_;
  std::int64_t images_ = 1;          ///< at a time
  AlignedBuffer patches_, image_;    ///< of that many images
  std::vector<std::int32_t> which_;  ///< of the whole batch; as wide as the floats, for the loops' sake
};

}  // namespace

std::unique_ptr<Layer> convolution_pool(const Spec& spec) {
  return std::make_unique<ConvolutionPool>(spec);
}

}  // namespace hpo::train::layers
