// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "space/expression.hpp"
#include "space/value.hpp"

namespace hpo::space {

enum class Kind { real, integer, ordinal, categorical, constant, derived };  // "float" "int" in study.toml
enum class Scale { linear, log, logit };

/// One declared parameter. Which fields mean something depends on `kind`:
///   real, integer         low, high (both inclusive), scale, step (0: none; counted from low),
///                         multiple_of (integer, instead of step)
///   ordinal, categorical  values (ordinal: in increasing order), weights (categorical; empty: equal)
///   constant              values[0]
///   derived               formula; it is inactive where a parameter it names is
struct Parameter {
  std::string name;
  Kind kind = Kind::real;
  double low = 0, high = 1;
  Scale scale = Scale::linear;
  double step = 0;
  std::int64_t multiple_of = 1;
  std::vector<Value> values;
  std::vector<double> weights;
  std::optional<Expression> when;     ///< active only when true
  std::optional<Expression> formula;  ///< derived

  /// Searched over: not constant, not derived.
  [[nodiscard]] bool is_free() const { return kind != Kind::constant && kind != Kind::derived; }
  /// The number of distinct values; infinity for a real without step.
  [[nodiscard]] double count() const;
  /// u in [0, 1] -> a legal value, monotone for real, integer and ordinal; every value of a finite parameter
  /// gets an equal share of [0, 1] (categorical: its weight) on the parameter's scale: an integer on a log
  /// scale gets the share of the numbers that round to it. A real has at most 12 significant digits.
  [[nodiscard]] Value from_unit(double u) const;
  /// The middle of the share of a value. from_unit(to_unit(v)) == v for every legal value; for a real without
  /// step, for every v that from_unit makes.
  [[nodiscard]] double to_unit(const Value& value) const;
  /// Nothing when legal, else the reason in words ("0.2 is above high = 0.1").
  [[nodiscard]] std::optional<std::string> fault(const Value& value) const;
};

/// One assignment: a value for every parameter, in the space's order, constants and derived ones included,
/// inactive ones monostate.
using Point = std::vector<Value>;

struct Forbidden {
  Expression when;
  std::string why;
};

/// What becomes of an active parameter that is given no value.
enum class Gaps {
  refused,
  left,  ///< it stays without one, like an inactive one, and so does what depends on it: evidence from
         ///< another space, never a point to run
};

/// Parameters in the author's order, with conditions and forbidden regions. Immutable once built. No I/O.
class Space {
 public:
  Space() = default;
  /// Throws Error whose culprit is the dotted key ("space.lr", "space.momentum.when", "forbidden[0].when"): a
  /// duplicate or reserved name, low >= high, a log scale with low <= 0, a `when` or formula that names an
  /// unknown parameter or a value it cannot have, a cycle, an expression that fails somewhere in the space, a
  /// space without a free parameter, or one that seems to be forbidden everywhere.
  Space(std::vector<Parameter> parameters, std::vector<Forbidden> forbidden);

  [[nodiscard]] const std::vector<Parameter>& parameters() const { return parameters_; }
  [[nodiscard]] const std::vector<Forbidden>& forbidden() const { return forbidden_; }
  /// Indices into parameters() of the free ones; dimension() of them.
  [[nodiscard]] const std::vector<std::size_t>& free() const { return free_; }
  [[nodiscard]] std::size_t dimension() const { return free_.size(); }
  [[nodiscard]] std::optional<std::size_t> index_of(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;

  /// A point of the unit cube (dimension() coordinates, in the order of free()) -> the point: every free
  /// parameter from its coordinate, conditions applied (an inactive parameter's coordinate is ignored),
  /// derived ones computed.
  [[nodiscard]] Point from_unit(std::span<const double> cube) const;
  /// The cube coordinates; NaN for inactive parameters.
  [[nodiscard]] std::vector<double> to_unit(const Point& point) const;
  /// Completes an assignment by name (start points, imports): inactive ones dropped, derived and constant
  /// ones filled in (when given they must agree), numbers turned into the parameter's type. Throws Error
  /// whose culprit is the parameter: unknown or repeated name, illegal value, active parameter without a
  /// value.
  [[nodiscard]] Point complete(const std::vector<std::pair<std::string, Value>>& assignment,
                               Gaps gaps = Gaps::refused) const;
  /// The first forbidden region the point lies in.
  [[nodiscard]] const Forbidden* forbidden_by(const Point& point) const;
  /// Nothing when the point is legal and allowed, else the reason in words.
  [[nodiscard]] std::optional<std::string> fault(const Point& point) const;
  /// Equal keys <=> the same configuration (active free values only). To find duplicates.
  [[nodiscard]] std::string key(const Point& point) const;
  /// The number of distinct points ignoring conditions and forbidden regions; infinity when any is
  /// continuous.
  [[nodiscard]] double count() const;
  /// {"lr": 0.001, "optimizer": "adam"}: active values only.
  [[nodiscard]] nlohmann::ordered_json to_json(const Point& point) const;
  /// Reads it back; constants and derived ones are worked out, not read. Throws Error like complete.
  [[nodiscard]] Point point_from_json(const nlohmann::json& json, Gaps gaps = Gaps::refused) const;
  /// For Expression: an inactive parameter is monostate, an unknown name nothing.
  [[nodiscard]] Expression::Lookup lookup(const Point& point) const;

 private:
  template <class Pick>
  [[nodiscard]] Point assemble(Pick pick) const;
  [[nodiscard]] bool is_active_at(std::size_t index, const Point& point) const;
  [[nodiscard]] Value derive(std::size_t index, const Point& point) const;
  void probe() const;

  std::vector<Parameter> parameters_;
  std::vector<Forbidden> forbidden_;
  std::vector<std::size_t> free_;
  std::vector<std::size_t>
      order_;  // parameters sorted so that every `when` and formula comes after what it names
};

}  // namespace hpo::space
