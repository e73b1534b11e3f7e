// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace hpo::train {

/// A library opened at run time; stays open until the process ends (threads of its own may be inside).
class SharedLibrary {
 public:
  /// `name` as for dlopen: a file name to look for along the system's paths, or a path.
  explicit SharedLibrary(const std::string& name);
  [[nodiscard]] explicit operator bool() const { return handle_ != nullptr; }
  /// Why it did not open.
  [[nodiscard]] const std::string& reason() const { return reason_; }
  /// The function of this name in it or in a library it needs; null when there is none.
  template <class Function>
  [[nodiscard]] Function* function(const char* name) const {
    return reinterpret_cast<Function*>(symbol(name));
  }

 private:
  [[nodiscard]] void* symbol(const char* name) const;

  void* handle_ = nullptr;
  std::string reason_;
};

}  // namespace hpo::train
