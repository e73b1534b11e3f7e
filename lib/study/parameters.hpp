// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "study/study.hpp"
#include "study/table.hpp"

namespace hpo::study {

/// The points of the trials, a column param_<name> a parameter, with what readers want to know of it as
/// attributes. Its attribute `stored` says how values are kept, so that every value comes back exactly:
///   int64           integers that are always active
///   float int bool  doubles, NaN where inactive
///   listed          doubles that stand for the number among the declared values, NaN where inactive
///   text            the text of one of the declared values, "" where inactive
///   json            what fits none of these: JSON, "" where inactive
void write_parameters(h5::TableWriter& table, const space::Space& space, const std::vector<Trial>& trials);
/// Fills in Trial::point. Throws Fault.
void read_parameters(const h5::TableReader& table, const space::Space& space, std::vector<Trial>& trials);

/// The columns' names in the order of the parameters.
[[nodiscard]] std::vector<std::string> parameter_columns(const space::Space& space);

}  // namespace hpo::study
