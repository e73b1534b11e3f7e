// SPDX-License-Identifier: Apache-2.0
#include "study/slots.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/identity.hpp"
#include "base/text.hpp"
#include "study/generation.hpp"

namespace hpo::study {
namespace {

constexpr std::uint64_t kKept = 3;

// "g0000000042.h5" -> 42, ".t0000000042.0123456789abcdef" -> 42 with prefix ".t"; nothing for other names.
std::optional<std::uint64_t> number_in(const std::string& name, const std::string& prefix) {
  if (!starts_with(name, prefix)) return std::nullopt;
  const auto number =
      parse_int(std::string_view(name).substr(prefix.size(), name.find('.', prefix.size()) - prefix.size()));
  return number && *number > 0 ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

std::string slot_name(std::uint64_t generation) {
  return fmt::format("g{:010}.h5", generation);
}

// What went wrong, for operations after which one has to look what really happened.
template <class Act>
std::optional<Error> failure_of(Act act) {
  try {
    act();
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

}  // namespace

fs::path Slots::path(std::uint64_t generation) const {
  return layout_.generations / slot_name(generation);
}

fs::path Slots::private_file(std::uint64_t generation, const std::string& nonce) const {
  return layout_.generations / fmt::format(".t{:010}.{}", generation, nonce);
}

std::uint64_t Slots::newest() const {
  auto& files = file_system();
  std::uint64_t highest = 0;
  for (const auto& name : files.list(layout_.generations))
    if (const auto number = number_in(name, "g"); number && name == slot_name(*number))
      highest = std::max(highest, *number);
  // A network file system may show an old list; single names are looked up afresh.
  while (files.status(path(highest + 1))) ++highest;
  return highest;
}

std::uint64_t Slots::before(std::uint64_t generation) const {
  std::uint64_t highest = 0;
  for (const auto& name : file_system().list(layout_.generations))
    if (const auto number = number_in(name, "g");
        number && name == slot_name(*number) && *number < generation)
      highest = std::max(highest, *number);
  return highest;
}

std::optional<Seal> Slots::seal_in(std::uint64_t generation) const {
  std::string start;
  const auto failure = failure_of([&] { start = file_system().read_at(path(generation), 0, Seal::kSize); });
  if (failure && file_system().status(path(generation))) throw *failure;
  return read_seal(start);
}

bool Slots::link_to_slot(const fs::path& fresh, std::uint64_t generation, const std::string& nonce) const {
  bool is_linked = false;
  const auto failure = failure_of([&] { is_linked = file_system().link(fresh, path(generation)); });
  if (is_linked) return true;
  // Over NFS a link may be made and yet be reported as failed, or as there already: the slot itself tells.
  if (const auto holder = seal_in(generation)) return holder->nonce == nonce;
  if (newest() > generation) return true;  // come and gone
  if (failure)
    throw Error(failure->code(), failure->culprit(), failure->reason(),
                "free some space or quota; a study needs a file system with hard links");
  return false;
}

bool Slots::fill(std::uint64_t generation, const std::string& bytes, const std::string& nonce) const {
  auto& files = file_system();
  const fs::path fresh = private_file(generation, nonce);
  auto file = files.create(fresh, 0400);
  if (!file) throw Error(fresh.string(), "a fresh random name is taken", "run the same command again");
  try {
    file->append(bytes);
    file->sync();
    file->close();
    const bool is_filled = link_to_slot(fresh, generation, nonce);
    files.unlink(fresh);
    files.sync_directory(layout_.generations);
    return is_filled;
  } catch (...) {
    (void)failure_of([&] { files.unlink(fresh); });
    throw;
  }
}

void Slots::point_at_newest() const {
  auto& files = file_system();
  for (int tries = 0; tries < 10; ++tries) {
    const std::uint64_t target = newest();
    const auto slot = seal_in(target);
    if (!slot) continue;  // collected meanwhile
    const auto seal =
        files.status(layout_.file) ? read_seal(files.read_at(layout_.file, 0, Seal::kSize)) : std::nullopt;
    if (seal && seal->nonce == slot->nonce) return;
    const fs::path fresh = private_file(target + 1, make_nonce());
    const auto failure = failure_of([&] {
      if (files.link(path(target), fresh)) files.rename(fresh, layout_.file);
    });
    files.unlink(fresh);  // still there when NAME.h5 was that very link already: then a rename does nothing
    // When the study has moved on meanwhile, our links may have been collected.
    if (failure && newest() == target) throw *failure;
    files.sync_directory(layout_.file.parent_path());
  }
}

void Slots::collect_garbage() const {
  auto& files = file_system();
  const auto names = files.list(layout_.generations);
  const std::uint64_t head = newest();
  for (const auto& name : names) {
    const auto slot = number_in(name, "g");
    const auto temporary = number_in(name, ".t");
    // A private file for a slot that is filled can never be linked: removing it also stops a paused writer.
    if ((slot && *slot + kKept <= head) || (temporary && *temporary <= head))
      files.unlink(layout_.generations / name);
  }
}

}  // namespace hpo::study
