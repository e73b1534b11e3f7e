// SPDX-License-Identifier: Apache-2.0
#include "unit/report/golden.hpp"

#include <fstream>
#include <sstream>

#include "base/identity.hpp"

namespace hpo::report {

std::string golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(HPO_GOLDEN_DIRECTORY) + "/" + name;
  if (environment("HPO_GOLDEN") == "update") std::ofstream(path, std::ios::binary) << text;
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

}  // namespace hpo::report
