// SPDX-License-Identifier: Apache-2.0
#include "flow/controller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "flow/templates.hpp"
#include "slurm/script.hpp"

namespace hpo::flow {

std::int32_t newest_controller(const study::Study& study) {
  for (auto row = static_cast<std::int32_t>(study.submissions.size()) - 1; row >= 0; --row)
    if (study.submissions[static_cast<std::size_t>(row)].kind == study::SubmissionKind::controller)
      return row;
  return -1;
}

std::int32_t add_controller(study::Study& study, const std::string& after, double now) {
  const auto row = static_cast<std::int32_t>(study.submissions.size());
  study::Submission controller;
  controller.name = fmt::format("hpo-{}-{}-c{}", study.definition.name, study.uuid.substr(0, 8), row);
  controller.kind = study::SubmissionKind::controller;
  controller.after = after;
  controller.created = now;
  study.submissions.push_back(controller);
  return row;
}

std::string place_options(const study::Definition& definition, const std::string& prefix) {
  constexpr std::array<std::string_view, 4> kPlace{"account", "partition", "qos", "reservation"};
  std::string lines;
  for (const auto& [name, value] : definition.slurm)
    if (std::find(kPlace.begin(), kPlace.end(), name) != kPlace.end())
      lines += fmt::format("{} --{}={}\n", prefix, name, value);
  if (!lines.empty()) lines.pop_back();
  return lines;
}

fs::path controller_script(const study::Study& study, const study::Layout& layout, const fs::path& tools) {
  const auto home = layout.file.parent_path();
  const auto script = home / "controller.sbatch";
  if (file_system().status(script)) return script;
  replace_file(script,
               slurm::render("controller.sbatch", template_text("sbatch/controller.sbatch"),
                             {{"RESOURCES", place_options(study.definition, "#SBATCH")},
                              {"HOME", slurm::shell_word(home.string())},
                              {"STUDY", slurm::shell_word(layout.file.filename().string())},
                              {"TOOLS", slurm::shell_word(tools.string())}}),
               0700);
  return script;
}

std::vector<std::string> controller_options(const study::Layout& layout,
                                            const study::Submission& controller) {
  return {"--job-name=" + controller.name, controller.after,
          "--output=" + (layout.logs / "controller.log").string(), "--open-mode=append"};
}

}  // namespace hpo::flow
