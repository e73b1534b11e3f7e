// SPDX-License-Identifier: Apache-2.0
#include "space/placeholder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::space {
namespace {

using Json = nlohmann::ordered_json;

struct Piece {
  bool is_name = false;
  std::string text;
};

bool is_name(std::string_view text) {
  const auto belongs = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && std::ranges::all_of(text, belongs);
}

[[noreturn]] void fail(const std::string& text, const std::string& reason) {
  throw Error(fmt::format("'{}'", text), reason, "write {{ and }} for braces that mean themselves");
}

// Where "{name" at `begin` closes.
std::size_t find_close(const std::string& text, std::size_t begin) {
  const auto close = text.find('}', begin);
  if (close == std::string::npos) fail(text, "a '{' is not closed");
  const auto name = text.substr(begin + 1, close - begin - 1);
  if (!is_name(name)) fail(text, fmt::format("'{}' is not the name of a parameter", name));
  return close;
}

// Literal text and names in turn; a doubled brace ends up single in the literal.
std::vector<Piece> pieces(const std::string& text) {
  std::vector<Piece> result(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool doubled = i + 1 < text.size() && text[i + 1] == c;
    if ((c == '{' || c == '}') && doubled) {
      result.back().text += c;
      ++i;
    } else if (c == '{') {
      const auto close = find_close(text, i);
      result.push_back({true, text.substr(i + 1, close - i - 1)});
      result.push_back({});
      i = close;
    } else if (c == '}') {
      fail(text, "a '}' has no '{'");
    } else {
      result.back().text += c;
    }
  }
  return result;
}

// The name when the text is exactly "{name}".
const std::string* only_name(const std::vector<Piece>& text) {
  const bool alone = text.size() == 3 && text[0].text.empty() && text[2].text.empty();
  return alone ? &text[1].text : nullptr;
}

struct Names {
  const nlohmann::json& values;
  const std::vector<std::string>& inactive;

  [[nodiscard]] bool is_inactive(const std::string& name) const {
    return std::ranges::find(inactive, name) != inactive.end();
  }
  /// Throws Error, with "did you mean", when there is nothing of this name.
  [[nodiscard]] const nlohmann::json& at(const std::string& name) const {
    if (const auto found = values.find(name); found != values.end()) return *found;
    auto known = inactive;
    for (const auto& [key, value] : values.items()) known.push_back(key);
    throw Error(fmt::format("'{{{}}}'", name), "there is no such parameter", did_you_mean(name, known));
  }
};

// Nothing: the member or element is to be left out.
std::optional<Json> fill_text(const std::string& text, const Names& names) {
  const auto parts = pieces(text);
  if (const auto* name = only_name(parts)) {
    if (names.is_inactive(*name)) return std::nullopt;
    return Json(names.at(*name));
  }
  std::string result;
  for (const auto& part : parts) {
    if (part.is_name && names.is_inactive(part.text))
      throw Error(fmt::format("'{}'", text),
                  fmt::format("{} is inactive here and cannot stand inside a text", part.text));
    result += part.is_name ? to_text(value_from_json(names.at(part.text))) : part.text;
  }
  return Json(std::move(result));
}

std::optional<Json> fill_any(const Json& form, const Names& names) {
  if (form.is_string()) return fill_text(form.get<std::string>(), names);
  if (!form.is_structured()) return form;
  Json result = form.is_array() ? Json::array() : Json::object();
  for (const auto& [key, child] : form.items()) {
    auto filled = fill_any(child, names);
    if (!filled) continue;
    if (form.is_array()) {
      result.push_back(*std::move(filled));
    } else {
      result[key] = *std::move(filled);
    }
  }
  return result;
}

}  // namespace

const std::vector<std::string>& command_names() {
  static const std::vector<std::string> names{"trial",   "budget", "horizon",        "rung",
                                              "bracket", "seed",   "checkpoint_dir", "resume_from",
                                              "params",  "report", "ranks"};
  return names;
}

std::vector<std::string> placeholders(const std::string& text) {
  std::vector<std::string> names;
  for (auto& piece : pieces(text)) {
    if (piece.is_name) names.push_back(std::move(piece.text));
  }
  return names;
}

Json fill(const Json& form, const nlohmann::json& values, const std::vector<std::string>& inactive) {
  return fill_any(form, {values, inactive}).value_or(Json());
}

Json fill(const Json& form, const Space& space, const Point& point) {
  return fill(form, nlohmann::json(space.to_json(point)), inactive_names(space, point));
}

std::vector<std::string> inactive_names(const Space& space, const Point& point) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < point.size(); ++i)
    if (!is_active(point[i])) names.push_back(space.parameters()[i].name);
  return names;
}

std::vector<std::string> fill(const std::vector<std::string>& words, const nlohmann::json& values,
                              const std::vector<std::string>& inactive) {
  const Names names{values, inactive};
  std::vector<std::string> result;
  for (const auto& word : words) {
    const auto parts = pieces(word);
    if (std::ranges::any_of(parts, [&](const Piece& p) { return p.is_name && names.is_inactive(p.text); }))
      continue;
    std::string filled;
    for (const auto& part : parts)
      filled += part.is_name ? to_text(value_from_json(names.at(part.text))) : part.text;
    result.push_back(std::move(filled));
  }
  return result;
}

}  // namespace hpo::space
