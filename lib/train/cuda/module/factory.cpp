// SPDX-License-Identifier: Apache-2.0
// The plugin's entries.
#include "train/cuda/abi.hpp"

extern "C" {
hpo::train::cuda::AbiFunction hpo_cuda_abi;
hpo::train::cuda::ProbeFunction hpo_cuda_probe;
hpo::train::cuda::MakeEngineFunction hpo_cuda_make_engine;
}

int hpo_cuda_abi() {
  return hpo::train::cuda::kAbi;
}

void hpo_cuda_probe(const hpo::train::cuda::Request& /*request*/, hpo::train::cuda::Refusal& refusal) {
  refusal = {"this build has no GPU trainer yet", "use device = \"cpu\""};
}

hpo::train::Engine* hpo_cuda_make_engine(const hpo::train::cuda::Request& /*request*/) {
  return nullptr;
}
