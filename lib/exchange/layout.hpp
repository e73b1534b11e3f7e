// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/file_system.hpp"

namespace hpo::exchange {

/// The folders beside a study file NAME.h5, in NAME.h5.d: where jobs and tools meet.
struct Layout {
  fs::path file;         ///< NAME.h5, absolute
  fs::path directory;    ///< NAME.h5.d
  fs::path generations;  ///< gen
  fs::path manifests;    ///< man
  fs::path segments;     ///< seg
  fs::path checkpoints;  ///< ckpt
  fs::path logs;         ///< logs
  [[nodiscard]] static Layout of(const fs::path& study_file);
};

}  // namespace hpo::exchange
