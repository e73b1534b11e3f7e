// SPDX-License-Identifier: Apache-2.0
#include "exchange/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/checksum.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::exchange {
namespace {

using json = nlohmann::ordered_json;

// The first line, of fixed length, says where everything is:
//   HPOMANIFEST format tasks head-length line-length crc32c\n
// Then the head, then the tasks, each "crc32c json blanks\n"; lengths include the checksum and the line
// break.
constexpr std::string_view kMagic = "HPOMANIFEST";
constexpr std::int64_t kFormat = 1;
constexpr std::size_t kFirstLine = 72;
constexpr std::size_t kCrcField = 9;             // eight digits and a blank
constexpr std::uint64_t kFirstRead = 16 * 1024;  // nearly always the whole head: one round trip

struct Shape {
  std::uint64_t tasks = 0, head = 0, line = 0;
  [[nodiscard]] std::uint64_t line_at(std::uint64_t index) const { return kFirstLine + head + index * line; }
};

[[noreturn]] void damaged(const fs::path& file, const std::string& where) {
  throw Error(file.string(), fmt::format("is damaged or cut short ({})", where),
              "remove it and run the command that submits the rung again: it is written anew from the study");
}

// `seed`: the head's checksum, so that no line of another manifest passes for one of this.
std::string sealed(const std::string& text, std::uint32_t seed) {
  return fmt::format("{:08x} {}\n", crc32c(text, seed), text);
}

std::string_view unsealed(std::string_view line, std::uint32_t seed, const fs::path& file,
                          const std::string& where) {
  if (line.size() <= kCrcField || line.back() != '\n') damaged(file, where);
  const auto text = line.substr(kCrcField, line.size() - kCrcField - 1);
  if (line.substr(0, kCrcField) != fmt::format("{:08x} ", crc32c(text, seed))) damaged(file, where);
  return text;
}

json parse(std::string_view text, const fs::path& file, const std::string& where) {
  json content = json::parse(text, nullptr, false);
  if (!content.is_object()) damaged(file, where);
  return content;
}

json to_json(const Manifest& m) {
  return {{"study", m.study_uuid}, {"name", m.study_name}, {"submission", m.submission},
          {"bracket", m.bracket},  {"rung", m.rung},       {"budget", m.budget},
          {"horizon", m.horizon},  {"unit", m.unit},       {"metrics", m.metrics},
          {"command", m.command},  {"train", m.train}};
}

// The checksum held, so a member that is missing or of another type is a bug or malice: still a sentence.
template <class Build>
auto build(const fs::path& file, const std::string& where, Build from) {
  try {
    return from();
  } catch (const nlohmann::json::exception&) {
    damaged(file, where);
  }
}

Manifest manifest_from(const json& j) {
  Manifest m;
  m.study_uuid = j.at("study"), m.study_name = j.at("name"), m.submission = j.at("submission");
  m.bracket = j.at("bracket"), m.rung = j.at("rung");
  m.budget = j.at("budget"), m.horizon = j.at("horizon"), m.unit = j.at("unit");
  m.metrics = j.at("metrics").get<std::vector<std::string>>();
  m.command = j.at("command").get<std::vector<std::string>>();
  m.train = j.at("train");
  return m;
}

json to_json(const TaskOrder& t, std::size_t index) {
  return {{"index", index},     {"trial", t.trial},       {"seed", t.seed},
          {"params", t.params}, {"inactive", t.inactive}, {"resume_from", t.resume_from}};
}

TaskOrder task_from(const json& j) {
  TaskOrder t;
  t.trial = j.at("trial"), t.seed = j.at("seed"), t.params = j.at("params");
  t.inactive = j.at("inactive").get<std::vector<std::string>>();
  t.resume_from = j.at("resume_from");
  return t;
}

Shape shape_of(std::string_view bytes, const fs::path& file) {
  if (bytes.substr(0, kMagic.size()) != kMagic) throw Error(file.string(), "is not a manifest of hpo-batch");
  const auto words = split(trim(bytes.substr(0, kFirstLine)), ' ');
  const auto format = words.size() < 2 ? std::nullopt : parse_int(words[1]);
  if (format && *format > kFormat)
    throw Error(file.string(), fmt::format("has format {}, this program knows {}", *format, kFormat),
                "install a newer hpo-batch");
  if (bytes.size() < kFirstLine) damaged(file, "first line");
  const auto line = bytes.substr(0, kFirstLine);
  const auto text = line.substr(0, kFirstLine - kCrcField);
  if (line.substr(text.size()) != fmt::format("{:08x}\n", crc32c(text)) || words.size() < 5)
    damaged(file, "first line");
  const auto number = [&](std::size_t i) {
    return static_cast<std::uint64_t>(parse_int(words[i]).value_or(0));
  };
  return {number(2), number(3), number(4)};
}

// An open manifest: its shape, its head, and as many bytes as were read for them.
struct Opened {
  Shape shape;
  std::string bytes;
  Manifest manifest;
  std::uint32_t crc = 0;  ///< of the head
};

Opened open(const fs::path& file, std::uint64_t size) {
  auto& files = file_system();
  if (!files.status(file))
    throw Error(file.string(), "does not exist",
                "run the command that submits the rung again: it writes what is missing");
  Opened opened;
  opened.bytes = files.read_at(file, 0, size);
  opened.shape = shape_of(opened.bytes, file);
  const std::uint64_t needed = opened.shape.line_at(0);
  if (opened.bytes.size() < needed) opened.bytes = files.read_at(file, 0, needed);
  if (opened.bytes.size() < needed) damaged(file, "head");
  const auto head =
      unsealed(std::string_view(opened.bytes).substr(kFirstLine, opened.shape.head), 0, file, "head");
  opened.crc = crc32c(head);
  const json j = parse(head, file, "head");
  opened.manifest = build(file, "head", [&] { return manifest_from(j); });
  return opened;
}

TaskOrder task_at(std::uint64_t index, std::string_view line, const Opened& opened, const fs::path& file) {
  const std::string where = fmt::format("task {}", index);
  const json j = parse(unsealed(line, opened.crc, file, where), file, where);
  return build(file, where, [&] {
    if (j.at("index") != index) damaged(file, where);
    return task_from(j);
  });
}

}  // namespace

