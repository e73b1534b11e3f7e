// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/definition.hpp"

namespace hpo::flow {

/// What study::parse_definition cannot know: that the proposer, the promotion rule and their options exist,
/// and that the built-in trainer accepts [train] for a point of the space. Throws Error with the place in
/// study.toml.
void check(const study::Definition& definition);

}  // namespace hpo::flow
