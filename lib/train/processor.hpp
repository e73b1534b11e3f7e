// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace hpo::train {

/// The x86-64 level (psABI) of the processor at hand: 4 (AVX-512), 3 (AVX2 and FMA) or 2; 0 on other
/// architectures, where processor_other.cpp is built.
[[nodiscard]] int x86_64_level();

}  // namespace hpo::train
