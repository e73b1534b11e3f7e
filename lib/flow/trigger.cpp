// SPDX-License-Identifier: Apache-2.0
#include "flow/trigger.hpp"

#include <fmt/format.h>

#include <map>
#include <vector>

#include "base/identity.hpp"
#include "base/text.hpp"
#include "flow/controller.hpp"
#include "flow/templates.hpp"
#include "slurm/script.hpp"

namespace hpo::flow {
namespace {

// What the shell that installs it has from a login or from modules, and what starts in an empty environment
// has not.
std::vector<std::string> environment_for(const fs::path& tools) {
  std::vector<std::string> words{fmt::format("PATH={}:{}", tools.string(), environment("PATH"))};
  for (const char* name : {"LD_LIBRARY_PATH", "SLURM_CONF"})
    if (const auto value = environment(name); !value.empty())
      words.push_back(fmt::format("{}={}", name, value));
  return words;
}

}  // namespace

std::string install_trigger(const study::Study& study, const study::Layout& layout, const fs::path& tools,
                            const std::string& kind) {
  const auto home = layout.file.parent_path();
  if (kind == "controller") {
    const auto script = controller_script(study, layout, tools);
    return fmt::format(
        "{}\n\nStart the chain with\n  cd {} && {} {} --controller\nEach link is a small job with a "
        "dependency on "
        "the arrays before it; hpo-collect {} --status shows it.\n",
        script.string(), slurm::shell_word(home.string()),
        slurm::shell_word((tools / "hpo-promote").string()), layout.file.filename().string(),
        layout.file.filename().string());
  }
  const bool is_cron = kind == "cron";
  const std::string name = is_cron ? "crontab" : "scrontab";
  std::map<std::string, std::string> values{{"STUDY", layout.file.filename().string()},
                                            {"HOME", slurm::shell_word(home.string())}};
  auto variables = environment_for(tools);
  if (is_cron) {
    values["ENVIRONMENT"] = join(variables, "\n");  // cron takes such a line as it is
  } else {
    for (auto& word : variables) word = slurm::shell_word(word);
    values["ENVIRONMENT"] = "env " + join(variables, " ");
    values["NAME"] = study.definition.name;
    values["LOGS"] = layout.logs.string();
    values["RESOURCES"] = place_options(study.definition, "#SCRON");
  }
  const auto text = slurm::render(name, template_text("study/" + name), values);
  replace_file(home / name, text, 0600);
  return fmt::format("{}:\n\n{}\nInstall it with\n  ({} -l 2>/dev/null; cat {}) | {} -\n",
                     (home / name).string(), text, name, slurm::shell_word((home / name).string()), name);
}

}  // namespace hpo::flow
