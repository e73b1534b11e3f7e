// SPDX-License-Identifier: Apache-2.0
#include "train/cuda/plugin.hpp"

#include <fmt/format.h>
#include <boost/filesystem/operations.hpp>
#include <boost/filesystem/path.hpp>

#include <cstdlib>

#include "train/shared_library.hpp"

namespace hpo::train::cuda {
namespace fs = boost::filesystem;

std::string plugin_file() {
  if (const char* file = std::getenv("HPO_CUDA_PLUGIN"); file != nullptr && *file != '\0') return file;
  boost::system::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return (program.parent_path().parent_path() / HPO_CUDA_PLUGIN_PLACE).string();
}

Attempt make_engine(const Request& request) {
  return make_engine(request, "libcuda.so.1", plugin_file());
}

Attempt make_engine(const Request& request, const std::string& driver, const std::string& plugin) {
  const SharedLibrary driver_library(driver);
  if (!driver_library)
    return {nullptr, "there is no NVIDIA driver on this machine: " + driver_library.reason(),
            "use device = \"cpu\", or a node with a GPU"};
  const SharedLibrary library(plugin);
  if (!library)
    return {nullptr, "the GPU half of the trainer does not load: " + library.reason(),
            "build it (cmake -DHPO_CUDA=ON), or use device = \"cpu\""};
  auto* abi = library.function<AbiFunction>(kAbiName);
  auto* make = library.function<MakeEngineFunction>(kMakeEngineName);
  if (abi == nullptr || make == nullptr || abi() != kAbi)
    return {nullptr,
            fmt::format("{} is of another build (interface {}, this one has {})", plugin,
                        abi == nullptr ? "unknown" : std::to_string(abi()), kAbi),
            "install both from one build"};
  Answer answer;
  make(request, answer);
  return {std::unique_ptr<Engine>(answer.engine), answer.reason, answer.next};
}

}  // namespace hpo::train::cuda
