// SPDX-License-Identifier: Apache-2.0
#include "study/ledger.hpp"

#include <map>

namespace hpo::study {

Hours spent(const Study& study) {
  // By rung, not by the task's own submission: a task whose array is over has none until the next is made.
  std::map<int, const Submission*> arrays;
  for (const Submission& submission : study.submissions) arrays[submission.rung] = &submission;
  Hours hours;
  for (const Task& task : study.tasks) {
    hours.node += task.node_hours;
    const auto array = arrays.find(task.rung);
    if (array == arrays.end()) continue;
    const double share = task.node_hours / static_cast<double>(array->second->nodes);
    hours.gpu += share * static_cast<double>(array->second->gpus);
    hours.core += share * static_cast<double>(array->second->cores);
  }
  return hours;
}

}  // namespace hpo::study
