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

Plugin::Plugin(const Request& request) : Plugin(request, "libcuda.so.1", plugin_file()) {}

Plugin::Plugin(const Request& request, const std::string& driver, const std::string& file) {
  const SharedLibrary driver_library(driver);
  if (!driver_library) {
    refusal_ = {"there is no NVIDIA driver on this machine: " + driver_library.reason(),
                "use device = \"cpu\", or a node with a GPU"};
    return;
  }
  const SharedLibrary library(file);
  if (!library) {
    refusal_ = {"the GPU half of the trainer does not load: " + library.reason(),
                "build it (cmake -DHPO_CUDA=ON), or use device = \"cpu\""};
    return;
  }
  auto* abi = library.function<AbiFunction>(kAbiName);
  auto* probe = library.function<ProbeFunction>(kProbeName);
  make_ = library.function<MakeEngineFunction>(kMakeEngineName);
  if (abi == nullptr || probe == nullptr || make_ == nullptr || abi() != kAbi) {
    refusal_ = {fmt::format("{} is of another build (interface {}, this one has {})", file,
                            abi == nullptr ? "unknown" : std::to_string(abi()), kAbi),
                "install both from one build"};
    return;
  }
  probe(request, refusal_);
}

std::unique_ptr<Engine> Plugin::make_engine(const Request& request) const {
  return std::unique_ptr<Engine>(make_(request));
}

}  // namespace hpo::train::cuda
