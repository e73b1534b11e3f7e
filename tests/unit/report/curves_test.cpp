// SPDX-License-Identifier: Apache-2.0
#include "report/curves.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "report/plot.hpp"
#include "report/select.hpp"
#include "unit/report/example_study.hpp"
#include "unit/report/golden.hpp"

using namespace hpo;
using namespace hpo::report;

namespace {

using Series = std::vector<double>;

std::vector<Curve> curves_of(const study::Study& study) {
  const View view(study, kNow);
  return learning_curves(view, select(view, {}));
}

Terminal terminal(bool unicode, bool color = false) {
  Terminal terminal;
  terminal.unicode = unicode;
  terminal.color = color;
  terminal.width = 60;
  return terminal;
}

std::string plotted(const study::Study& study, const Terminal& looks) {
  const View view(study, kNow);
  return plot_curves(view, select(view, {}), looks, 10);
}

}  // namespace

TEST_CASE("report: a learning curve joins a trial's attempts by step") {
  const std::vector<Curve> curves = curves_of(example_study());
  REQUIRE(curves.size() == 8);
  CHECK(curves.back().trial == 7);
  CHECK(curves.back().rung == 2);
  CHECK(curves.back().steps == Series{0.5, 1, 3});
  CHECK(curves.front().trial == 0);
}

TEST_CASE("report: a step trained twice has the value of the newest attempt") {
  study::Study study = example_study();
  study::Reports& reports = study.reports;
  reports.attempt.push_back(reports.attempt.back());
  reports.step.push_back(3);
  reports.time.push_back(kNow);
  reports.metrics[0].values.push_back(0.123);
  reports.metrics[1].values.push_back(0);
  const std::vector<Curve> curves = curves_of(study);
  CHECK(curves[6].trial == 8);
  CHECK(curves[6].values.back() == 0.123);
}

TEST_CASE("report: where nothing was reported on the way the ends of rungs make the curve") {
  study::Study study = example_study();
  study.reports = {};
  const std::vector<Curve> curves = curves_of(study);
  CHECK(curves.back().steps == Series{1, 3});
  CHECK(curves.back().values.back() == 0.2);
}

TEST_CASE("report: values that are not finite are not drawn") {
  study::Study study = example_study();
  study.reports.metrics[0].values[0] = std::numeric_limits<double>::infinity();
  study.reports.metrics[0].values[1] = std::numeric_limits<double>::quiet_NaN();
  CHECK(curves_of(study).front().trial == 1);
}

TEST_CASE("report: the plot of curves in ASCII, in Unicode and in colour") {
  const study::Study study = example_study();
  for (const auto& [name, looks] :
       {std::pair("curves.ascii.txt", terminal(false)), std::pair("curves.utf8.txt", terminal(true)),
        std::pair("curves.color.txt", terminal(true, true))}) {
    const std::string text = plotted(study, looks);
    CHECK(text == golden(name, text));
  }
}

TEST_CASE("report: no line of a plot is wider than the terminal") {
  for (const std::string& line : split(plotted(example_study(), terminal(true)), '\n'))
    CHECK(display_width(line) <= 60);
}

TEST_CASE("report: a plot without a point says so") {
  CHECK(plotted(empty_study(), terminal(true)) == "error by epoch\nnothing to draw yet\n");
}

TEST_CASE("report: an axis is logarithmic when values span more than a factor of thirty") {
  Plot plot;
  plot.rows = 3;
  plot.lines = {{0, {1, 2}, {1, 100}}};
  CHECK(to_text(plot, terminal(false)).find("     100 |") != std::string::npos);
  const std::string text = to_text(plot, terminal(false));
  CHECK(text.find("       1 |") != std::string::npos);
  plot.lines = {{0, {5}, {7}}};
  CHECK(to_text(plot, terminal(false)).find("       7 |") != std::string::npos);
}
