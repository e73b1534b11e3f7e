// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace hpo::report {

/// What Slurm's reason for not starting a job means, and what can be done about it.
struct Meaning {
  std::string text;    ///< "" for a reason that is not one of the frequent ones
  std::string remedy;  ///< a command or an edit, "{}" stands for the tasks; "": to wait
};

/// Reasons are compared up to the first ',' or ':', behind which names of nodes stand; '_' is a blank.
[[nodiscard]] Meaning meaning_of(std::string_view reason);

}  // namespace hpo::report
