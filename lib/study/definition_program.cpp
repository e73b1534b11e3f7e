// SPDX-License-Identifier: Apache-2.0
#include "study/definition_program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "space/placeholder.hpp"

namespace hpo::study {
namespace {

using Json = nlohmann::ordered_json;

bool can_be_inactive(const space::Space& space, const std::string& name) {
  const auto index = space.index_of(name);
  if (!index) return false;
  const auto& p = space.parameters()[*index];
  if (p.when) return true;
  return p.formula && std::ranges::any_of(p.formula->names(), [&space](const std::string& other) {
           return can_be_inactive(space, other);
         });
}

// The placeholders of a text at `path`, each one of `known`.
std::vector<std::string> read_placeholders(const Table& root, const std::string& path,
                                           const std::string& text, const std::vector<std::string>& known) {
  std::vector<std::string> names;
  try {
    names = space::placeholders(text);
  } catch (const Error& error) {
    root.fail(path, error.reason(), error.next());
  }
  for (const auto& name : names) {
    if (std::ranges::find(known, name) == known.end())
      root.fail(path, fmt::format("there is no parameter '{}'", name), did_you_mean(name, known));
  }
  return names;
}

// ["--momentum", "{momentum}"] would leave a lone --momentum behind where momentum is inactive.
void check_option_pairs(const Table& root, const Definition& definition) {
  const auto& words = definition.command;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto names = space::placeholders(words[i]);
    const bool alone = words[i - 1][0] == '-' && space::placeholders(words[i - 1]).empty();
    const auto conditional = std::ranges::find_if(
        names, [&definition](const std::string& name) { return can_be_inactive(definition.space, name); });
    if (alone && conditional != names.end())
      root.fail(fmt::format("run.command[{}]", i),
                fmt::format("{} can be inactive: this word is then left out, but '{}' before it is not",
                            *conditional, words[i - 1]),
                fmt::format("write one word: \"{}={}\"", words[i - 1], words[i]));
  }
}

void read_command(const Table& root, Definition& definition) {
  const Table table = root.table("run");
  table.allow({"command"});
  definition.command = table.texts("command");
  if (definition.command.empty()) table.fail("command", "must not be empty");
  auto known = definition.space.names();
  known.insert(known.end(), space::command_names().begin(), space::command_names().end());
  for (std::size_t i = 0; i < definition.command.size(); ++i)
    (void)read_placeholders(root, fmt::format("run.command[{}]", i), definition.command[i], known);
  check_option_pairs(root, definition);
}

// Every text in [train], with its path.
void walk_texts(const Json& json, const std::string& path,
                const std::function<void(const std::string& path, const std::string& text)>& visit) {
  if (json.is_string()) visit(path, json.get<std::string>());
  std::size_t i = 0;
  for (const auto& [key, child] : json.items()) {
    if (json.is_object()) walk_texts(child, path + "." + key, visit);
    if (json.is_array()) walk_texts(child, fmt::format("{}[{}]", path, i++), visit);
  }
}

void check_every_parameter_used(const Table& root, const Definition& definition, std::set<std::string> used) {
  const auto& space = definition.space;
  const auto use = [&used](const std::optional<space::Expression>& expression) {
    if (expression) used.insert(expression->names().begin(), expression->names().end());
  };
  for (const auto& p : space.parameters()) {
    use(p.when);
    use(p.formula);
  }
  for (const auto index : space.free()) {
    const auto& name = space.parameters()[index].name;
    if (!used.contains(name))
      root.fail("space." + name, "changes nothing: it is not used in [train]",
                fmt::format("put \"{{{}}}\" where its value goes", name));
  }
}

void read_train(const Table& root, Definition& definition) {
  definition.train = root.table("train").json();
  std::set<std::string> used;
  walk_texts(definition.train, "train", [&](const std::string& path, const std::string& text) {
    for (const auto& name : read_placeholders(root, path, text, definition.space.names())) {
      used.insert(name);
      if (text != "{" + name + "}" && can_be_inactive(definition.space, name))
        root.fail(path, fmt::format("{} can be inactive and cannot stand inside a longer text", name));
    }
  });
  check_every_parameter_used(root, definition, std::move(used));
}

}  // namespace

void read_program(const Table& root, Definition& definition) {
  if (root.has("run") && root.has("train"))
    root.fail("run", "[run] and [train] exclude each other: remove one");
  if (root.has("run")) return read_command(root, definition);
  if (root.has("train")) return read_train(root, definition);
  root.fail("nothing to run: add [run] with a command, or [train] for the built-in trainer");
}

}  // namespace hpo::study
