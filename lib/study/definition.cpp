// SPDX-License-Identifier: Apache-2.0
#include "study/definition.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/error.hpp"
#include "config/document.hpp"
#include "study/definition_program.hpp"
#include "study/definition_sections.hpp"
#include "study/definition_space.hpp"
#include "study/definition_submit.hpp"
#include "study/definition_table.hpp"
#include "study/resources.hpp"

namespace hpo::study {
namespace {

// What a message quotes comes from the file: it must not fill a screen or steer a terminal.
std::string printable(std::string text) {
  constexpr std::size_t kLongest = 600;
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  if (text.size() <= kLongest) return text;
  std::size_t cut = kLongest;
  while ((static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;  // not inside a character
  return text.substr(0, cut) + "...";
}

Definition read(const Table& root) {
  root.allow({"study", "objective", "space", "forbidden", "start", "fidelity", "search", "budget", "run",
              "train", "slurm", "submit", "retry", "rung"});
  Definition definition;
  read_study(root, definition);
  definition.objectives = read_objectives(root);
  definition.space = read_space(root);
  definition.start_points = read_start_points(root, definition.space);
  definition.fidelity = read_fidelity(root);
  check_metrics(root, definition);
  definition.search = read_search(root);
  definition.budget = read_budget(root);
  read_program(root, definition);
  definition.slurm = read_slurm(root);
  definition.rungs = read_rungs(root);
  definition.submit = read_submit(root);
  definition.retry = read_retry(root);
  check_submit(root, definition);
  return definition;
}

}  // namespace

Resources Definition::resources(int rung) const {
  Resources result = slurm;
  const auto overrides = rungs.find(rung);
  if (overrides == rungs.end()) return result;
  for (const auto& option : overrides->second) {
    const auto same = std::ranges::find(result, option.first, &Resources::value_type::first);
    if (same == result.end()) {
      result.push_back(option);
    } else {
      same->second = option.second;
    }
  }
  return result;
}

std::string Definition::place(const std::string& path) const {
  return config::find_place(places, path);
}

const Objective& Definition::ranking() const {
  return objectives[ranking_index()];
}

std::size_t Definition::ranking_index() const {
  const auto found = std::ranges::find(objectives, Role::objective, &Objective::role);
  HPO_CHECK(found != objectives.end(), "a definition without an objective");
  return static_cast<std::size_t>(found - objectives.begin());
}

Definition parse_definition(const std::string& text, const std::string& file_name) {
  try {
    auto document = config::parse_toml(text, file_name);
    auto definition = read(Table(document));
    definition.text = text;
    definition.places = std::move(document.places);
    return definition;
  } catch (const Error& error) {
    throw Error(error.code(), printable(error.culprit()), printable(error.reason()), printable(error.next()));
  }
}

}  // namespace hpo::study
