// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include <cstdio>
#include <utility>

namespace hpo::log {
namespace {
std::string g_tool = "hpo";
Level g_level = Level::info;
}  // namespace

void set_tool(std::string name) {
  g_tool = std::move(name);
}
void set_level(Level level) {
  g_level = level;
}
Level level() {
  return g_level;
}

void write(Level level, std::string_view line) {
  if (level > g_level) return;
  const std::string text =
      fmt::format("{}: {}{}\n", g_tool, level == Level::warning ? "warning: " : "", line);
  // One write a line, so that the lines of several ranks do not mix.
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace hpo::log
