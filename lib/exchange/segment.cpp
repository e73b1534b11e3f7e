// SPDX-License-Identifier: Apache-2.0
#include "exchange/segment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <tuple>

#include "base/checksum.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "exchange/record.hpp"

namespace hpo::exchange {
namespace {

constexpr std::size_t kLargestRecord = 64 * 1024;
constexpr std::size_t kLargestLine = kLargestRecord + 48;  // with checksum, sequence and length
constexpr double kSyncEvery_s = 30;

fs::path folder_of(const fs::path& segments, std::int32_t trial) {
  return segments / fmt::format("{:x}", trial % 16);
}

std::string file_name(const SegmentName& name) {
  return fmt::format("t{:08}.b{}.r{}.a{:02}.seg", name.trial, name.bracket, name.rung, name.ordinal);
}

auto order(const SegmentName& name) {
  return std::tie(name.trial, name.bracket, name.rung, name.ordinal);
}

void append_folder(const fs::path& folder, std::vector<SegmentName>& names) {
  for (const auto& entry : file_system().list(folder))
    if (const auto name = SegmentName::parse(entry)) names.push_back(*name);
}

// A message may be a whole page of a stack trace; its beginning is what counts.
void shorten(std::string& text) {
  constexpr std::size_t kLongest = 8 * 1024;  // every byte can become six in JSON
  if (text.size() > kLongest) text = text.substr(0, kLongest) + " [...]";
}

Record shortened(Record record) {
  if (auto* noted = std::get_if<Noted>(&record)) shorten(noted->text);
  if (auto* ended = std::get_if<Ended>(&record)) shorten(ended->message);
  return record;
}

// The fields of "crc32c sequence length payload", read from the left.
class Line {
 public:
  explicit Line(std::string_view text) : left_(text) {}
  template <class Number>
  bool take(Number& value, int base) {
    const auto [stop, status] = std::from_chars(left_.data(), left_.data() + left_.size(), value, base);
    if (status != std::errc() || stop == left_.data() + left_.size() || *stop != ' ') return false;
    left_.remove_prefix(static_cast<std::size_t>(stop - left_.data()) + 1);
    return true;
  }
  [[nodiscard]] std::string_view left() const { return left_; }

 private:
  std::string_view left_;
};

// The record on a line, when it is the one that follows `position`; moves the position behind its checksum.
std::optional<Record> parse_line(std::string_view text, Position& position) {
  Line line(text);
  std::uint32_t crc = 0;
  std::uint64_t sequence = 0;
  std::size_t length = 0;
  if (!line.take(crc, 16)) return std::nullopt;
  if (crc32c(line.left(), position.crc) != crc) return std::nullopt;
  if (!line.take(sequence, 10) || sequence != position.sequence) return std::nullopt;
  if (!line.take(length, 10) || length != line.left().size()) return std::nullopt;
  auto record = decode_record(line.left());
  if (record) position = {position.offset + text.size() + 1, sequence + 1, crc};
  return record;
}

}  // namespace

fs::path SegmentName::path(const fs::path& segments) const {
  return folder_of(segments, trial) / file_name(*this);
}

std::optional<SegmentName> SegmentName::parse(const std::string& text) {
  const auto parts = split(text, '.');
  if (parts.size() != 5 || parts[4] != "seg") return std::nullopt;
  const std::string_view letters = "tbra";
  std::array<std::int32_t, 4> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (parts[i].empty() || parts[i][0] != letters[i]) return std::nullopt;
    const auto number = parse_int(std::string_view(parts[i]).substr(1));
    if (!number || *number < 0 || *number > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
    numbers[i] = static_cast<std::int32_t>(*number);
  }
  const SegmentName name{numbers[0], numbers[1], numbers[2], numbers[3]};
  return file_name(name) == text ? std::optional(name) : std::nullopt;
}

std::vector<SegmentName> list_segments(const fs::path& segments) {
  std::vector<SegmentName> names;
  for (std::int32_t folder = 0; folder < 16; ++folder) append_folder(folder_of(segments, folder), names);
  std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return order(a) < order(b); });
  return names;
}

std::vector<SegmentName> list_segments(const fs::path& segments, std::int32_t trial, int bracket, int rung) {
  std::vector<SegmentName> names;
  append_folder(folder_of(segments, trial), names);
  std::erase_if(names,
                [&](const auto& n) { return n.trial != trial || n.bracket != bracket || n.rung != rung; });
  std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return order(a) < order(b); });
  return names;
}

SegmentWriter SegmentWriter::create(const fs::path& segments, Started who) {
  auto& files = file_system();
  SegmentWriter writer;
  writer.segments_ = segments;
  const fs::path folder = folder_of(segments, who.trial);
  const bool is_first = !files.status(folder);
  make_directories(folder);
  for (who.ordinal = 0;; ++who.ordinal) {
    writer.name_ = {who.trial, who.bracket, who.rung, who.ordinal};
    writer.file_ = files.create(writer.name_.path(segments));
    if (writer.file_) break;
  }
  writer.write(who);
  files.sync_directory(folder);
  if (is_first) files.sync_directory(segments);
  return writer;
}

void SegmentWriter::write(const Record& record) {
  const std::string path = name_.path(segments_).string();
  if (!file_) throw Error(path, "has ended or could not be written; nothing more can be added");
  const std::string payload = encode_record(shortened(record));
  if (payload.size() > kLargestRecord)
    throw Error(path,
                fmt::format("a record of {} bytes is too long (at most {})", payload.size(), kLargestRecord),
                "report fewer metrics at a time");
  const std::string body = fmt::format("{} {} {}", sequence_, payload.size(), payload);
  const std::uint32_t crc = crc32c(body, crc_);
  const bool is_last = std::holds_alternative<Ended>(record);
  const double now = file_system().now();
  const bool to_sync = sequence_ == 0 || is_last || std::holds_alternative<Checkpointed>(record) ||
                       now - synced_ >= kSyncEvery_s || now < synced_;
  try {
    file_->append(fmt::format("{:08x} {}\n", crc, body));
    if (to_sync) file_->sync();
    if (is_last) file_->close();
  } catch (const Error& error) {
    file_.reset();
    throw Error(ExitCode::try_again, error.culprit(), error.reason(),
                "free some space or quota; the task is tried again");
  }
  if (to_sync) synced_ = now;
  if (is_last) file_.reset();
  crc_ = crc;
  ++sequence_;
}

// The first free ordinal is taken, so a younger attempt has the next one.
bool SegmentWriter::superseded() const {
  SegmentName next = name_;
  ++next.ordinal;
  return file_system().status(next.path(segments_)).has_value();
}

Reading read_segment(const fs::path& file, const Position& from) {
  Reading reading;
  reading.position = from;
  const std::string bytes =
      file_system().read_at(file, from.offset, std::numeric_limits<std::uint64_t>::max());
  std::string_view left = bytes;
  while (!left.empty()) {
    const std::size_t length = left.find('\n');
    if (length == std::string_view::npos) {
      reading.damaged = left.size() > kLargestLine;
      break;
    }
    auto record = parse_line(left.substr(0, length), reading.position);
    if (!record) {
      reading.damaged = true;
      break;
    }
    reading.records.push_back(std::move(*record));
    left.remove_prefix(length + 1);
  }
  return reading;
}

}  // namespace hpo::exchange
