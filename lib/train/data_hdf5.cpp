// SPDX-License-Identifier: Apache-2.0
// HDF5 data are read by a plug-in that is opened only when they are asked for: the trainer itself is not
// linked to HDF5. It lies in ../LIBDIR/hpo-batch from the executable, or in the directory HPO_PLUGIN_PATH.
#include <boost/filesystem/path.hpp>
#include <string>

#include "base/error.hpp"
#include "base/identity.hpp"
#include "train/data.hpp"
#include "train/hdf5/plugin.hpp"
#include "train/shared_library.hpp"

namespace hpo::train {
namespace {

boost::filesystem::path plugin_file() {
  const std::string given = environment("HPO_PLUGIN_PATH");
  const boost::filesystem::path directory =
      given.empty() ? boost::filesystem::path(executable_directory()) / ".." / HPO_PLUGIN_PLACE : given;
  return directory / hdf5::kPluginFile;
}

hdf5::ReadFunction* open_plugin() {
  const std::string file = plugin_file().string();
  const SharedLibrary library(file);
  if (!library)
    throw Error(file, "cannot be opened: " + library.reason(),
                "set HPO_PLUGIN_PATH to the directory of " + std::string(hdf5::kPluginFile));
  auto* read = library.function<hdf5::ReadFunction>(hdf5::kReadSymbol);
  if (read == nullptr) throw Error(file, "is not of this version", "install hpo-batch again");
  return read;
}

}  // namespace

SourceData read_hdf5(const DataConfig& config) {
  SourceData source;
  open_plugin()(config, source.training);
  return source;
}

}  // namespace hpo::train
