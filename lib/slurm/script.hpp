// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

namespace hpo::slurm {

/// Puts values in the place of @NAME@ in a template (upper case letters and _). Throws Error naming the
/// template for a name without a value and for a value nobody asked for: a template and its renderer cannot
/// drift apart.
[[nodiscard]] std::string render(const std::string& name, const std::string& text,
                                 const std::map<std::string, std::string>& values);

/// A word for a POSIX shell: as it is when harmless, else in single quotes.
[[nodiscard]] std::string shell_word(const std::string& text);

}  // namespace hpo::slurm
