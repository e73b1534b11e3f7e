// SPDX-License-Identifier: Apache-2.0
#include "report/hints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "report/rank_correlation.hpp"
#include "report/terminal.hpp"

namespace hpo::report {
namespace {

constexpr double kSilent_s = 1800;
constexpr double kChance = 1e-3;  // what chance explains more often than this is not worth a hint

// The probability of at least k of n when each happens with probability p.
double at_least(int k, int n, double p) {
  double below = 0;
  for (int i = 0; i < k; ++i) {
    const double log_ways = std::lgamma(n + 1.0) - std::lgamma(i + 1.0) - std::lgamma(n - i + 1.0);
    below += std::exp(log_ways + i * std::log(p) + (n - i) * std::log1p(-p));
  }
  return 1 - below;
}

std::string trials_text(const std::vector<std::int32_t>& ids) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> words;
  for (std::size_t i = 0; i < std::min(ids.size(), kShown); ++i) words.push_back(std::to_string(ids[i]));
  return join(words, ", ") + (ids.size() > kShown ? ", ..." : "");
}

void hint_silence(const View& view, std::vector<std::string>& hints) {
  std::vector<std::int32_t> silent;
  double longest = 0;
  for (const TrialView& trial : view.trials()) {
    if (trial.state != TrialState::running || trial.attempt == nullptr) continue;
    const double heard = std::max(trial.attempt->last_time, trial.attempt->started);
    if (heard <= 0 || view.now() - heard < kSilent_s) continue;
    silent.push_back(trial.id);
    longest = std::max(longest, view.now() - heard);
  }
  if (silent.empty()) return;
  hints.push_back(fmt::format("{} running without a report for up to {}: {} {}",
                              silent.size() == 1 ? "1 trial is" : fmt::format("{} trials are", silent.size()),
                              human_duration(longest), silent.size() == 1 ? "trial" : "trials",
                              trials_text(silent)));
}

// What was ended from outside, or put back, says nothing about its point or its node.
bool is_failure(const study::Attempt& attempt) {
  switch (attempt.cause) {
    case study::Cause::stopped:
    case study::Cause::preempted:
    case study::Cause::cancelled:
    case study::Cause::evicted:
    case study::Cause::deadline:
    case study::Cause::requeued:
    case study::Cause::superseded:
    case study::Cause::called_off:
      return false;
    default:
      break;
  }
  return attempt.state == study::AttemptState::failed || attempt.state == study::AttemptState::diverged ||
         attempt.state == study::AttemptState::infrastructure;
}

// "rank 3: out of memory" and "rank 5: out of memory" are one cause.
std::string cause(const std::string& message) {
  std::string out = message.substr(0, message.find('\n'));
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return std::isdigit(c) != 0; }, '#');
  return out;
}

// Cancelled tasks of rungs that are not decided: afterwards nothing can be run again.
void hint_cancelled(const View& view, std::vector<std::string>& hints) {
  int cancelled = 0;
  for (const study::Task& task : view.study().tasks) {
    const RungView* rung = view.rung(task.bracket, task.rung);
    cancelled += task.state == study::TaskState::abandoned && task.cause == study::Cause::cancelled &&
                 rung != nullptr && !rung->decided;
  }
  if (cancelled > 0)
    hints.push_back(
        fmt::format("{} cancelled and will not run: to have {} run after all, "
                    "hpo-promote --retry=abandoned",
                    cancelled == 1 ? "1 task was" : fmt::format("{} tasks were", cancelled),
                    cancelled == 1 ? "it" : "them"));
}

void hint_missing(const View& view, std::vector<std::string>& hints) {
  int missing = 0;
  double since = view.now();
  for (const study::Task& task : view.study().tasks) {
    if (task.has_ended() || task.missed <= 0) continue;
    ++missing;
    since = std::min(since, task.missed);
  }
  if (missing > 0)
    hints.push_back(fmt::format("Slurm has known nothing of {} for {}: lost after {}, and then run again",
                                missing == 1 ? "1 task" : fmt::format("{} tasks", missing),
                                human_duration(view.now() - since),
                                human_duration(view.study().definition.retry.lost_after_s)));
}

void hint_held(const std::vector<std::string>& held, std::vector<std::string>& hints) {
  constexpr std::size_t kShown = 5;
  if (held.empty()) return;
  const std::vector<std::string> shown(
      held.begin(), held.begin() + static_cast<std::ptrdiff_t>(std::min(held.size(), kShown)));
  hints.push_back(fmt::format("Slurm holds {} until somebody lets {} go: scontrol release {}{}",
                              held.size() == 1 ? "1 task" : fmt::format("{} tasks", held.size()),
                              held.size() == 1 ? "it" : "them", join(shown, ","),
                              held.size() > kShown ? ",..." : ""));
}

void hint_share_of_failures(const View& view, std::vector<std::string>& hints) {
  const int failed = view.count(TrialState::failed) + view.count(TrialState::diverged);
  const int begun = static_cast<int>(view.trials().size()) - view.count(TrialState::waiting);
  if (failed < 3 || failed * 5 < begun) return;
  std::string hint = fmt::format("{} of {} trials failed", failed, begun);
  const double limit = view.study().definition.budget.failed;
  if (limit < 1) hint += fmt::format(" (the study stops at {} %)", rounded(100 * limit, 3));
  hints.push_back(hint);
}

