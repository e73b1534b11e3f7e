// SPDX-License-Identifier: Apache-2.0
// Linked into a second build of each tool, this lets its file operations fail as the environment says:
//   HPO_FAULT_KILL_AT=12           SIGKILL before operation 12; with HPO_FAULT_TORN=1 an append is half done
//   HPO_FAULT_ERRNO_AT=12:ENOSPC   operation 12 fails; with HPO_FAULT_STICKY=1 all after it too
//   HPO_FAULT_COUNT=FILE           at the end: how many operations there were, and which of them were appends
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include "base/identity.hpp"
#include "base/text.hpp"
#include "crash/fault_file_system.hpp"

namespace {

const std::map<std::string, int> kErrors{{"EACCES", EACCES}, {"EDQUOT", EDQUOT}, {"EINTR", EINTR},
                                         {"EIO", EIO},       {"EMFILE", EMFILE}, {"ENOSPC", ENOSPC},
                                         {"EROFS", EROFS},   {"ESTALE", ESTALE}};

// A mistake here must not pass for a test without a fault.
[[noreturn]] void refuse(const char* variable) {
  std::fprintf(stderr, "%s is not understood\n", variable);
  std::exit(99);
}

std::uint64_t number(const char* variable, const std::string& text) {
  const auto value = hpo::parse_int(text);
  if (!value || *value < 1) refuse(variable);
  return static_cast<std::uint64_t>(*value);
}

hpo::test::Faults from_environment() {
  hpo::test::Faults faults;
  faults.torn = hpo::environment("HPO_FAULT_TORN") == "1";
  faults.sticky = hpo::environment("HPO_FAULT_STICKY") == "1";
  if (const auto text = hpo::environment("HPO_FAULT_KILL_AT"); !text.empty())
    faults.kill_at = number("HPO_FAULT_KILL_AT", text);
  if (const auto text = hpo::environment("HPO_FAULT_ERRNO_AT"); !text.empty()) {
    const auto parts = hpo::split(text, ':');
    if (parts.size() != 2 || !kErrors.contains(parts[1])) refuse("HPO_FAULT_ERRNO_AT");
    faults.error_at = number("HPO_FAULT_ERRNO_AT", parts[0]);
    faults.error = kErrors.at(parts[1]);
  }
  return faults;
}

class Hook {
 public:
  Hook() : files_(from_environment()) { hpo::exchange_file_system(&files_); }
  ~Hook() {
    const auto file = hpo::environment("HPO_FAULT_COUNT");
    if (!file.empty()) {
      std::ofstream out(file);
      out << files_.operations();
      for (const auto append : files_.appends()) out << ' ' << append;
      out << '\n';
    }
    hpo::exchange_file_system(nullptr);
  }

 private:
  hpo::test::FaultFileSystem files_;
};

const Hook kHook;

}  // namespace
