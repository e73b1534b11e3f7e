// SPDX-License-Identifier: Apache-2.0
// Comma-separated values (RFC 4180) with a header row, compressed by gzip or not. All columns but the target
// are inputs and must be numbers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "train/data.hpp"
#include "train/gzip.hpp"

namespace hpo::train {
namespace {

/// Cuts a text into records, knows the line it is at.
class CsvReader {
 public:
  CsvReader(std::string file_name, std::string_view text) : file_name_(std::move(file_name)), text_(text) {}

  /// False at the end. Blank lines are passed over.
  bool next(std::vector<std::string>& fields) {
    while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) skip_line_end();
    if (at_ >= text_.size()) return false;
    fields.clear();
    line_ = next_line_;
    for (;;) {
      fields.push_back(field());
      if (at_ >= text_.size() || text_[at_] != ',') break;
      ++at_;
    }
    skip_line_end();
    return true;
  }

  /// "file.csv:7", of the record read last.
  [[nodiscard]] std::string place() const { return fmt::format("{}:{}", file_name_, line_); }

 private:
  std::string field() {
    if (at_ < text_.size() && text_[at_] == '"') return quoted();
    const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    const std::string_view found = text_.substr(at_, end - at_);
    at_ = end;
    return std::string(trim(found));
  }

  std::string quoted() {
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') ++next_line_;
      if (text_[at_] != '"') {
        value += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        value += text_[++at_];
      } else {
        ++at_;
        if (at_ < text_.size() && text_.find_first_of(",\r\n", at_) != at_)
          throw Error(place(), "text after a closing quote");
        return value;
      }
    }
    throw Error(place(), "a quote is not closed");
  }

  void skip_line_end() {
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    if (at_ < text_.size() && text_[at_] == '\n') ++at_;
    ++next_line_;
  }

  std::string file_name_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1, next_line_ = 1;
};

float number(const std::string& text, const std::string& column, const CsvReader& reader) {
  const auto value = parse_double(text);
  if (!value || !(std::abs(*value) <= 1e30))
    throw Error(reader.place(), fmt::format("column '{}': '{}' is not a number", column, text),
                text.empty() ? "fill in or leave out rows with missing values" : "");
  return static_cast<float>(*value);
}

/// The distinct labels in the order of their numbers: by value when all are whole numbers, else by text.
std::vector<std::string> classes_of(const std::vector<std::string>& labels, const std::string& column,
                                    const std::string& file) {
  const std::set<std::string> distinct(labels.begin(), labels.end());
  std::vector<std::string> classes(distinct.begin(), distinct.end());
  const auto is_whole = [](const std::string& text) { return parse_int(text).has_value(); };
  if (std::all_of(classes.begin(), classes.end(), is_whole))
    std::sort(classes.begin(), classes.end(), [](const std::string& a, const std::string& b) {
      return std::pair(*parse_int(a), a) < std::pair(*parse_int(b), b);
    });
  for (const std::string& text : classes)
    if (parse_double(text) && !is_whole(text))
      throw Error(file, fmt::format("column '{}' holds fractions such as {}, not classes", column, text),
                  "set data.task = \"regression\"");
  if (classes.size() < 2) throw Error(file, fmt::format("column '{}' holds one class only", column));
  return classes;
}

void set_labels(const std::vector<std::string>& labels, const std::vector<std::string>& classes,
                Samples& samples) {
  std::map<std::string, std::int32_t> numbers;
  for (const std::string& text : classes) numbers.emplace(text, static_cast<std::int32_t>(numbers.size()));
  for (const std::string& text : labels) samples.labels.push_back(numbers.at(text));
  samples.outputs = static_cast<std::int64_t>(classes.size());
}

/// Which column of the header is the target.
std::size_t find_target(const std::vector<std::string>& header, const std::string& target,
                        const CsvReader& reader) {
  const auto found = std::find(header.begin(), header.end(), target);
  if (found == header.end()) {
    const std::string guess = did_you_mean(target, header);
    throw Error(reader.place(), fmt::format("there is no column '{}' (data.target){}", target,
                                            guess.empty() ? "" : "; " + guess));
  }
  if (header.size() < 2) throw Error(reader.place(), "there are no columns but the target");
  return static_cast<std::size_t>(found - header.begin());
}

}  // namespace

SourceData read_csv(const DataConfig& config) {
  const std::string text = GzipReader(config.path).read_rest();
  CsvReader reader(config.path, text);
  std::vector<std::string> header, fields, labels;
  if (!reader.next(header))
    throw Error(config.path, "is empty: a header row with the columns' names is expected");
  const std::size_t target = find_target(header, config.target, reader);

  Samples samples;
  samples.shape = {static_cast<std::int64_t>(header.size()) - 1};
  for (; reader.next(fields); ++samples.count) {
    if (fields.size() != header.size())
      throw Error(reader.place(), fmt::format("has {} fields, the header {}", fields.size(), header.size()));
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i != target)
        samples.values.push_back(number(fields[i], header[i], reader));
      else if (config.task == Task::regression)
        samples.targets.push_back(number(fields[i], header[i], reader));
      else
        labels.push_back(fields[i]);
    }
  }
  if (samples.count == 0) throw Error(config.path, "has a header but no rows");
  samples.outputs = 1;
  if (config.task == Task::classification)
    set_labels(labels, classes_of(labels, config.target, config.path), samples);
  return {std::move(samples), {}};
}

}  // namespace hpo::train
