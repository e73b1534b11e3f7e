// SPDX-License-Identifier: Apache-2.0
#include "train/comm/rendezvous.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/identity.hpp"
#include "base/text.hpp"
#include "train/comm/flight_recorder.hpp"

namespace hpo::train::comm {
namespace {

using nlohmann::json;

std::string to_hex(const std::string& bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string from_hex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return bytes;
}

/// Waits longer and longer, until the deadline.
class Polling {
 public:
  explicit Polling(double timeout_s) : end_(monotonic_seconds() + timeout_s), half_(end_ - timeout_s / 2) {}
  [[nodiscard]] bool is_over() const { return monotonic_seconds() >= end_; }
  void wait() {
    std::this_thread::sleep_for(std::chrono::duration<double>(pause_));
    pause_ = std::min(1.5 * pause_, kLongestPause);
  }
  /// It may be a file cache by now that shows nothing new.
  [[nodiscard]] bool is_long() const { return pause_ == kLongestPause; }
  [[nodiscard]] bool is_half_over() const { return monotonic_seconds() >= half_; }

 private:
  static constexpr double kLongestPause = 1;
  double end_, half_, pause_ = 0.005;
};

/// The files of one meeting, and of them those that this process has made.
class Desk {
 public:
  explicit Desk(const RendezvousPlace& where) : directory_(where.directory), name_(where.name) {
    if (name_.empty() || name_.find('/') != std::string::npos)
      throw Error(ExitCode::usage, "HPO_RENDEZVOUS", fmt::format("'{}' cannot be a file's name", name_));
    make_directories(directory_);
  }
  ~Desk() {
    for (const auto& path : mine_) ::unlink(path.c_str());
  }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  [[nodiscard]] fs::path hello(int rank, const std::string& nonce) const {
    return path("hello", rank, nonce);
  }
  [[nodiscard]] fs::path reply(int rank, const std::string& nonce) const {
    return path("reply", rank, nonce);
  }

  /// Appears whole or not at all; false when there is one.
  [[nodiscard]] bool publish(const fs::path& path, const json& content) {
    auto& files = file_system();
    const fs::path fresh = directory_ / ("." + path.filename().string() + "." + make_nonce());
    const auto file = files.create(fresh);
    if (!file) throw Error(ExitCode::try_again, fresh.string(), "a fresh random name is taken");
    mine_.push_back(fresh);
    file->append(content.dump() + "\n");
    file->sync();
    file->close();
    if (!files.link(fresh, path)) return false;
    mine_.push_back(path);
    take_away(fresh);
    return true;
  }

  void take_away(const fs::path& path) {
    (void)file_system().unlink(path);
    std::erase(mine_, path);
  }

  /// The nonces of the hellos that are there, by rank.
  [[nodiscard]] std::map<int, std::vector<std::string>> hellos() const {
    const std::string prefix = name_ + ".hello.";
    std::map<int, std::vector<std::string>> found;
    for (const std::string& name : file_system().list(directory_)) {
      if (!starts_with(name, prefix)) continue;
      const auto dot = name.find('.', prefix.size());
      if (dot == std::string::npos) continue;
      if (const auto rank = parse_int(name.substr(prefix.size(), dot - prefix.size())))
        found[static_cast<int>(*rank)].push_back(name.substr(dot + 1));
    }
    return found;
  }

  /// Makes a client of a network file system look at the directory again: it has changed it itself.
  void refresh() {
    const fs::path probe = directory_ / ("." + name_ + ".probe." + make_nonce());
    if (const auto file = file_system().create(probe)) file->close();
    (void)file_system().unlink(probe);
  }

  /// What killed processes of earlier runs have left under this name.
  void clear_away_old(double now) {
    constexpr double kOld = 3600;
    for (const std::string& name : file_system().list(directory_)) {
      const bool is_ours = starts_with(name, name_ + ".hello.") || starts_with(name, name_ + ".reply.") ||
                           starts_with(name, "." + name_ + ".");
      const auto status = is_ours ? file_system().status(directory_ / name) : std::nullopt;
      if (status && now - status->modified > kOld) (void)file_system().unlink(directory_ / name);
    }
  }

 private:
  [[nodiscard]] fs::path path(const char* what, int rank, const std::string& nonce) const {
    return directory_ / fmt::format("{}.{}.{}.{}", name_, what, rank, nonce);
  }

