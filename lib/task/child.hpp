// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hpo::task {

/// A user's program in a process group of its own: its standard output comes to us, standard error stays
/// ours. Nothing of it survives the destructor, its orphans included.
class Child {
 public:
  /// Throws Error when argv[0] cannot be started.
  Child(const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Waits up to `seconds` for output; what has come, "" when nothing did.
  [[nodiscard]] std::string read_output(double seconds);
  /// The exit code when it has ended (128 + n for signal n).
  [[nodiscard]] std::optional<int> exit_code();
  void signal(int number) const;

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace hpo::task