void write_manifest(const fs::path& file, const Manifest& manifest) {
  const std::string head = to_json(manifest).dump();
  const std::uint32_t crc = crc32c(head);
  std::vector<std::string> lines;
  std::size_t longest = 0;
  for (const auto& task : manifest.tasks) {
    lines.push_back(to_json(task, lines.size()).dump());
    longest = std::max(longest, lines.back().size());
  }
  std::string content = fmt::format("{} {} {} {} {}", kMagic, kFormat, lines.size(),
                                    head.size() + kCrcField + 1, longest + kCrcField + 1);
  HPO_CHECK(content.size() < kFirstLine - kCrcField, "the first line of a manifest is too short");
  content.resize(kFirstLine - kCrcField, ' ');
  content += fmt::format("{:08x}\n", crc32c(content));
  content += sealed(head, 0);
  for (auto& line : lines) {
    line.resize(longest, ' ');
    content += sealed(line, crc);
  }
  replace_file(file, content, 0400);
}

Manifest read_manifest(const fs::path& file) {
  Opened opened = open(file, UINT64_MAX);
  const auto& shape = opened.shape;
  if (opened.bytes.size() != shape.line_at(shape.tasks)) damaged(file, "length");
  for (std::uint64_t i = 0; i < shape.tasks; ++i) {
    const auto line = std::string_view(opened.bytes).substr(shape.line_at(i), shape.line);
    opened.manifest.tasks.push_back(task_at(i, line, opened, file));
  }
  return std::move(opened.manifest);
}

Assignment read_assignment(const fs::path& file, std::int32_t index) {
  Opened opened = open(file, kFirstRead);
  const auto& shape = opened.shape;
  if (index < 0 || static_cast<std::uint64_t>(index) >= shape.tasks)
    throw Error(file.string(), fmt::format("has {} tasks, there is no task {}", shape.tasks, index),
                "submit the array with the indices of its script");
  const auto i = static_cast<std::uint64_t>(index);
  const std::string line = file_system().read_at(file, shape.line_at(i), shape.line);
  Assignment assignment;
  assignment.task = task_at(i, line, opened, file);
  assignment.manifest = std::move(opened.manifest);
  assignment.index = index;
  assignment.count = static_cast<std::int32_t>(shape.tasks);
  return assignment;
}

}  // namespace hpo::exchange
