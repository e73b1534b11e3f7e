// SPDX-License-Identifier: Apache-2.0
#include "cli/signals.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>

#include "base/error.hpp"

namespace hpo::cli {
namespace {

constexpr std::array kSignals{SIGUSR2, SIGTERM, SIGINT};

volatile std::sig_atomic_t g_requested = 0;
bool g_installed = false;
std::array<struct sigaction, kSignals.size()> g_before;

extern "C" void remember(int number) {
  g_requested = number;
}

}  // namespace

StopSignals::StopSignals() {
  HPO_CHECK(!g_installed, "two StopSignals at once");
  g_installed = true;
  g_requested = 0;
  struct sigaction action {};
  action.sa_handler = remember;  // without SA_RESTART: a blocking wait is to notice
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    if (sigaction(kSignals[i], &action, &g_before[i]) != 0)
      throw_errno("signals", "cannot install a handler", errno);
  }
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &g_before[i], nullptr);
  g_installed = false;
}

int StopSignals::requested() const {
  return static_cast<int>(g_requested);
}
void StopSignals::clear() {
  g_requested = 0;
}

}  // namespace hpo::cli
