// SPDX-License-Identifier: Apache-2.0
#include "config/document.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <sstream>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/nesting.hpp"

namespace hpo::config {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLargest = 4U << 20U;
constexpr std::size_t kMostEntries = 100'000;
constexpr std::size_t kMostMembers = 1000;
constexpr std::size_t kLongestKey = 64;
constexpr int kDeepest = 16;

std::string place_of(const std::string& file_name, const toml::source_position& position) {
  return fmt::format("{}:{}:{}", file_name, position.line, position.column);
}

// A table's members in the order of the file, where toml++ sorts them by name.
std::vector<std::pair<const toml::key*, const toml::node*>> members(const toml::table& table) {
  std::vector<std::pair<const toml::key*, const toml::node*>> result;
  for (auto&& [key, node] : table) result.emplace_back(&key, &node);
  std::ranges::stable_sort(result, [](const auto& a, const auto& b) {
    const auto& p = a.first->source().begin;
    const auto& q = b.first->source().begin;
    return std::pair(p.line, p.column) < std::pair(q.line, q.column);
  });
  return result;
}

class Reader {
 public:
  explicit Reader(Document& document) : document_(document) {}

  Json read(const toml::node& node, const std::string& path, int depth) {
    if (depth > kDeepest) fail(path, fmt::format("nested more than {} deep", kDeepest));
    if (const auto* table = node.as_table()) return read_table(*table, path, depth);
    if (const auto* array = node.as_array()) return read_array(*array, path, depth);
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* whole = node.as_integer()) return whole->get();
    if (const auto* flag = node.as_boolean()) return flag->get();
    if (const auto* real = node.as_floating_point()) {
      if (!std::isfinite(real->get()))
        fail(path, fmt::format("{} is not a finite number", shortest(real->get())));
      return real->get();
    }
    return date_time(node);
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& reason) const {
    throw Error(document_.place(path), path.empty() ? reason : path + ": " + reason);
  }

  void note(const std::string& path, const toml::source_position& position) {
    document_.places[path] = place_of(document_.file_name, position);
    if (document_.places.size() > kMostEntries + 1)  // and the file itself
      fail(path, fmt::format("more than {} keys and list elements", kMostEntries));
  }

  Json read_table(const toml::table& table, const std::string& path, int depth) {
    if (table.size() > kMostMembers) fail(path, fmt::format("a table of more than {} keys", kMostMembers));
    Json result = Json::object();
    // Appends as it is: the keys are known to differ, and looking for each among the others takes quadratic
    // time.
    auto& entries = result.get_ref<Json::object_t&>();
    for (const auto& [key, node] : members(table)) {
      const std::string name(key->str());
      if (name.size() > kLongestKey)
        throw Error(place_of(document_.file_name, key->source().begin),
                    fmt::format("a key of {} bytes is longer than {}", name.size(), kLongestKey));
      const auto child = path.empty() ? name : path + "." + name;
      note(child, key->source().begin);
      entries.emplace_back(name, read(*node, child, depth + 1));
    }
    return result;
  }

  Json read_array(const toml::array& array, const std::string& path, int depth) {
    Json result = Json::array();
    for (const auto& node : array) {
      const auto child = fmt::format("{}[{}]", path, result.size());
      note(child, node.source().begin);
      result.push_back(read(node, child, depth + 1));
    }
    return result;
  }

  static std::string date_time(const toml::node& node) {
    std::ostringstream text;
    if (const auto* date = node.as_date()) text << date->get();
    if (const auto* time = node.as_time()) text << time->get();
    if (const auto* both = node.as_date_time()) text << both->get();
    return text.str();
  }

  Document& document_;
};

void check_size_and_nesting(const std::string& text, const std::string& file_name) {
  if (text.size() > kLargest)
    throw Error(file_name,
                fmt::format("{} bytes are more than the {} a definition may have", text.size(), kLargest));
  if (const auto at = find_deep_nesting(text)) {
    const auto before = std::string_view(text).substr(0, *at);
    const auto line = std::ranges::count(before, '\n') + 1;
    const auto column = *at - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
    throw Error(fmt::format("{}:{}:{}", file_name, line, column), "nested too deeply");
  }
}

// toml++'s "Error while parsing value: ..." as the rest of a sentence.
std::string reason(const toml::parse_error& error) {
  constexpr std::size_t kLongest = 300;
  constexpr std::string_view kOpening = "Error while parsing ";
  const std::string_view text = error.description();
  if (!starts_with(text, kOpening)) return fmt::format("this is not TOML: {}", text.substr(0, kLongest));
  return fmt::format("this is not TOML: in the {}", text.substr(kOpening.size(), kLongest));
}

}  // namespace

std::string find_place(const std::map<std::string, std::string>& places, const std::string& path) {
  auto prefix = path;
  for (;;) {
    if (const auto found = places.find(prefix); found != places.end()) return found->second;
    const auto cut = prefix.find_last_of(".[");
    prefix.resize(cut == std::string::npos ? 0 : cut);
    if (prefix.empty() && !places.contains("")) return "";
  }
}

std::string Document::place(const std::string& path) const {
  return find_place(places, path);
}

Document parse_toml(const std::string& text, const std::string& file_name) {
  check_size_and_nesting(text, file_name);
  Document document;
  document.file_name = file_name;
  document.places[""] = file_name;
  try {
    const toml::table table = toml::parse(text, file_name);
    document.root = Reader(document).read(table, "", 0);
  } catch (const toml::parse_error& error) {
    throw Error(place_of(file_name, error.source().begin), reason(error));
  }
  return document;
}

}  // namespace hpo::config