void hint_host(const View& view, std::vector<std::string>& hints) {
  struct Tally {
    int failed = 0, all = 0;
  };
  std::map<std::string, Tally> hosts;
  Tally total;
  for (const study::Attempt& attempt : view.study().attempts) {
    if (attempt.host.empty()) continue;
    Tally& host = hosts[attempt.host];
    ++host.all, ++total.all;
    if (is_failure(attempt)) ++host.failed, ++total.failed;
  }
  if (hosts.size() < 2 || total.failed < 3) return;
  const auto worst = std::max_element(hosts.begin(), hosts.end(), [](const auto& a, const auto& b) {
    return a.second.failed < b.second.failed;
  });
  const Tally& tally = worst->second;
  const double share = static_cast<double>(tally.all) / total.all;
  if (2 * tally.failed <= total.failed || at_least(tally.failed, total.failed, share) > 10 * kChance) return;
  hints.push_back(fmt::format("{} of {} failed attempts ran on {}, which had {} of all {}: exclude it",
                              tally.failed, total.failed, printable(worst->first), tally.all, total.all));
}

void hint_cause(const View& view, std::vector<std::string>& hints) {
  std::map<std::string, std::pair<int, std::string>> causes;  // how many, and one of the messages
  int failures = 0;
  for (const study::Attempt& attempt : view.study().attempts) {
    if (!is_failure(attempt)) continue;
    ++failures;
    if (attempt.message.empty()) continue;
    auto& [count, message] = causes[cause(attempt.message)];
    if (count++ == 0) message = attempt.message.substr(0, attempt.message.find('\n'));
  }
  for (const auto& [key, value] : causes) {
    const auto& [count, message] = value;
    if (count < 3 || 2 * count <= failures) continue;
    hints.push_back(fmt::format("{} of {} failed attempts say: {}", count, failures, printable(message)));
  }
}

// How many of the trials lie at a bound of a parameter, and the value farthest from it among them.
struct Crowd {
  int near = 0, all = 0;
  double farthest = 0;
};
Crowd crowd_at(const space::Parameter& parameter, const std::vector<double>& values, bool upper) {
  const double bound = upper ? parameter.high : parameter.low;
  Crowd crowd;
  crowd.farthest = bound;
  for (const double value : values) {
    ++crowd.all;
    const double u = parameter.to_unit(parameter.kind == space::Kind::integer
                                           ? space::Value(static_cast<std::int64_t>(value))
                                           : space::Value(value));
    const bool near = value == bound || (upper ? u >= 0.95 : u <= 0.05);
    if (!near) continue;
    ++crowd.near;
    crowd.farthest = upper ? std::min(crowd.farthest, value) : std::max(crowd.farthest, value);
  }
  return crowd;
}

void hint_bound(const space::Parameter& parameter, const std::vector<double>& values, bool upper,
                std::vector<std::string>& hints) {
  const Crowd crowd = crowd_at(parameter, values, upper);
  const double share = std::min(0.5, std::max(0.05, 1 / parameter.count()));
  if (2 * crowd.near < crowd.all || at_least(crowd.near, crowd.all, share) > kChance) return;
  const std::string bound = rounded(upper ? parameter.high : parameter.low, 4);
  const std::string where = crowd.farthest == (upper ? parameter.high : parameter.low)
                                ? fmt::format("at its bound {}", bound)
                                : fmt::format("{} {}, near its bound {}", upper ? "from" : "up to",
                                              rounded(crowd.farthest, 3), bound);
  hints.push_back(fmt::format("{} of the {} best trials have {} {}: widen it", crowd.near, crowd.all,
                              parameter.name, where));
}

void hint_bounds(const View& view, std::vector<std::string>& hints) {
  constexpr std::size_t kBest = 10;
  if (view.best_first().size() < 3 * kBest) return;  // the best must be a selection
  const space::Space& space = view.study().definition.space;
  for (const std::size_t i : space.free()) {
    const space::Parameter& parameter = space.parameters()[i];
    if (parameter.kind != space::Kind::real && parameter.kind != space::Kind::integer) continue;
    std::vector<double> values;
    for (std::size_t k = 0; k < kBest; ++k) {
      const space::Value& value =
          view.trials()[static_cast<std::size_t>(view.best_first()[k])].trial->point[i];
      if (space::is_active(value)) values.push_back(space::as_number(value));
    }
    if (values.empty()) continue;
    for (const bool upper : {false, true}) hint_bound(parameter, values, upper, hints);
  }
}

void hint_prediction(const View& view, std::vector<std::string>& hints) {
  constexpr std::size_t kEnough = 8;
  for (const RungView& rung : view.rungs()) {
    const auto correlation = rank_correlation(rung.values, rung.values_above);
    if (rung.values.size() < kEnough || !correlation || *correlation > 0.2) continue;
    hints.push_back(
        fmt::format("rung {} hardly predicts rung {} (rank correlation {:.2f} over {} trials): a larger "
                    "fidelity.min may serve better",
                    rung.index, rung.index + 1, *correlation, rung.values.size()));
  }
}

}  // namespace

std::vector<std::string> hints(const View& view, const std::vector<std::string>& held) {
  std::vector<std::string> hints;
  hint_held(held, hints);
  hint_missing(view, hints);
  hint_silence(view, hints);
  hint_cancelled(view, hints);
  hint_share_of_failures(view, hints);
  hint_host(view, hints);
  hint_cause(view, hints);
  hint_bounds(view, hints);
  hint_prediction(view, hints);
  return hints;
}

}  // namespace hpo::report
