// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "space/space.hpp"

/// Short ways to write parameters in tests.
namespace hpo::space::parts {

inline Value whole(std::int64_t value) {
  return value;
}
inline Value text(const char* value) {
  return std::string(value);
}

inline Parameter parameter(std::string name, Kind kind) {
  Parameter p;
  p.name = std::move(name);
  p.kind = kind;
  return p;
}

inline Parameter real(std::string name, double low, double high, Scale scale = Scale::linear) {
  Parameter p = parameter(std::move(name), Kind::real);
  p.low = low;
  p.high = high;
  p.scale = scale;
  return p;
}

inline Parameter stepped(std::string name, double low, double high, double step) {
  Parameter p = real(std::move(name), low, high);
  p.step = step;
  return p;
}

inline Parameter integer(std::string name, double low, double high, Scale scale = Scale::linear,
                         std::int64_t multiple_of = 1) {
  Parameter p = real(std::move(name), low, high, scale);
  p.kind = Kind::integer;
  p.multiple_of = multiple_of;
  return p;
}

inline Parameter listed(std::string name, Kind kind, std::vector<Value> values) {
  Parameter p = parameter(std::move(name), kind);
  p.values = std::move(values);
  return p;
}

inline Parameter categorical(std::string name, std::vector<Value> values, std::vector<double> weights = {}) {
  Parameter p = listed(std::move(name), Kind::categorical, std::move(values));
  p.weights = std::move(weights);
  return p;
}

inline Parameter constant(std::string name, Value value) {
  return listed(std::move(name), Kind::constant, {std::move(value)});
}

inline Parameter derived(std::string name, const char* formula) {
  Parameter p = parameter(std::move(name), Kind::derived);
  p.formula = Expression::parse(formula);
  return p;
}

inline Parameter when(Parameter p, const char* condition) {
  p.when = Expression::parse(condition);
  return p;
}

inline Forbidden forbidden(const char* condition, std::string why = "") {
  return {Expression::parse(condition), std::move(why)};
}

}  // namespace hpo::space::parts
