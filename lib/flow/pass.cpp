// SPDX-License-Identifier: Apache-2.0
#include "flow/pass.hpp"

#include "flow/breaker.hpp"
#include "flow/plan.hpp"

namespace hpo::flow {

Pass pass(study::Study& study, const study::Layout& layout, const Cluster& cluster,
          const PassOptions& options, double now) {
  Pass done;
  done.refreshed = refresh(study, layout, cluster);
  if (!options.retry.empty()) done.retried = retry_tasks(study, options.retry, now);
  done.first_decision = study.decisions.size();
  done.stopped = exhausted(study, now);
  done.needs_person = done.stopped && done.stopped == tripped(study);
  if (!done.stopped) {
    if (options.propose && lacks_trials(study)) done.proposed = propose(study, {}, now);
    done.promotion = promote(study, now, options.accept);
    done.arranged = arrange(study, cluster.array_size(), now);
  }
  done.changed = done.refreshed.changed() || done.retried > 0 || !done.proposed.trials.empty() ||
                 !done.promotion.rungs.empty() || done.arranged.changed();
  return done;
}

}  // namespace hpo::flow
