// SPDX-License-Identifier: Apache-2.0
#include "train/cuda/module/update.hpp"

namespace hpo::train::cuda {
namespace {

constexpr int kThreads = 256;

template <class Step>
__global__ void one_state(const Step step, const Update update) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= update.size) return;
  update.parameters[i] = step(update.parameters[i], update.gradients[i] * update.factor, update.first[i]);
}

template <class Step>
__global__ void two_states(const Step step, const Update update) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= update.size) return;
  update.parameters[i] =
      step(update.parameters[i], update.gradients[i] * update.factor, update.first[i], update.second[i]);
}

template <class Step>
cudaError_t run(void (*kernel)(Step, Update), const Step& step, const Update& update, cudaStream_t stream) {
  if (update.size == 0) return cudaSuccess;
  const auto blocks = static_cast<unsigned>((update.size + kThreads - 1) / kThreads);
  kernel<<<blocks, kThreads, 0, stream>>>(step, update);
  return cudaGetLastError();
}

}  // namespace

cudaError_t launch(const optim::SgdStep& step, const Update& update, cudaStream_t stream) {
  return run<optim::SgdStep>(one_state, step, update, stream);
}

cudaError_t launch(const optim::AdamStep& step, const Update& update, cudaStream_t stream) {
  return run<optim::AdamStep>(two_states, step, update, stream);
}

cudaError_t launch(const optim::RmspropStep& step, const Update& update, cudaStream_t stream) {
  return run<optim::RmspropStep>(two_states, step, update, stream);
}

}  // namespace hpo::train::cuda
