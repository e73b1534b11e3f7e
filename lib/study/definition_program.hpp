// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "space/space.hpp"
#include "study/definition.hpp"
#include "study/definition_table.hpp"

namespace hpo::study {

/// [run] or [train], exactly one: fills in `command` or `train` of a definition whose space is there, and
/// checks that their placeholders name what there is, can be filled where a parameter is inactive, and leave
/// no parameter unused.
void read_program(const Table& root, Definition& definition);

}  // namespace hpo::study
