// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace hpo::report {

/// The content of tests/unit/report/golden/NAME. With HPO_GOLDEN=update in the environment `text` is written
/// there first: look at the difference before committing it.
[[nodiscard]] std::string golden(const std::string& name, const std::string& text);

}  // namespace hpo::report
