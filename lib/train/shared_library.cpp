// SPDX-License-Identifier: Apache-2.0
#include "train/shared_library.hpp"

#include <dlfcn.h>

namespace hpo::train {

SharedLibrary::SharedLibrary(const std::string& name) : handle_(dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ != nullptr) return;
  const char* error = dlerror();
  reason_ = error != nullptr ? error : name + " does not load";
}

void* SharedLibrary::symbol(const char* name) const {
  return handle_ == nullptr ? nullptr : dlsym(handle_, name);
}

}  // namespace hpo::train
