// SPDX-License-Identifier: Apache-2.0
#include "task/canary.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "slurm/submit.hpp"

namespace hpo::task {

Canary::~Canary() {
  if (thread_.joinable()) thread_.join();
}

void Canary::sings() {
  if (array_.empty() || thread_.joinable()) return;
  log::info("the first step is taken: the other tasks of job {} may start", array_);
  thread_ = std::thread([array = array_] {
    try {
      (void)slurm::release(array);  // it warns
    } catch (const Error& error) {
      log::warning("job {} is still held: {}", array, error.what());
    }
  });
}

}  // namespace hpo::task
