// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "space/space.hpp"

namespace hpo::space {

/// What a command may mention besides the parameters: "trial", "budget", "checkpoint_dir", ... No parameter
/// has such a name.
[[nodiscard]] const std::vector<std::string>& command_names();

/// The names in "{name}" forms of a text, in order. "{{" and "}}" stand for braces. Throws Error, whose
/// culprit is the text, on an unclosed or a stray brace and on what is not a name.
[[nodiscard]] std::vector<std::string> placeholders(const std::string& text);

/// Puts a trial's values into a JSON template. `values`: the active parameters by name; `inactive`: the
/// others. A string that is exactly "{name}" becomes the typed value, others have their placeholders replaced
/// by text. An object member or array element that is exactly the placeholder of an inactive parameter is
/// left out. Throws Error for an unknown name (with "did you mean") and for an inactive parameter inside a
/// longer text.
[[nodiscard]] nlohmann::ordered_json fill(const nlohmann::ordered_json& form, const nlohmann::json& values,
                                          const std::vector<std::string>& inactive);
/// The same with the values of a point.
[[nodiscard]] nlohmann::ordered_json fill(const nlohmann::ordered_json& form, const Space& space,
                                          const Point& point);
/// The names of the parameters that have no value in a point.
[[nodiscard]] std::vector<std::string> inactive_names(const Space& space, const Point& point);

/// The same for the words of a command. `values`: the active parameters and command_names() by name;
/// `inactive`: the other parameters. A word that mentions one of these is left out whole. Nothing ever passes
/// through a shell.
[[nodiscard]] std::vector<std::string> fill(const std::vector<std::string>& words,
                                            const nlohmann::json& values,
                                            const std::vector<std::string>& inactive);

}  // namespace hpo::space
