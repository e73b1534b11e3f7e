// SPDX-License-Identifier: Apache-2.0
#include "report/reasons.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace hpo::report {
namespace {

struct Row {
  std::string_view part;  // of the reason
  std::string_view text, remedy = "";
};

// Slurm's words of https://slurm.schedmd.com/job_reason_codes.html; the first row whose part occurs counts.
constexpr std::array kRows{
    Row{"DependencyNeverSatisfied", "what it waits for did not end as it should: it never starts",
        "scancel {}"},
    Row{"Dependency", "other jobs must end first"},
    Row{"JobArrayTaskLimit", "as many run at once as the array's throttle allows",
        "hpo-promote STUDY --throttle=N"},
    Row{"JobHeldAdmin", "an administrator holds it", "ask them to release {}"},
    Row{"JobHoldMaxRequeue", "Slurm has put it back too often and now holds it", "scontrol release {}"},
    Row{"launch failed requeued held", "it could not be started, and is held so that somebody looks at why",
        "scontrol release {}"},
    Row{"requeued in held", "it was put back to be run again, and is held until somebody lets it go",
        "scontrol release {}"},
    Row{"special exit", "it was put back with a special exit code, and is held", "scontrol release {}"},
    Row{"JobHeldUser", "it is held until somebody lets it go", "scontrol release {}"},
    Row{"BeginTime",
        "it may not start before a certain time: Slurm waits a little before it runs again what "
        "was put back"},
    Row{"PartitionTimeLimit", "its time limit is above the partition's: it never starts",
        "lower [slurm] time, or: scontrol update JobId={} TimeLimit=..."},
    Row{"PartitionNodeLimit", "the partition does not give so many (or so few) nodes: it never starts",
        "change [slurm] nodes or partition"},
    Row{"PartitionConfig", "the partition does not allow what it asks for", "change [slurm] partition"},
    Row{"PartitionDown", "the partition takes no new jobs for now"},
    Row{"PartitionInactive", "the partition takes no new jobs for now"},
    Row{"ReqNodeNotAvail", "nodes that it may run on are down, drained, or kept for a reservation"},
    Row{"Reserv", "it waits for its reservation"},
    Row{"WallDurationPerJobLimit", "its time limit is above what the account or QOS allows: it never starts",
        "lower [slurm] time"},
    Row{"Minutes", "the hours granted to the account or QOS are used up"},
    Row{"QOS not permitted", "the QOS may not be used in this partition", "change [slurm] qos or partition"},
    Row{"InvalidQOS", "the QOS does not exist any more", "change [slurm] qos"},
    Row{"InvalidAccount", "the account does not exist any more", "change [slurm] account"},
    Row{"QOSMax", "the QOS allows no more at once: others of yours must end first"},
    Row{"QOSGrp", "the QOS allows no more at once, of all its users"},
    Row{"AssocMax", "your account allows no more at once: others of yours must end first"},
    Row{"AssocGrp", "your account allows no more at once, of all its users"},
    Row{"BadConstraints", "no node can be as it asks for: it never starts", "change [slurm]"},
    Row{"Licenses", "it waits for a licence"},
    Row{"Priority", "other jobs go first"},
    Row{"Resources", "it is next and waits for nodes to become free"},
    Row{"None", "Slurm has not looked at it yet"},
};

}  // namespace

Meaning meaning_of(std::string_view reason) {
  const std::string words = replace_all(std::string(reason.substr(0, reason.find_first_of(",:"))), "_", " ");
  const auto found =
      std::ranges::find_if(kRows, [&](const Row& row) { return words.find(row.part) != std::string::npos; });
  if (found == kRows.end()) return {};
  return {std::string(found->text), std::string(found->remedy)};
}

}  // namespace hpo::report
