// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "train/gemm.hpp"

namespace hpo::train {

/// Each in a file of its own; nothing when it was not built (then the file is gemm_NAME_absent.cpp) or its
/// library does not load here. Libraries are opened at run time: OpenBLAS reads its settings while it loads,
/// and a program that does not train need not wait for them.
[[nodiscard]] std::optional<GemmBackend> gemm_onednn();
[[nodiscard]] std::optional<GemmBackend> gemm_openblas();
[[nodiscard]] GemmBackend gemm_eigen();

}  // namespace hpo::train
