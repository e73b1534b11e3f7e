// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace hpo {

/// 64 random bits of the kernel as 16 hexadecimal digits: names an attempt, a generation, a submission.
[[nodiscard]] std::string make_nonce();
[[nodiscard]] std::string host_name();
[[nodiscard]] std::string user_name();
/// The environment variable, or "" when unset.
[[nodiscard]] std::string environment(const char* name);
/// The directory of the running executable.
[[nodiscard]] std::string executable_directory();

}  // namespace hpo
