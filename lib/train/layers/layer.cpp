// SPDX-License-Identifier: Apache-2.0
#include "train/layers/layer.hpp"

#include <cstdlib>

namespace hpo::train::layers {

std::unique_ptr<Layer> make_layer(const Spec& spec) {
  switch (spec.kind) {
    case Kind::linear:
      return linear(spec);
    case Kind::channels_last:
      return channels_last(spec);
    case Kind::convolution_pool:
      return convolution_pool(spec);
    case Kind::relu:
      return relu(spec);
    case Kind::gelu:
      return gelu(spec);
    case Kind::dropout:
      return dropout(spec);
    case Kind::batch_norm:
      return batch_norm(spec);
    case Kind::layer_norm:
      return layer_norm(spec);
  }
  std::abort();
}

}  // namespace hpo::train::layers
