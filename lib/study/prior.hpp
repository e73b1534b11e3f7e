// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "study/study.hpp"
#include "study/table.hpp"

namespace hpo::study {

/// The results of earlier studies: the group /prior, which is there only when there are any. Points are JSON
/// by name, active values only.
void write_prior(hid_t file, const Study& study);
/// Fills in Study::prior. Throws Fault.
void read_prior(hid_t file, std::uint64_t image_size, Study& study);

}  // namespace hpo::study
