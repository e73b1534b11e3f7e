// SPDX-License-Identifier: Apache-2.0
#include "train/engine.hpp"

#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "train/cpu_engine.hpp"
#include "train/gemm.hpp"

namespace hpo::train {

std::unique_ptr<Engine> make_engine(const Config& config, const std::vector<std::int64_t>& inputs,
                                    std::int64_t outputs, std::uint64_t seed, comm::Communicator& world) {
  return std::make_unique<CpuEngine>(config, inputs, outputs, seed, world);
}

std::string describe_build() {
  std::vector<std::string> products;
  for (const GemmBackend& backend : gemm_backends()) products.push_back(backend.describe);
  return "matrix product  " + join(products, ", ");
}

}  // namespace hpo::train
