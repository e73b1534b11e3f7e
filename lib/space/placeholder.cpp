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

Value value_of(const std::string& name, const Space& space, const Point& point) {
  const auto index = space.index_of(name);
  if (!index)
    throw Error(fmt::format("'{{{}}}'", name), "there is no such parameter",
                did_you_mean(name, space.names()));
  return point[*index];
}

// Nothing: the member or element is to be left out.
std::optional<Json> fill_text(const std::string& text, const Space& space, const Point& point) {
  const auto parts = pieces(text);
  if (const auto* name = only_name(parts)) {
    const Value value = value_of(*name, space, point);
    if (!is_active(value)) return std::nullopt;
    return Json(to_json(value));
  }
  std::string result;
  for (const auto& part : parts) {
    if (!part.is_name) {
      result += part.text;
      continue;
    }
    const Value value = value_of(part.text, space, point);
    if (!is_active(value))
      throw Error(fmt::format("'{}'", text),
                  fmt::format("{} is inactive here and cannot stand inside a text", part.text));
    result += to_text(value);
  }
  return Json(std::move(result));
}

std::optional<Json> fill_any(const Json& form, const Space& space, const Point& point) {
  if (form.is_string()) return fill_text(form.get<std::string>(), space, point);
  if (!form.is_structured()) return form;
  Json result = form.is_array() ? Json::array() : Json::object();
  for (const auto& [key, child] : form.items()) {
    auto filled = fill_any(child, space, point);
    if (!filled) continue;
    if (form.is_array()) {
      result.push_back(*std::move(filled));
    } else {
      result[key] = *std::move(filled);
    }
  }
  return result;
}

std::string unknown_hint(const std::string& name, const nlohmann::json& values,
                         std::vector<std::string> others) {
  for (const auto& [key, value] : values.items()) others.push_back(key);
  return did_you_mean(name, others);
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

Json fill(const Json& form, const Space& space, const Point& point) {
  return fill_any(form, space, point).value_or(Json());
}

std::vector<std::string> fill(const std::vector<std::string>& words, const nlohmann::json& values,
                              const std::vector<std::string>& inactive) {
  const auto is_inactive = [&inactive](const Piece& piece) {
    return piece.is_name && std::ranges::find(inactive, piece.text) != inactive.end();
  };
  std::vector<std::string> result;
  for (const auto& word : words) {
    const auto parts = pieces(word);
    if (std::ranges::any_of(parts, is_inactive)) continue;
    std::string filled;
    for (const auto& part : parts) {
      if (part.is_name && !values.contains(part.text))
        throw Error(fmt::format("'{{{}}}'", part.text), "there is nothing of this name",
                    unknown_hint(part.text, values, inactive));
      filled += part.is_name ? to_text(value_from_json(values.at(part.text))) : part.text;
    }
    result.push_back(std::move(filled));
  }
  return result;
}

}  // namespace hpo::space
