// SPDX-License-Identifier: Apache-2.0
// search-adapter KEY=VALUE ... [--batch N]: a study in memory behind a protocol of JSON lines, so that a
// benchmark can drive proposers and promotion rules through the functions that the tools call. The keys are
// those of [search] and [fidelity] in study.toml; without any, a new study's defaults hold, but for `trials`,
// of which there is no end. N points are proposed at a time.
//   in
//   {"op":"start","seed":1,"workers":1,"max_epochs":50,"space":[{"name":"lr","type":"float","low":1e-5,"high":0.1,"log":true},
//         {"name":"opt","type":"cat","choices":["a","b"]}, ...]}
//        {"op":"ask"}   {"op":"tell","id":0,"epochs":3,"curve":[0.9,0.8,null]}   {"op":"stop"}
//   out  to ask: {"op":"eval","id":0,"config":{...},"epochs":3}, {"op":"wait"} while results are out,
//   {"op":"done"}
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "flow/promote.hpp"
#include "flow/propose.hpp"
#include "promote/rule.hpp"
#include "study/definition.hpp"
#include "study/study.hpp"

using namespace hpo;
using nlohmann::json;

namespace {

constexpr int kEndless = 100'000;

struct Arguments {
  std::map<std::string, std::string> keys;
  int batch = 1;
};

/// A number, true, false and [a list] stand as they are, anything else is text.
std::string toml_value(const std::string& text) {
  double number = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  const bool plain = parsed.ec == std::errc{} && parsed.ptr == end;
  return plain || text == "true" || text == "false" || text.starts_with('[') ? text : json(text).dump();
}

std::string toml_parameter(const json& parameter) {
  const std::string type = parameter.at("type");
  if (type == "cat")
    return fmt::format(R"({{ type = "categorical", values = {} }})", parameter.at("choices").dump());
  return fmt::format(R"({{ type = "{}", low = {}, high = {}, scale = "{}" }})", type,
                     parameter.at("low").dump(), parameter.at("high").dump(),
                     parameter.at("log").get<bool>() ? "log" : "linear");
}

std::string toml_of(const json& start, const Arguments& arguments) {
  std::string search = "[search]\n";
  std::map<std::string, std::string> fidelity{{"min", "1"}, {"max", start.at("max_epochs").dump()}};
  bool counted = false;
  for (const auto& [key, value] : arguments.keys) {
    counted = counted || key == "trials" || key == "iterations";
    if (key == "min" || key == "max" || key == "eta") {
      fidelity[key] = value;
    } else {
      search += fmt::format("{} = {}\n", key, toml_value(value));
    }
  }
  if (!counted) search += fmt::format("trials = {}\n", kEndless);
  std::string text = fmt::format("[study]\nname = \"bench\"\nseed = {}\n", start.at("seed").dump());
  text += "[[objective]]\nmetric = \"loss\"\ngoal = \"minimize\"\n[space]\n";
  for (const auto& parameter : start.at("space"))
    text += fmt::format("{} = {}\n", parameter.at("name").dump(), toml_parameter(parameter));
  text += "[fidelity]\nunit = \"epoch\"\n";
  for (const auto& [key, value] : fidelity) text += fmt::format("{} = {}\n", key, value);
  return text + search + "[run]\ncommand = [\"true\"]\n";
}

/// With the number of tasks that can run at once, where the promotion rule asks for it and the arguments do
/// not say.
study::Definition definition_of(const json& start, Arguments arguments) {
  const auto parse = [&] { return study::parse_definition(toml_of(start, arguments), "search-adapter"); };
  auto definition = parse();
  const auto& rules = promote::registry();
  const auto rule = std::ranges::find(rules, definition.search.promotion, &promote::Entry::name);
  if (rule == rules.end() || std::ranges::find(rule->option_names, "batch") == rule->option_names.end())
    return definition;
  arguments.keys.try_emplace("batch", start.at("workers").dump());
  return parse();
}

/// One study, and what the benchmark has of it. Budgets are whole epochs here, each rung's more than the
/// last's.
class Bench {
 public:
  Bench(const json& start, const Arguments& arguments) : batch_(arguments.batch) {
    study_.definition = definition_of(start, arguments);
  }

  json ask() {
    for (;;) {
      for (; next_ < study_.tasks.size(); ++next_) {
        if (study_.tasks[next_].state != study::TaskState::waiting) continue;
        study_.tasks[next_].state = study::TaskState::running;
        return eval(next_++);
      }
      if (!moved()) break;
    }
    return {{"op", out_.empty() ? "done" : "wait"}};
  }

  void tell(const json& message) {
    const auto found = out_.find(message.at("id").get<int>());
    if (found == out_.end()) throw Error("", "a result that nobody has asked for");
    auto& task = study_.tasks[found->second];
    out_.erase(found);
    const json& last = message.at("curve").back();
    const bool diverged = last.is_null() || !std::isfinite(last.get<double>());
    task.state = diverged ? study::TaskState::diverged : study::TaskState::finished;
    if (!diverged) task.values = {last.get<double>()};
    task.step = study_.rungs[rung_of(task)].budget;
    task.ended = ++clock_;
  }

 private:
  bool moved() {
    if (flow::promote(study_, ++clock_).state == flow::Promotion::State::promoted &&
        next_ < study_.tasks.size())
      return true;
    return !flow::propose(study_, batch_, ++clock_).trials.empty();
  }

  std::size_t rung_of(const study::Task& task) const {
    const auto is = [&](const study::Rung& r) { return r.bracket == task.bracket && r.index == task.rung; };
    return static_cast<std::size_t>(std::ranges::find_if(study_.rungs, is) - study_.rungs.begin());
  }

  json eval(std::size_t row) {
    const auto& task = study_.tasks[row];
    out_[task.trial] = row;
    int& trained = epochs_[task.trial];
    trained = std::max(trained + 1, static_cast<int>(std::lround(study_.rungs[rung_of(task)].budget)));
    const auto& trial = study_.trials[static_cast<std::size_t>(task.trial)];
    return {{"op", "eval"},
            {"id", task.trial},
            {"config", study_.definition.space.to_json(trial.point)},
            {"epochs", trained}};
  }

  study::Study study_;
  int batch_;
  std::size_t next_ = 0;  // tasks before it have been handed out
  double clock_ = 0;
  std::map<int, std::size_t> out_;  // by trial: the task that runs
  std::map<int, int> epochs_;       // by trial
};

Arguments read_arguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto equals = word.find('=');
    if (word == "--batch" && i + 1 < argc) {
      arguments.batch = std::stoi(argv[++i]);
    } else if (equals != std::string::npos) {
      arguments.keys[word.substr(0, equals)] = word.substr(equals + 1);
    } else {
      throw Error(word, "is neither KEY=VALUE nor --batch N");
    }
  }
  return arguments;
}

void serve(const Arguments& arguments) {
  std::unique_ptr<Bench> bench;
  std::string line;
  while (std::getline(std::cin, line)) {
    const json message = json::parse(line);
    const std::string op = message.at("op");
    if (op == "start") bench = std::make_unique<Bench>(message, arguments);
    if (op == "ask") std::cout << bench->ask().dump() << std::endl;
    if (op == "tell") bench->tell(message);
    if (op == "stop") bench.reset();
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    serve(read_arguments(argc, argv));
    return 0;
  } catch (const Error& error) {
    std::cerr << "search-adapter: " << error.culprit() << ": " << error.reason() << "\n";
  } catch (const std::exception& error) {
    std::cerr << "search-adapter: " << error.what() << "\n";
  }
  return 1;
}
