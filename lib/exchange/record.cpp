// SPDX-License-Identifier: Apache-2.0
#include "exchange/record.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "base/text.hpp"

namespace hpo::exchange {
namespace {

using json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 5> kEndings{"finished", "failed", "diverged", "stopped",
                                                   "infrastructure"};

json number(double value) {
  return std::isfinite(value) ? json(value) : json(shortest(value));
}

double number(const json& value) {
  if (!value.is_string()) return value.get<double>();
  const auto parsed = parse_double(value.get<std::string>());
  if (!parsed) throw std::invalid_argument("not a number");
  return *parsed;
}

std::string dump(char letter, const json& content) {
  return letter + content.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string encode(const Started& r) {
  return dump('S', {{"study", r.study_uuid},
                    {"submission", r.submission},
                    {"nonce", r.nonce},
                    {"trial", r.trial},
                    {"bracket", r.bracket},
                    {"rung", r.rung},
                    {"ordinal", r.ordinal},
                    {"job", r.job},
                    {"host", r.host},
                    {"nodes", r.nodes},
                    {"ranks", r.ranks},
                    {"time", number(r.time)}});
}

std::string encode(const Reported& r) {
  json metrics = json::object();
  for (const auto& [name, value] : r.metrics) metrics[name] = number(value);
  return dump('M', json::array({number(r.step), number(r.time), std::move(metrics)}));
}

std::string encode(const Checkpointed& r) {
  return dump(
      'C',
      {{"step", number(r.step)}, {"time", number(r.time)}, {"path", r.path}, {"seconds", number(r.seconds)}});
}

std::string encode(const Noted& r) {
  return dump('N', {{"time", number(r.time)}, {"text", r.text}});
}

std::string encode(const Ended& r) {
  return dump('E', {{"how", kEndings[static_cast<std::size_t>(r.how)]},
                    {"step", number(r.step)},
                    {"time", number(r.time)},
                    {"exit", r.exit_code},
                    {"message", r.message}});
}

Started started(const json& j) {
  Started r;
  r.study_uuid = j.at("study"), r.submission = j.at("submission"), r.nonce = j.at("nonce");
  r.trial = j.at("trial"), r.bracket = j.at("bracket"), r.rung = j.at("rung"), r.ordinal = j.at("ordinal");
  r.job = j.at("job"), r.host = j.at("host"), r.nodes = j.at("nodes"), r.ranks = j.at("ranks");
  r.time = number(j.at("time"));
  return r;
}

Reported reported(const json& j) {
  Reported r{number(j.at(0)), number(j.at(1)), {}};
  for (const auto& [name, value] : j.at(2).items()) r.metrics.emplace_back(name, number(value));
  return r;
}

Checkpointed checkpointed(const json& j) {
  Checkpointed r{number(j.at("step")), number(j.at("time")), j.at("path")};
  if (j.contains("seconds")) r.seconds = number(j.at("seconds"));
  return r;
}

std::optional<Ended> ended(const json& j) {
  Ended r;
  const std::string how = j.at("how");
  const auto* const known = std::find(kEndings.begin(), kEndings.end(), how);
  if (known == kEndings.end()) return std::nullopt;
  r.how = static_cast<Ending>(known - kEndings.begin());
  r.step = number(j.at("step")), r.time = number(j.at("time"));
  r.exit_code = j.at("exit"), r.message = j.at("message");
  return r;
}

// Reads M[...] as encode() writes it, four times as fast as the JSON library: a study has millions of them.
// Whatever looks unusual (an escape in a name, a blank) is left to the library.
class ReportScanner {
 public:
  explicit ReportScanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  std::optional<Reported> scan() {
    Reported r;
    if (!take('[') || !take_number(r.step) || !take(',') || !take_number(r.time) || !take(',') || !take('{'))
      return {};
    for (bool first = true; !take('}'); first = false) {
      std::string_view name;
      double value = 0;
      if (!(first || take(',')) || !take_text(name) || !take(':') || !take_number(value)) return {};
      r.metrics.emplace_back(name, value);
    }
    return take(']') && at_ == end_ ? std::optional(std::move(r)) : std::nullopt;
  }

 private:
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool take_text(std::string_view& text) {
    if (!take('"')) return false;
    const char* const start = at_;
    while (at_ != end_ && *at_ != '"' && *at_ != '\\') ++at_;
    text = {start, static_cast<std::size_t>(at_ - start)};
    return take('"');
  }
  bool take_number(double& value) {
    const bool quoted = at_ != end_ && *at_ == '"';
    std::string_view text;
    if (quoted) {
      if (!take_text(text)) return false;
      const auto parsed = parse_double(text);
      value = parsed.value_or(0);
      return parsed.has_value();
    }
    const auto [stop, status] = std::from_chars(at_, end_, value);
    at_ = stop;
    return status == std::errc() && std::isfinite(value);
  }

  const char* at_;
  const char* end_;
};

std::optional<Record> decode(char letter, std::string_view text) {
  const json j = json::parse(text);
  switch (letter) {
    case 'S':
      return started(j);
    case 'M':
      return reported(j);
    case 'C':
      return checkpointed(j);
    case 'N':
      return Noted{number(j.at("time")), j.at("text")};
    case 'E':
      return ended(j);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string encode_record(const Record& record) {
  return std::visit([](const auto& r) { return encode(r); }, record);
}

std::optional<Record> decode_record(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const char letter = text.front();
  text.remove_prefix(1);
  if (letter == 'M') {
    if (auto report = ReportScanner(text).scan()) return report;
  }
  try {
    return decode(letter, text);
  } catch (const std::exception&) {  // the JSON library's, or a text that is not a number
    return std::nullopt;
  }
}

}  // namespace hpo::exchange
