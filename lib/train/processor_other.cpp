// SPDX-License-Identifier: Apache-2.0
#include "train/processor.hpp"

namespace hpo::train {

int x86_64_level() {
  return 0;
}

}  // namespace hpo::train
