// SPDX-License-Identifier: Apache-2.0
#include "exchange/layout.hpp"

#include <boost/filesystem/operations.hpp>

namespace hpo::exchange {

Layout Layout::of(const fs::path& study_file) {
  Layout layout;
  layout.file = fs::absolute(study_file).lexically_normal();
  layout.directory = layout.file.string() + ".d";
  layout.generations = layout.directory / "gen";
  layout.manifests = layout.directory / "man";
  layout.segments = layout.directory / "seg";
  layout.checkpoints = layout.directory / "ckpt";
  layout.logs = layout.directory / "logs";
  return layout;
}

}  // namespace hpo::exchange
