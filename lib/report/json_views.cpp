// SPDX-License-Identifier: Apache-2.0
#include "report/json_views.hpp"

#include "report/json_value.hpp"
#include "report/view.hpp"
#include "study/cause.hpp"

namespace hpo::report {
namespace {

Json cause_json(study::Cause cause) {
  return cause == study::Cause::none ? Json() : Json(study::cause_name(cause));
}

Json hours_json(const study::Hours& hours) {
  return {{"node", hours.node}, {"gpu", hours.gpu}, {"core", hours.core}};
}

Json accounts_json(const std::vector<Account>& accounts) {
  Json out = Json::array();
  for (const Account& account : accounts)
    out.push_back({{"unit", account.unit},
                   {"spent", account.spent},
                   {"promised", account.promised},
                   {"expected", optional(account.expected)},
                   {"limit", optional(account.limit)},
                   {"left", optional(account.left())}});
  return out;
}

Json array_json(const ArrayStatus& array) {
  Json reasons = Json::array();
  for (const WaitReason& reason : array.reasons)
    reasons.push_back({{"reason", reason.reason},
                       {"held", reason.held},
                       {"tasks", reason.tasks},
                       {"meaning", text(reason.text)},
                       {"remedy", text(reason.remedy)}});
  return {{"name", array.name},
          {"job", text(array.job)},
          {"kind", array.is_controller ? "controller" : "array"},
          {"bracket", array.bracket},
          {"rung", array.rung},
          {"trouble", text(array.trouble)},
          {"tasks", array.tasks},
          {"running", array.running},
          {"waiting", array.waiting},
          {"held", array.held},
          {"ending", array.ending},
          {"missing", array.missing},
          {"missed_since", time(array.missed_since)},
          {"ended", array.ended},
          {"reasons", reasons},
          {"expected_start", array.expected_start ? time(*array.expected_start) : Json()},
          {"time_limit_s", array.time_s > 0 ? Json(array.time_s) : Json()},
          {"longest_run_s", array.longest_run_s}};
}

Json attempt_json(const AttemptStory& attempt) {
  return {{"attempt", optional(attempt.ordinal)},
          {"job", text(attempt.job)},
          {"host", text(attempt.host)},
          {"started", time(attempt.started)},
          {"elapsed", attempt.seconds},
          {"first_step", attempt.first_step > 0 ? Json(attempt.first_step) : Json()},
          {"last_step", attempt.last_step > 0 ? Json(attempt.last_step) : Json()},
          {"cause", cause_json(attempt.cause)},
          {"slurm_state", text(attempt.state)},
          {"exit_code", attempt.exit_code},
          {"message", text(attempt.message)},
          {"checkpoint_s", attempt.checkpoint_s > 0 ? Json(attempt.checkpoint_s) : Json()},
          {"newest_checkpoint", attempt.holds_checkpoint},
          {"hours", hours_json(attempt.hours)}};
}

Json decision_json(const study::Decision* decision) {
  if (decision == nullptr) return nullptr;
  return {{"time", time(decision->time)},
          {"promoted", decision->promoted},
          {"rank", decision->rank},
          {"value", number(decision->value)},
          {"reason", decision->reason}};
}

Json rung_json(const RungStory& rung) {
  Json attempts = Json::array();
  for (const AttemptStory& attempt : rung.attempts) attempts.push_back(attempt_json(attempt));
  return {{"bracket", rung.bracket},
          {"rung", rung.rung},
          {"budget", rung.budget},
          {"state", name(rung.state)},
          {"reason", text(rung.reason)},
          {"value", optional(rung.value)},
          {"attempts", attempts},
          {"decision", decision_json(rung.decision)},
          {"next", text(rung.next)},
          {"retries", text(rung.retries)},
          {"hours", hours_json(rung.hours)},
          {"seconds_per_unit", optional(rung.seconds_per_unit)}};
}

Json ledger_json(const RungLedger& rung) {
  Json wasted = Json::array();
  for (const Waste& waste : rung.wasted)
    wasted.push_back(
        {{"cause", cause_json(waste.cause)}, {"attempts", waste.runs}, {"node_hours", waste.node_hours}});
  return {{"tasks", rung.tasks},
          {"attempts", rung.runs},
          {"promised_node_hours", rung.promised},
          {"spent", hours_json(rung.spent)},
          {"wasted_node_hours", rung.wasted_node_hours()},
          {"wasted", wasted},
          {"held_node_hours", rung.held},
          {"given_back_node_hours", rung.given_back}};
}

}  // namespace

std::string json_text(const Status& status) {
  Json arrays = Json::array(), to_come = Json::array(), unsubmitted = Json::array();
  for (const ArrayStatus& array : status.arrays) arrays.push_back(array_json(array));
  for (const Unsubmitted& rung : status.unsubmitted)
    unsubmitted.push_back({{"bracket", rung.bracket}, {"rung", rung.rung}, {"tasks", rung.tasks}});
  for (const PlannedRung& rung : status.to_come)
    to_come.push_back({{"bracket", rung.bracket},
                       {"rung", rung.rung},
                       {"budget", rung.budget},
                       {"tasks", rung.tasks},
                       {"expected_node_hours", optional(rung.expected)},
                       {"worst_node_hours", optional(rung.worst)}});
  return dump({{"schema", kSchema},
               {"study", status.name},
               {"time", time(status.now)},
               {"slurm", text(status.slurm)},
               {"arrays", arrays},
               {"unsubmitted", unsubmitted},
               {"blocked", text(status.blocked)},
               {"to_come", to_come},
               {"budget", accounts_json(status.budget)},
               {"next", name(status.next)},
               {"stopped", optional(status.stopped)}},
              2);
}

std::string json_text(const Explanation& explanation) {
  Json rungs = Json::array();
  for (const RungStory& rung : explanation.rungs) rungs.push_back(rung_json(rung));
  return dump({{"schema", kSchema},
               {"trial", explanation.trial},
               {"state", name(explanation.state)},
               {"params", explanation.params},
               {"origin", explanation.origin},
               {"seed", std::to_string(explanation.seed)},
               {"proposed", time(explanation.proposed)},
               {"rungs", rungs},
               {"hours", hours_json(explanation.hours)},
               {"logs", explanation.logs}},
              2);
}

std::string json_text(const Ledger& ledger) {
  Json rungs = Json::array();
  for (const RungLedger& rung : ledger.rungs) {
    Json row = {{"bracket", rung.bracket}, {"rung", rung.rung}};
    row.update(ledger_json(rung));
    row["makespan_s"] = rung.makespan_s;
    row["peak_nodes"] = rung.peak_nodes;
    rungs.push_back(row);
  }
  return dump({{"schema", kSchema},
               {"study", ledger.name},
               {"rungs", rungs},
               {"total", ledger_json(ledger.total)},
               {"budget", accounts_json(ledger.budget)},
               {"accounted_attempts", ledger.accounted}},
              2);
}

}  // namespace hpo::report
