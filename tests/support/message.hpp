// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.hpp"

namespace hpo::test {

/// What a person would read: "culprit: reason" and, after " | ", the suggestion; "" when nothing is thrown.
template <class Act>
std::string message(Act act) {
  try {
    act();
  } catch (const Error& error) {
    return error.next().empty() ? error.what() : std::string(error.what()) + " | " + error.next();
  }
  return "";
}

}  // namespace hpo::test
