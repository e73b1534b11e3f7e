// SPDX-License-Identifier: Apache-2.0
#include "report/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/process.hpp"
#include "base/text.hpp"

namespace hpo::report {
namespace {

std::string variable(const Surroundings& around, const char* name) {
  const auto found = around.environment.find(name);
  return found == around.environment.end() ? std::string() : found->second;
}

bool decide_color(const Looks& looks, const Surroundings& around) {
  if (looks.color != When::automatic) return looks.color == When::always;
  if (!variable(around, "NO_COLOR").empty()) return false;
  const std::string force = variable(around, "CLICOLOR_FORCE");
  if (!force.empty() && force != "0") return true;
  return around.is_terminal && variable(around, "TERM") != "dumb";
}

bool decide_unicode(const Looks& looks, const Surroundings& around) {
  if (looks.ascii) return false;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string locale = variable(around, name);
    if (locale.empty()) continue;
    std::transform(locale.begin(), locale.end(), locale.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return false;
}

int decide_width(const Looks& looks, const Surroundings& around) {
  constexpr std::int64_t kNarrowest = 20, kWidest = 1000;
  if (looks.width) return static_cast<int>(std::clamp<std::int64_t>(*looks.width, kNarrowest, kWidest));
  const std::int64_t columns = parse_int(variable(around, "COLUMNS")).value_or(around.columns);
  return columns <= 0 ? 80 : static_cast<int>(std::clamp(columns, kNarrowest, kWidest));
}

bool continues_a_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

When when_of(std::string_view word) {
  return word == "always" ? When::always : word == "never" ? When::never : When::automatic;
}

Surroundings surroundings(int descriptor) {
  Surroundings around;
  around.is_terminal = ::isatty(descriptor) == 1;
  winsize window{};
  if (around.is_terminal && ::ioctl(descriptor, TIOCGWINSZ, &window) == 0) around.columns = window.ws_col;
  around.environment = current_environment();
  return around;
}

Terminal decide(const Looks& looks, const Surroundings& around) {
  return {around.is_terminal, decide_color(looks, around), decide_unicode(looks, around),
          decide_width(looks, around)};
}

std::string paint(const Terminal& terminal, Color color, std::string_view text) {
  constexpr std::array<const char*, 9> kCodes{"0", "1", "2", "31", "32", "33", "34", "35", "36"};
  if (!terminal.color || color == Color::plain) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<std::size_t>(color)], text);
}

Color rung_color(int rung) {
  constexpr std::array kColors{Color::blue,   Color::cyan,    Color::green,
                               Color::yellow, Color::magenta, Color::red};
  return kColors[static_cast<std::size_t>(std::clamp<int>(rung, 0, kColors.size() - 1))];
}

std::size_t display_width(std::string_view text) {
  return text.size() -
         static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues_a_character));
}

std::string first_columns(std::string_view text, std::size_t columns) {
  std::size_t end = 0;
  for (std::size_t count = 0; end < text.size(); ++end) {
    if (!continues_a_character(text[end]) && count++ == columns) break;
  }
  return std::string(text.substr(0, end));
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : ' ');
    const bool second_set = byte == 0xC2 && next >= 0x80 && next < 0xA0;  // U+0080 to U+009F
    out += byte < 0x20 || byte == 0x7F || second_set ? ' ' : text[i];
    i += second_set;
  }
  return out;
}

std::string bar(const Terminal& terminal, double share, int cells) {
  const double filled = std::clamp(std::isnan(share) ? 0.0 : share, 0.0, 1.0) * cells;
  const int whole = static_cast<int>(filled);
  std::string out = "[";
  if (!terminal.unicode) {
    out.append(static_cast<std::size_t>(whole), '#').append(static_cast<std::size_t>(cells - whole), '.');
    return out + "]";
  }
  constexpr std::array<const char*, 8> kEighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  for (int i = 0; i < whole; ++i) out += "█";
  const std::string part = kEighths[static_cast<std::size_t>((filled - whole) * 8)];
  out += part;
  return out.append(static_cast<std::size_t>(cells - whole - (part.empty() ? 0 : 1)), ' ') + "]";
}

void ProgressLine::show(const std::string& text) {
  if (text == shown_) return;
  shown_ = text;
  const std::string line =
      terminal_.is_terminal
          ? "\r" + first_columns(text, static_cast<std::size_t>(terminal_.width - 1)) + "\x1b[K"
          : text + "\n";
  std::fwrite(line.data(), 1, line.size(), stream_);
  std::fflush(stream_);
}

void ProgressLine::finish() {
  if (terminal_.is_terminal && !shown_.empty()) std::fputc('\n', stream_);
  shown_.clear();
}

}  // namespace hpo::report