  fs::path directory_;
  std::string name_;
  std::vector<fs::path> mine_;
};

[[noreturn]] void throw_missing(const std::vector<int>& missing, const Place& me,
                                const RendezvousPlace& where, const std::string& more) {
  std::string ranks;
  for (const int rank : missing) ranks += (ranks.empty() ? "" : ", ") + fmt::format("{}", rank);
  throw Error(
      ExitCode::try_again, missing.size() == 1 ? "rank " + ranks : "ranks " + ranks,
      fmt::format("of {} {} not come to {} within {} s{}", me.size, missing.size() == 1 ? "has" : "have",
                  where.directory.string(), rounded(where.timeout_s, 3), more),
      "see that all ranks were started and see that directory; then run the same task again");
}

json card(const Place& me, const std::string& nonce) {
  return {{"rank", me.rank},
          {"size", me.size},
          {"nonce", nonce},
          {"host", host_name()},
          {"pid", static_cast<std::int64_t>(::getpid())}};
}

/// Every other rank's part.
std::string be_answered(const Place& me, const RendezvousPlace& where, Desk& desk) {
  const std::string nonce = make_nonce();
  const fs::path hello = desk.hello(me.rank, nonce), reply = desk.reply(me.rank, nonce);
  (void)desk.publish(hello, card(me, nonce));
  std::set<int> seen;  // those that give up a little earlier take their hellos away
  for (Polling polling(where.timeout_s);;) {
    const bool is_last = polling.is_over();
    if (polling.is_long() || is_last) desk.refresh();
    if (polling.is_half_over())
      for (const auto& entry : desk.hellos()) seen.insert(entry.first);
    if (file_system().status(reply)) {
      const json answer = json::parse(file_system().read(reply));
      if (answer.at("size").get<int>() != me.size)
        throw Error(fmt::format("rank {}", me.rank),
                    fmt::format("was told of {} ranks, rank 0 of {}", me.size, answer.at("size").get<int>()),
                    "start all ranks by one launcher with the same WORLD_SIZE");
      desk.take_away(hello);
      return from_hex(answer.at("text").get<std::string>());
    }
    if (is_last) break;
    polling.wait();
  }
  std::vector<int> missing;
  for (int rank = 0; rank < me.size; ++rank)
    if (!seen.contains(rank)) missing.push_back(rank);
  if (!missing.empty()) throw_missing(missing, me, where, "");
  throw_missing({0}, me, where, ", or has died since");
}

/// Rank 0's part.
class Host {
 public:
  Host(const Place& me, const RendezvousPlace& where, Desk& desk,
       const std::function<std::string()>& make_text)
      : me_(me),
        where_(where),
        desk_(desk),
        make_text_(make_text),
        readers_(static_cast<std::size_t>(me.size)) {}

  std::string gather() {
    const std::string nonce = make_nonce();
    (void)desk_.publish(desk_.hello(0, nonce), card(me_, nonce));
    for (Polling polling(where_.timeout_s); !all_have_read();) {
      const bool is_last = polling.is_over();
      if (polling.is_long() || is_last) desk_.refresh();
      const auto present = desk_.hellos();
      for (const auto& entry : present) seen_.insert(entry.first);
      see_who_has_read(present);
      if (missing().empty()) answer(present);
      if (is_last && !all_have_read()) give_up();
      if (!all_have_read()) polling.wait();
    }
    if (const auto status = file_system().status(desk_.hello(0, nonce)))
      desk_.clear_away_old(status->modified);
    return text_.value_or("");
  }

 private:
  struct Answered {
    int rank;
    std::string nonce;
  };
  using Hellos = std::map<int, std::vector<std::string>>;

  [[nodiscard]] bool all_have_read() const {
    return std::all_of(readers_.begin() + 1, readers_.end(), [](int n) { return n > 0; });
  }

  [[nodiscard]] std::vector<int> missing() const {
    std::vector<int> ranks;
    for (int rank = 1; rank < me_.size; ++rank)
      if (!seen_.contains(rank)) ranks.push_back(rank);
    return ranks;
  }

  void answer(const Hellos& present) {
    if (!text_) text_ = make_text_();
    for (const auto& [rank, nonces] : present) {
      if (rank < 1 || rank >= me_.size) continue;
      for (const std::string& nonce : nonces) {
        const bool is_known = std::any_of(answered_.begin(), answered_.end(),
                                          [&nonce = nonce](const Answered& a) { return a.nonce == nonce; });
        if (is_known) continue;
        if (!desk_.publish(desk_.reply(rank, nonce),
                           {{"nonce", nonce}, {"size", me_.size}, {"text", to_hex(*text_)}}))
          throw Error(ExitCode::try_again, "rank 0",
                      fmt::format("another one has answered rank {}: two runs meet as {}", rank, where_.name),
                      "give each run its own HPO_RENDEZVOUS");
        answered_.push_back({rank, nonce});
      }
    }
  }

  void see_who_has_read(const Hellos& present) {
    std::erase_if(answered_, [&](const Answered& a) {
      const auto there = present.find(a.rank);
      if (there != present.end() &&
          std::find(there->second.begin(), there->second.end(), a.nonce) != there->second.end())
        return false;
      desk_.take_away(desk_.reply(a.rank, a.nonce));
      if (++readers_[static_cast<std::size_t>(a.rank)] > 1)
        throw Error(ExitCode::try_again, fmt::format("rank {}", a.rank),
                    fmt::format("there are two of them: two runs meet as {}", where_.name),
                    "give each run its own HPO_RENDEZVOUS");
      return true;
    });
  }

  [[noreturn]] void give_up() const {
    std::vector<int> silent = missing();
    const char* more = "";
    if (silent.empty()) {
      more = "; what is there of it was left by an earlier run, or it has died since";
      for (int rank = 1; rank < me_.size; ++rank)
        if (readers_[static_cast<std::size_t>(rank)] == 0) silent.push_back(rank);
    }
    throw_missing(silent, me_, where_, more);
  }

  const Place& me_;
  const RendezvousPlace& where_;
  Desk& desk_;
  const std::function<std::string()>& make_text_;
  std::optional<std::string> text_;
  std::vector<Answered> answered_;
  std::set<int> seen_;
  std::vector<int> readers_;  ///< by rank: how many have read their answer
};

}  // namespace

std::string meet(const Place& me, const RendezvousPlace& where,
                 const std::function<std::string()>& make_text) {
  if (me.size == 1) return make_text();
  Desk desk(where);
  return me.rank == 0 ? Host(me, where, desk, make_text).gather() : be_answered(me, where, desk);
}

}  // namespace hpo::train::comm
