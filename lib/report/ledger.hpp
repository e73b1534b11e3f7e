// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "report/view.hpp"
#include "study/ledger.hpp"

namespace hpo::report {

/// What came to nothing, of one cause.
struct Waste {
  study::Cause cause = study::Cause::none;
  int runs = 0;
  double node_hours = 0;
};

/// What one rung was promised, has spent and has given back; node-hours where nothing else is said.
struct RungLedger {
  int bracket = 0, rung = 0;
  int tasks = 0, runs = 0;
  double promised = 0;  ///< the worst case of all its arrays, those for second tries included
  study::Hours spent;
  std::vector<Waste> wasted;  ///< of what was spent, by cause, the largest first
  double makespan_s = 0;      ///< first start to last end
  double peak_nodes = 0;      ///< in use at once
  double held = 0;            ///< what one allocation of so many nodes would have cost until the barrier
  double given_back = 0;
  [[nodiscard]] double wasted_node_hours() const;
};

/// One limit of [budget], or node-hours without one.
struct Account {
  std::string unit;  ///< "node-hours", "GPU-hours", "core-hours"
  double spent = 0;
  double promised = 0;  ///< the worst case of what is submitted and not over
  std::optional<double> limit;
  std::optional<double> expected = {};  ///< of what is promised; handed in, nothing where it is not known
  [[nodiscard]] std::optional<double> left() const;  ///< not below 0
};
/// Node-hours always; the others where they have a limit.
[[nodiscard]] std::vector<Account> accounts(const study::Study& study);

/// --ledger as data.
struct Ledger {
  std::string name;
  std::vector<RungLedger> rungs;
  RungLedger total;             ///< of all rungs; its bracket, rung, makespan and peak mean nothing
  std::vector<Account> budget;  ///< as accounts() has them
  int accounted = 0;  ///< runs whose hours are Slurm's accounting's; those of the others are told by
                      ///< their own segments
};
[[nodiscard]] Ledger make_ledger(const View& view);

}  // namespace hpo::report
