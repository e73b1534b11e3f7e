// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "propose/proposer.hpp"
#include "propose/seen.hpp"

namespace hpo::propose {

Entry sobol_entry();

namespace {

using Json = nlohmann::ordered_json;

constexpr double kTimeout = 60;
constexpr int kVersion = 1;
constexpr const char* kHelp = "docs/external.md describes the protocol";

Json number(double x) {
  return std::isfinite(x) ? Json(x) : Json(nullptr);
}

std::string name_of(space::Kind kind) {
  constexpr std::array kNames{"float", "int", "ordinal", "categorical", "constant", "derived"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::string name_of(space::Scale scale) {
  constexpr std::array kNames{"linear", "log", "logit"};
  return kNames.at(static_cast<std::size_t>(scale));
}

std::string name_of(space::TrialStatus status) {
  constexpr std::array kNames{"waiting", "running", "finished", "failed", "abandoned"};
  return kNames.at(static_cast<std::size_t>(status));
}

std::string name_of(space::Goal::Role role) {
  constexpr std::array kNames{"objective", "constraint", "report"};
  return kNames.at(static_cast<std::size_t>(role));
}

Json to_json(const space::Parameter& p) {
  Json json{{"name", p.name}, {"type", name_of(p.kind)}};
  if (p.kind == space::Kind::real || p.kind == space::Kind::integer) {
    json["low"] = p.low;
    json["high"] = p.high;
    json["scale"] = name_of(p.scale);
    if (p.step > 0) json["step"] = p.step;
    if (p.multiple_of > 1) json["multiple_of"] = p.multiple_of;
  }
  for (const auto& value : p.values) json["values"].push_back(Json(space::to_json(value)));
  if (!p.weights.empty()) json["weights"] = p.weights;
  if (p.when) json["when"] = p.when->text();
  if (p.formula) json["formula"] = p.formula->text();
  return json;
}

Json to_json(const space::Space& space) {
  auto parameters = Json::array(), forbidden = Json::array();
  for (const auto& p : space.parameters()) parameters.push_back(to_json(p));
  for (const auto& region : space.forbidden()) forbidden.push_back(region.when.text());
  return {{"parameters", std::move(parameters)}, {"forbidden", std::move(forbidden)}};
}

/// By id, so that the order of the history does not show.
Json to_json(const space::Space& space, const std::vector<space::PastTrial>& trials) {
  std::vector<const space::PastTrial*> order;
  for (const auto& trial : trials) order.push_back(&trial);
  std::ranges::stable_sort(order, {}, &space::PastTrial::id);
  auto all = Json::array();
  for (const auto* trial : order) {
    auto curve = Json::array();
    for (const auto& result : trial->curve) {
      auto values = Json::array();
      for (const double value : result.values) values.push_back(number(value));
      curve.push_back({{"budget", result.budget}, {"values", std::move(values)}});
    }
    all.push_back({{"id", trial->id},
                   {"point", space.to_json(trial->point)},
                   {"status", name_of(trial->status)},
                   {"curve", std::move(curve)}});
  }
  return all;
}

/// Whatever another program proposes: it is run once for each batch, gets one JSON document on standard
/// input, and answers with one on standard output (docs/external.md). Points that were tried already are left
/// out, and what is missing comes from a scrambled Sobol design. A point that is not legal is an Error.
///
/// The one proposer that is not a pure function by its own doing: it starts a process and has a time limit,
/// for there is no other way to keep one's own program. The study is as reproducible as the program is: a
/// program that takes its random numbers from `seed` and `first_trial` gives the same study again, and it
/// must be one that may be asked twice for the same trials, as a proposal that another writer overtook is
/// made again.
class External final : public Proposer {
 public:
  explicit External(const Setting& setting)
      : setting_(setting), design_(sobol_entry().make(setting)), command_(read_command(setting)) {
    if (!setting.options.contains("timeout_s")) return;
    const auto& option = setting.options.at("timeout_s");
    if (!option.is_number() || !(option > 0))
      throw Error("search.timeout_s", fmt::format("must be a number above 0, not {}", option.dump()));
    timeout_s_ = option.get<double>();
  }

  [[nodiscard]] std::vector<space::Point> propose(const space::History& history,
                                                  const Ask& ask) const override {
    if (ask.count < 1) return {};
    Seen seen(*setting_.space, history);
    std::vector<space::Point> points;
    for (auto& point : read_answer(run(request(history, ask)), ask.count))
      if (seen.insert(point)) points.push_back(std::move(point));
    if (static_cast<int>(points.size()) == ask.count) return points;
    auto extended = history;
    for (const auto& point : points) {
      space::PastTrial trial;
      trial.id = static_cast<std::int64_t>(extended.trials.size());
      trial.point = point;
      extended.trials.push_back(std::move(trial));
    }
    for (auto& point : design_->propose(extended, ask.count - static_cast<int>(points.size())))
      points.push_back(std::move(point));
    return points;
  }

 private:
  static std::vector<std::string> read_command(const Setting& setting) {
    const auto command = setting.options.value("command", nlohmann::json());
    if (command.is_null())
      throw Error("search.command", "the proposer 'external' needs the program to run",
                  R"(write command = ["python3", "mine.py"])");
    const auto is_text = [](const auto& word) { return word.is_string(); };
    if (!command.is_array() || command.empty() || !std::ranges::all_of(command, is_text) ||
        command[0].template get<std::string>().empty())
      throw Error("search.command", "must be a list of texts, the program first",
                  R"(write command = ["python3", "mine.py"])");
    return command.get<std::vector<std::string>>();
  }

  [[nodiscard]] std::string request(const space::History& history, const Ask& ask) const {
    const auto& space = *setting_.space;
    auto goals = Json::array();
    for (const auto& goal : setting_.goals) {
      goals.push_back({{"role", name_of(goal.role)}});
      if (goal.role == space::Goal::Role::constraint) goals.back()["bound"] = number(goal.bound);
    }
    const auto& fidelity = setting_.fidelity;
    return Json{{"version", kVersion},
                {"count", ask.count},
                {"seed", setting_.seed},
                {"first_trial", history.trials.size()},
                {"budget", ask.budget > 0 ? ask.budget : fidelity.max},
                {"fidelity",
                 {{"unit", fidelity.unit},
                  {"min", fidelity.min},
                  {"max", fidelity.max},
                  {"eta", fidelity.eta}}},
                {"goals", std::move(goals)},
                {"space", to_json(space)},
                {"history", to_json(space, history.trials)},
                {"prior", to_json(space, history.prior)}}
               .dump() +
           "\n";
  }

  [[noreturn]] void fail(const std::string& reason, const std::string& next = "") const {
    throw Error(join(command_, " "), reason, next);
  }

  [[nodiscard]] std::string run(const std::string& request) const {
    const auto result = run_process(command_, timeout_s_, {}, request);
    const auto lines = split(trim(result.err), '\n');
    const std::string last = lines.empty() || lines.back().empty() ? "it said nothing" : lines.back();
    if (result.timed_out)
      fail(fmt::format("has not answered within {} s: {}", shortest(timeout_s_), last),
           "set timeout_s in [search]");
    if (result.exit_code != 0) fail(fmt::format("ended with exit code {}: {}", result.exit_code, last));
    return result.out;
  }

  [[nodiscard]] std::vector<space::Point> read_answer(const std::string& text, int count) const {
    const auto answer = nlohmann::json::parse(text, nullptr, false);
    if (!answer.is_object() || !answer.contains("points") || !answer["points"].is_array())
      fail(R"(its answer is not one JSON document {"points": [...]})", kHelp);
    const auto& listed = answer["points"];
    if (listed.size() > static_cast<std::size_t>(count))
      fail(fmt::format("gave {} points, where {} were asked for", listed.size(), count), kHelp);
    std::vector<space::Point> points;
    for (std::size_t i = 0; i < listed.size(); ++i) {
      try {
        points.push_back(setting_.space->point_from_json(listed[i]));
      } catch (const Error& error) {
        fail(fmt::format("points[{}]: {}", i, error.what()), kHelp);
      }
      if (const auto* region = setting_.space->forbidden_by(points.back()))
        fail(fmt::format("points[{}]: is forbidden: {}", i, region->when.text()), kHelp);
    }
    return points;
  }

  Setting setting_;
  std::unique_ptr<Proposer> design_;
  std::vector<std::string> command_;
  double timeout_s_ = kTimeout;
};

}  // namespace

Entry external_entry() {
  return {"external",
          "another program's points: JSON in and out",
          {"command", "timeout_s"},
          [](const Setting& setting) { return std::make_unique<External>(setting); }};
}

}  // namespace hpo::propose
