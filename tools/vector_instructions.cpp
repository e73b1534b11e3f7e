// SPDX-License-Identifier: Apache-2.0
// Part of the tools that search: their models are built with x86-64-v3, and a processor without it is told so
// in words, before the first static object is made. Built without such instructions itself.
#include <unistd.h>

#include <string_view>

namespace {

[[gnu::constructor(101)]] void require_vector_instructions() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
    return;
  constexpr std::string_view kText =
      "this processor has no AVX2, which the search's models are built with\n"
      "  try: a build with cmake -DHPO_ARCH=x86-64\n";
  // Should even this fail, the exit code still says it.
  [[maybe_unused]] const auto written = write(STDERR_FILENO, kText.data(), kText.size());
  _exit(1);
}

}  // namespace
