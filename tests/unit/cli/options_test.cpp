// SPDX-License-Identifier: Apache-2.0
#include "cli/options.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "unit/cli/example_usage.hpp"

using namespace hpo;
using namespace hpo::cli;

namespace {

Arguments parsed(std::initializer_list<const char*> words) {
  return parse_words(example_usage(), words);
}

std::string refusal(std::initializer_list<const char*> words) {
  try {
    (void)parsed(words);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    return error.what();
  }
  return "";
}

template <class Call>
std::string refusal_of(const Call& call) {
  try {
    (void)call();
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    return error.what();
  }
  return "";
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("cli: an option takes its argument in all of GNU's forms") {
  for (const Arguments& a : {parsed({"s", "--format=a,b"}), parsed({"s", "--format", "a,b"}),
                             parsed({"s", "-oa,b"}), parsed({"-o", "a,b", "s"})}) {
    CHECK(a.text("format") == "a,b");
    CHECK(a.has("format"));
    CHECK(a.positionals() == Words{"s"});
  }
}

TEST_CASE("cli: short flags may be written together, the last with its argument") {
  const Arguments a = parsed({"-nPox", "s"});
  CHECK(a.has("noheader"));
  CHECK(a.has("parsable2"));
  CHECK(a.text("format") == "x");
}

TEST_CASE("cli: an option given twice has its last value, and both in texts") {
  const Arguments a = parsed({"s", "-o", "x", "--format=y", "-v", "-v"});
  CHECK(a.text("format") == "y");
  CHECK(a.texts("format") == Words{"x", "y"});
  CHECK(a.has("verbose"));
}

TEST_CASE("cli: a default is a value but does not count as given") {
  const Arguments a = parsed({"s"});
  CHECK(a.text("format") == "trial,value");
  CHECK_FALSE(a.has("format"));
  CHECK(a.texts("format").empty());
  CHECK(a.number("rate") == 0.5);
  CHECK(a.text("top").empty());
  CHECK_FALSE(a.integer("top").has_value());
}

TEST_CASE("cli: an argument may begin with a dash when it is joined by =") {
  CHECK(parsed({"s", "--format=-value"}).text("format") == "-value");
  CHECK(parsed({"s", "--top=-3"}).integer("top") == -3);
}

TEST_CASE("cli: an unknown option is refused with the nearest one") {
  CHECK(refusal({"s", "--fromat=x"}) == "--fromat: no such option, did you mean '--format'?");
  CHECK(refusal({"s", "--zzz"}) == "--zzz: no such option");
  CHECK(refusal({"s", "-x"}) == "-x: no such option");
}

TEST_CASE("cli: a name is never abbreviated") {
  CHECK(refusal({"s", "--form=x"}).find("--form: no such option") == 0);
  CHECK(refusal({"s", "--noheade"}) == "--noheade: no such option, did you mean '--noheader'?");
}

TEST_CASE("cli: a missing or needless argument is refused") {
  CHECK(refusal({"s", "--format"}) == "-o, --format: needs an argument, LIST");
  CHECK(refusal({"s", "--top="}) == "--top: needs an argument, N");
  CHECK(refusal({"s", "--top"}) == "--top: needs an argument, N");
  CHECK(refusal({"s", "--noheader=yes"}) == "-n, --noheader: takes no argument");
}

TEST_CASE("cli: positionals are counted") {
  CHECK(refusal({}) == "STUDY: missing: the study file");
  CHECK(parsed({"s", "a", "b"}).positionals() == Words{"s", "a", "b"});
  CHECK(parsed({"s"}).positional(0) == "s");
  CHECK(parsed({"s"}).positional(1).empty());
  Usage usage = example_usage();
  usage.positionals = {{"STUDY", "the study file"}};
  CHECK_THROWS_WITH(parse_words(usage, {"s", "t"}), "t: one argument too many");
  CHECK(parse_words(usage, {"--help"}).has("help"));
}

TEST_CASE("cli: what follows -- is kept word for word") {
  const Arguments a = parsed({"s", "-n", "--", "--partition=gpu", "-x", "--", "--help"});
  CHECK(a.rest() == Words{"--partition=gpu", "-x", "--", "--help"});
  CHECK_FALSE(a.has("help"));
  CHECK(a.positionals() == Words{"s"});
}

TEST_CASE("cli: without a use for what follows -- it is positional") {
  Usage usage = example_usage();
  usage.rest = "";
  const Arguments a = parse_words(usage, {"--", "--odd-name"});
  CHECK(a.positionals() == Words{"--odd-name"});
  CHECK(a.rest().empty());
}

TEST_CASE("cli: numbers are read strictly and refused in a sentence") {
  CHECK(parsed({"s", "--top=12"}).integer("top") == 12);
  CHECK(parsed({"s", "--rate=1e-3"}).number("rate") == 1e-3);
  const Arguments a = parsed({"s", "--top=ten", "--rate=fast"});
  CHECK(refusal_of([&] { return a.integer("top"); }) == "--top: 'ten' is not a whole number");
  CHECK(refusal_of([&] { return a.number("rate"); }) == "--rate: 'fast' is not a number");
  CHECK(refusal_of([&] { return parsed({"s", "--top=0"}).integer("top", 1); }) == "--top: 0 is below 1");
  CHECK(refusal_of([&] { return parsed({"s", "--top=9"}).integer("top", 1, 8); }) == "--top: 9 is above 8");
}

TEST_CASE("cli: a choice must be one of those offered") {
  const Words choices{"auto", "always", "never"};
  CHECK(parsed({"s"}).choice("color", choices) == "auto");
  CHECK(parsed({"s", "--color=never"}).choice("color", choices) == "never");
  const Arguments a = parsed({"s", "--color=nevr"});
  CHECK(refusal_of([&] { return a.choice("color", choices); }) ==
        "--color: 'nevr' is none of auto, always, never: did you mean 'never'?");
}
