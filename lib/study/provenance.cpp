// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "base/identity.hpp"
#include "base/version.hpp"
#include "study/store.hpp"

namespace hpo::study {
namespace {

// Arguments may be any bytes, texts in the study are UTF-8.
std::string utf8(const std::string& bytes) {
  const auto dumped = nlohmann::json(bytes).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return nlohmann::json::parse(dumped).get<std::string>();
}

}  // namespace

Provenance provenance(const std::string& tool, int argc, const char* const* argv) {
  Provenance who;
  who.time = file_system().now();
  who.tool = tool;
  who.version = kVersion;
  for (int i = 0; i < argc; ++i) who.command_line += (i == 0 ? "" : " ") + utf8(argv[i]);
  who.host = host_name();
  who.user = user_name();
  who.job = environment("SLURM_JOB_ID");
  return who;
}

}  // namespace hpo::study
