// SPDX-License-Identifier: Apache-2.0
#include "flow/submit.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "flow/plan.hpp"
#include "flow/submission.hpp"
#include "flow/submitter.hpp"
#include "slurm/submit.hpp"
#include "study/resources.hpp"

namespace hpo::flow {
namespace {

std::vector<std::int32_t> pending(const study::Study& study) {
  auto rows = submissions_with_work(study);
  std::erase_if(rows,
                [&](auto row) { return !is_pending(study.submissions[static_cast<std::size_t>(row)]); });
  return rows;
}

}  // namespace

std::vector<std::string> submit(const study::Store& store, const SubmitOptions& options,
                                const study::Provenance& who) {
  return Submitter(store, options, who).run();
}

std::vector<std::string> to_submit(const study::Study& study) {
  std::vector<std::string> lines;
  const auto expected = expected_hours(study);
  for (const auto row : pending(study)) {
    const auto& submission = study.submissions[static_cast<std::size_t>(row)];
    lines.push_back(fmt::format(
        "{}: {} tasks of {} nodes for {} each, at most {} node-hours{}", submission.name, submission.tasks,
        submission.nodes, submission.time_s > 0 ? slurm_time(submission.time_s) : "any time",
        submission.time_s > 0 ? rounded(submission.node_hours, 3) : "?", expected_text(expected, row)));
  }
  return lines;
}

void confirm(const study::Study& study, bool yes) {
  double worst = 0;
  for (const auto row : pending(study)) worst += study.submissions[static_cast<std::size_t>(row)].node_hours;
  const double most = study.definition.submit.confirm_node_hours;
  if (yes || worst <= most || ::isatty(STDIN_FILENO) == 0) return;
  throw Error(ExitCode::usage, study.definition.name,
              fmt::format("this may take {} node-hours, above confirm_node_hours = {}", rounded(worst, 4),
                          rounded(most, 6)),
              "add --yes (make: YES=1) to submit it");
}

int hold_back(const study::Store& store, const study::Provenance& who) {
  const auto study = store.head().study;
  std::map<std::string, std::int32_t> rows;
  for (const auto row : submissions_with_work(study)) {
    const auto& submission = study.submissions[static_cast<std::size_t>(row)];
    if (!is_pending(submission)) rows[submission.name] = row;
  }
  if (rows.empty()) return 0;
  std::vector<std::string> names;
  for (const auto& [name, row] : rows) names.push_back(name);
  std::vector<std::int32_t> held;
  for (const auto& [name, arrays] : ask_queue(names))
    for (const auto& array : arrays)
      if (array.is_waiting && slurm::hold(array.job)) held.push_back(rows.at(name));
  if (held.empty()) return 0;
  (void)store.update(
      [&](study::Study& now) {
        for (const auto row : held) now.submissions.at(static_cast<std::size_t>(row)).released = 0;
        return true;
      },
      who);
  return static_cast<int>(held.size());
}

int throttle(const study::Study& study, int tasks) {
  int taken = 0;
  for (const auto row : submissions_with_work(study)) {
    const auto& submission = study.submissions[static_cast<std::size_t>(row)];
    if (!is_pending(submission) && slurm::throttle(submission.array(), tasks)) ++taken;
  }
  return taken;
}

void check_extra_options(const std::vector<std::string>& words) {
  static const std::map<std::string, std::string> kShort{
      {"-a", "array"}, {"-J", "job-name"}, {"-o", "output"},     {"-e", "error"}, {"-M", "clusters"},
      {"-H", "hold"},  {"-W", "wait"},     {"-d", "dependency"}, {"-i", "input"}};
  for (const auto& word : words) {
    const auto found = kShort.find(word.substr(0, 2));
    const std::string name = starts_with(word, "--") ? word.substr(2, word.find('=') - 2)
                             : found != kShort.end() ? found->second
                                                     : "";
    if (name.empty()) continue;
    if (const auto reason = study::refused_option(name))
      throw Error(ExitCode::usage, word, fmt::format("is set by the tools: {}", *reason), "leave it out");
  }
}

}  // namespace hpo::flow
