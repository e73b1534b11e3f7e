// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/permutation.hpp"
#include "base/search_options.hpp"
#include "base/text.hpp"
#include "propose/design.hpp"

namespace hpo::propose {
namespace {

constexpr std::uint64_t kFewestLevels = 2, kMostLevels = 1'000'000;

/// Every point of a lattice, in the order of nested loops. Walks from the first point at every call: a
/// lattice that may be run whole is small.
class Grid final : public Proposer {
 public:
  Grid(const Setting& setting, Lattice lattice)
      : space_(*setting.space), lattice_(std::move(lattice)), size_(*lattice_.size()) {}

  [[nodiscard]] std::vector<space::Point> propose(const space::History& history,
                                                  const Ask& ask) const override {
    Seen seen(space_, history);
    std::vector<double> cube(space_.dimension());
    std::vector<space::Point> points;
    for (std::uint64_t i = 0; i < size_ && static_cast<int>(points.size()) < ask.count; ++i) {
      lattice_.cube(i, cube);
      auto point = space_.from_unit(cube);
      if (!space_.forbidden_by(point) && seen.insert(point)) points.push_back(std::move(point));
    }
    return points;
  }

 private:
  const space::Space& space_;
  Lattice lattice_;
  std::uint64_t size_;
};

/// The points of a lattice in random order, without replacement: trial k gets point k of a permutation, or
/// any other that is left when that one cannot be used.
class GridSample final : public Design {
 public:
  GridSample(const Setting& setting, const Lattice& lattice)
      : Design(setting, lattice), lattice_(lattice), order_(make_order(setting.seed, *lattice.size())) {}

 private:
  static Permutation make_order(std::uint64_t seed, std::uint64_t size) {
    Stream stream(seed, Purpose::scramble, 0);
    return {size, stream};
  }

  void candidate(std::uint64_t trial, int attempt, Stream& stream, std::span<double> cube) const override {
    const std::uint64_t size = order_.size();
    lattice_.cube(attempt == 0 ? order_(trial % size) : stream.below(size), cube);
  }

  Lattice lattice_;
  Permutation order_;
};

std::uint64_t read_levels(const nlohmann::json& option, const std::string& key) {
  if (option.is_number_integer() && option >= 1 && option <= kMostLevels) return option.get<std::uint64_t>();
  throw Error(key, fmt::format("must be a whole number from 1 to {}, not {}", kMostLevels, option.dump()));
}

void check_level_names(const space::Space& space, const nlohmann::json& table) {
  const auto names = space.names();
  for (const auto& [name, option] : table.items()) {
    const std::string key = "search.levels." + name;
    const auto index = space.index_of(name);
    if (!index)
      throw Error(key, fmt::format("the space has no parameter '{}'", name), did_you_mean(name, names));
    const auto kind = space.parameters()[*index].kind;
    if (kind != space::Kind::real && kind != space::Kind::integer)
      throw Error(key, fmt::format("'{}' is not a number: all of its values are levels", name));
  }
}

/// `levels` is one number for every continuous parameter, or a table of numbers by name, finite parameters
/// included. Continuous parameters without one get `otherwise` levels, finite ones all their values.
Lattice make_lattice(const Setting& setting, std::uint64_t otherwise) {
  const space::Space& space = *setting.space;
  const auto levels =
      setting.options.contains("levels") ? setting.options["levels"] : nlohmann::json::object();
  if (levels.is_object())
    check_level_names(space, levels);
  else
    otherwise = read_levels(levels, "search.levels");
  std::vector<Axis> axes;
  for (const std::size_t i : space.free()) {
    const auto& parameter = space.parameters()[i];
    std::optional<std::uint64_t> count;
    if (levels.is_object() && levels.contains(parameter.name))
      count = read_levels(levels[parameter.name], "search.levels." + parameter.name);
    else if (!std::isfinite(parameter.count()))
      count = otherwise;
    axes.emplace_back(parameter, count);
  }
  return Lattice(std::move(axes));
}

/// As many levels of the continuous parameters as the planned trials have room for.
Lattice fit_lattice(const Setting& setting) {
  const auto room = static_cast<std::uint64_t>(setting.trials_per_bracket);
  Lattice best = make_lattice(setting, kFewestLevels);
  for (std::uint64_t levels = kFewestLevels + 1; levels <= room; ++levels) {
    Lattice larger = make_lattice(setting, levels);
    if (larger.size().value_or(UINT64_MAX) > room || larger.size() == best.size()) break;
    best = std::move(larger);
  }
  return best;
}

std::string axes_in_words(const space::Space& space, const Lattice& lattice) {
  std::vector<std::string> parts;
  for (std::size_t j = 0; j < lattice.axes().size(); ++j)
    parts.push_back(
        fmt::format("{} {}", space.parameters()[space.free()[j]].name, lattice.axes()[j].levels()));
  return join(parts, " x ");
}

[[noreturn]] void refuse(const Setting& setting, const Lattice& lattice, const std::string& points) {
  throw Error(
      "search.levels",
      fmt::format("the grid has {} points ({}), more than the {} trials of a bracket", points,
                  axes_in_words(*setting.space, lattice), setting.trials_per_bracket),
      fmt::format("lower levels, raise trials, or set subsample = true to run {} of them drawn by the seed",
                  setting.trials_per_bracket));
}

std::unique_ptr<Proposer> make_grid(const Setting& setting) {
  const bool subsample = flag_option(setting.options, "subsample").value_or(false);
  const Lattice lattice = fit_lattice(setting);
  const auto size = lattice.size();
  if (!size) refuse(setting, lattice, "more than 2^63");
  if (subsample) return std::make_unique<GridSample>(setting, lattice);

  if (*size > Design::kMostEnumerated) refuse(setting, lattice, fmt::format("up to {}", *size));
  auto grid = std::make_unique<Grid>(setting, lattice);
  const auto room = static_cast<std::size_t>(setting.trials_per_bracket);
  if (*size > room) {  // fewer by conditions and forbidden regions, perhaps
    const auto distinct = grid->propose({}, static_cast<int>(*size)).size();
    if (distinct > room) refuse(setting, lattice, fmt::format("{}", distinct));
  }
  return grid;
}

}  // namespace

Entry grid_entry() {
  return {"grid",
          "every combination of levels, or with subsample = true some of them at random",
          {"levels", "subsample"},
          make_grid,
          false};
}

}  // namespace hpo::propose
