// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/study.hpp"

namespace hpo::study {

struct Hours {
  double node = 0, gpu = 0, core = 0;
};

/// What all attempts have held so far: node-hours as they were measured, GPU- and core-hours in the
/// proportion to nodes in which the rung's arrays ask for them. O(tasks + submissions).
[[nodiscard]] Hours spent(const Study& study);

/// The worst case of what has been promised to arrays and has not ended.
[[nodiscard]] Hours reserved(const Study& study);

}  // namespace hpo::study
