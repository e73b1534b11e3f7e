// SPDX-License-Identifier: Apache-2.0
#include "flow/pass.hpp"

#include <utility>

#include "flow/breaker.hpp"
#include "flow/plan.hpp"

namespace hpo::flow {

namespace {

// What a rung that has closed makes room for is proposed in the same pass.
void climb(study::Study& study, const PassOptions& options, double now, Pass& done) {
  if (options.propose) done.proposed = propose(study, {}, now);
  done.promotion = promote(study, now, options.accept);
  if (!options.propose || done.promotion.needs_person) return;
  auto next = propose(study, {}, now);
  if (next.trials.empty()) return;
  auto& trials = done.proposed.trials;
  trials.insert(trials.end(), next.trials.begin(), next.trials.end());
  const auto rungs = std::move(done.promotion.rungs);
  done.promotion = promote(study, now, options.accept);
  done.promotion.rungs.insert(done.promotion.rungs.begin(), rungs.begin(), rungs.end());
  if (!done.promotion.rungs.empty()) done.promotion.state = Promotion::State::promoted;
}

}  // namespace

Pass pass(study::Study& study, const study::Layout& layout, const Cluster& cluster,
          const PassOptions& options, double now) {
  Pass done;
  done.refreshed = refresh(study, layout, cluster);
  if (!options.retry.empty()) done.retried = retry_tasks(study, options.retry, now);
  done.first_decision = study.decisions.size();
  done.stopped = exhausted(study, now);
  done.needs_person = done.stopped && done.stopped == tripped(study);
  if (!done.stopped) {
    climb(study, options, now, done);
    done.arranged = arrange(study, cluster.array_size(), now);
  }
  done.changed = done.refreshed.changed() || done.retried > 0 || !done.proposed.trials.empty() ||
                 !done.promotion.rungs.empty() || done.arranged.changed();
  return done;
}

}  // namespace hpo::flow
