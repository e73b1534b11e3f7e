// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "propose/model_based.hpp"

namespace hpo::propose {

/// What stands in for a model while there is none: a study's first trial is the middle of every range
/// (categories drawn), since people put what they believe in there; all others are the design's.
/// `encoding` must outlive it.
[[nodiscard]] std::unique_ptr<ModelBased::Session> opening(const surrogate::Encoding& encoding,
                                                           const space::History& history);

}  // namespace hpo::propose
