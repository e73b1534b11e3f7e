// SPDX-License-Identifier: Apache-2.0
#include "report/json_value.hpp"

namespace hpo::report {

std::string_view name(Next next) {
  switch (next) {
    case Next::propose:
      return "propose";
    case Next::submit:
      return "submit";
    case Next::wait:
      return "wait";
    case Next::promote:
      return "promote";
    case Next::complete:
      break;
  }
  return "complete";
}

std::string dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace hpo::report
