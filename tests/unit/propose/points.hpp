// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "space/history.hpp"
#include "space/space.hpp"

namespace hpo::test {

inline space::Parameter real(std::string name, double low, double high) {
  space::Parameter p;
  p.name = std::move(name);
  p.low = low;
  p.high = high;
  return p;
}

inline space::Parameter log_real(std::string name, double low, double high) {
  auto p = real(std::move(name), low, high);
  p.scale = space::Scale::log;
  return p;
}

inline space::Parameter integer(std::string name, double low, double high, std::int64_t multiple_of = 1) {
  auto p = real(std::move(name), low, high);
  p.kind = space::Kind::integer;
  p.multiple_of = multiple_of;
  return p;
}

inline space::Parameter listed(space::Kind kind, std::string name, std::vector<space::Value> values) {
  space::Parameter p;
  p.name = std::move(name);
  p.kind = kind;
  p.values = std::move(values);
  return p;
}

inline space::Parameter categorical(std::string name, std::vector<space::Value> values) {
  return listed(space::Kind::categorical, std::move(name), std::move(values));
}

inline space::Parameter when(space::Parameter p, const std::string& condition) {
  p.when = space::Expression::parse(condition);
  return p;
}

inline space::Forbidden forbidden(const std::string& condition) {
  return {space::Expression::parse(condition), "tested"};
}

/// [0, 1]^dimension: a value is its own coordinate.
inline space::Space unit_cube(int dimension, const std::string& forbidden_when = "") {
  std::vector<space::Parameter> parameters;
  for (int i = 0; i < dimension; ++i) parameters.push_back(real("x" + std::to_string(i), 0, 1));
  if (forbidden_when.empty()) return {std::move(parameters), {}};
  return {std::move(parameters), {forbidden(forbidden_when)}};
}

inline void append(space::History& history, const std::vector<space::Point>& points) {
  for (const auto& point : points) {
    space::PastTrial trial;
    trial.id = static_cast<std::int64_t>(history.trials.size());
    trial.point = point;
    history.trials.push_back(std::move(trial));
  }
}

inline space::History history_of(const std::vector<space::Point>& points) {
  space::History history;
  append(history, points);
  return history;
}

}  // namespace hpo::test
