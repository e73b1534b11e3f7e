// SPDX-License-Identifier: Apache-2.0
#include "train/processor.hpp"

namespace hpo::train {

int x86_64_level() {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512vl"))
    return 4;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 3 : 2;
}

}  // namespace hpo::train
