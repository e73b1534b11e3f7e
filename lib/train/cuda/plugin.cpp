// SPDX-License-Identifier: Apache-2.0
#include "train/cuda/plugin.hpp"

#include <fmt/format.h>
#include <boost/filesystem/operations.hpp>
#include <boost/filesystem/path.hpp>

#include <cstdlib>

#include "base/error.hpp"
#include "train/shared_library.hpp"

namespace hpo::train::cuda {
namespace fs = boost::filesystem;

std::string plugin_file() {
  if (const char* file = std::getenv("HPO_CUDA_PLUGIN"); file != nullptr && *file != '\0') return file;
  boost::system::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return (program.parent_path().parent_path() / HPO_CUDA_PLUGIN_PLACE).string();
}

namespace {

constexpr const char* kDriver = "libcuda.so.1";

struct Entries {
  ProbeFunction* probe = nullptr;
  MakeEngineFunction* make_engine = nullptr;
  MakeWorldFunction* make_world = nullptr;
};

/// Sets all entries, or says why not.
Refusal open_plugin(const std::string& driver, const std::string& file, Entries& entries) {
  const SharedLibrary driver_library(driver);
  if (!driver_library)
    return {"there is no NVIDIA driver on this machine: " + driver_library.reason(),
            "use device = \"cpu\", or a node with a GPU"};
  const SharedLibrary library(file);
  if (!library)
    return {"the GPU half of the trainer does not load: " + library.reason(),
            "build it (cmake -DHPO_CUDA=ON), or use device = \"cpu\""};
  auto* abi = library.function<AbiFunction>(kAbiName);
  if (abi == nullptr || abi() != kAbi)
    return {fmt::format("{} is of another build (interface {}, this one has {})", file,
                        abi == nullptr ? "unknown" : std::to_string(abi()), kAbi),
            "install both from one build"};
  entries = {library.function<ProbeFunction>(kProbeName),
             library.function<MakeEngineFunction>(kMakeEngineName),
             library.function<MakeWorldFunction>(kMakeWorldName)};
  HPO_CHECK(entries.probe != nullptr && entries.make_engine != nullptr && entries.make_world != nullptr,
            "a plugin of this build without its entries");
  return {};
}

}  // namespace

Plugin::Plugin(const Request& request) : Plugin(request, kDriver, plugin_file()) {}

Plugin::Plugin(const Request& request, const std::string& driver, const std::string& file) {
  Entries entries;
  refusal_ = open_plugin(driver, file, entries);
  if (!refusal_.reason.empty()) return;
  make_ = entries.make_engine;
  entries.probe(request, refusal_);
}

std::unique_ptr<comm::Communicator> make_world(const WorldRequest& request) {
  Entries entries;
  const Refusal refusal = open_plugin(kDriver, plugin_file(), entries);
  if (!refusal.reason.empty()) throw Error("device", refusal.reason, refusal.next);
  return std::unique_ptr<comm::Communicator>(entries.make_world(request));
}

std::unique_ptr<Engine> Plugin::make_engine(const Request& request) const {
  return std::unique_ptr<Engine>(make_(request));
}

}  // namespace hpo::train::cuda
