// SPDX-License-Identifier: Apache-2.0
#include "study/store.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <thread>

#include "base/error.hpp"
#include "base/identity.hpp"
#include "base/log.hpp"
#include "study/codec.hpp"
#include "study/generation.hpp"
#include "study/slots.hpp"

namespace hpo::study {
namespace {

constexpr std::string_view kNobody = "0000000000000000";  // the parent of the first generation
constexpr int kMostVanished = 20;  // a slot may be collected between its listing and its reading

using Clock = std::chrono::steady_clock;

std::string renewal(const fs::path& damaged, const fs::path& study_file) {
  return fmt::format("mv {0} {0}.bad && hpo-collect {1}  (goes on from the generation before)",
                     damaged.string(), study_file.string());
}

void require_ours(const fs::path& path, const FileStatus& status) {
  if (status.owner != ::geteuid())
    throw Error(path.string(), fmt::format("belongs to another user (uid {})", status.owner),
                "work on a copy: cp it, then use the copy");
  if ((status.mode & 022U) != 0)
    throw Error(path.string(), fmt::format("can be written to by others (mode {:o})", status.mode),
                "chmod go-w " + path.string());
}

// Looks at NAME.h5 as far as its first bytes go; not at its length, since another tool may renew it between
// two looks.
Seal check_file(const fs::path& file, const FileStatus& status) {
  if (status.is_directory) throw Error(file.string(), "is a directory, not a study file");
  if (!status.is_regular)
    throw Error(file.string(), "is not a regular file", "name the file itself, not a link to it");
  require_ours(file, status);
  return verify_start(file_system().read_at(file, 0, Seal::kSize), file.string());
}

[[noreturn]] void missing(const Layout& layout) {
  const std::string name = layout.file.string();
  if (layout.file.extension() == ".toml")
    throw Error(name, "is a definition, not a study", "hpo-init " + name);
  throw Error(name, "does not exist", "hpo-init study.toml makes a study");
}

// What follows a commit. It stands whatever happens here, and whoever comes next does the rest.
void tidy(const Slots& slots) {
  try {
    slots.point_at_newest();
    slots.collect_garbage();
  } catch (const Error& error) {
    log::warning("{}: {}", error.culprit(), error.reason());
  }
}

// What a creation that was killed has left can be gone on with; anything else in the way cannot.
void require_free(const Layout& layout) {
  auto& files = file_system();
  const Slots slots(layout);
  if (slots.newest() > 0) tidy(slots);  // its creation may have been killed before NAME.h5 was there
  if (files.status(layout.file) || slots.newest() > 0)
    throw Error(layout.file.string(), "exists already",
                "hpo-propose " + layout.file.string() + " goes on with it; --study names another");
  static constexpr std::array<std::string_view, 5> kFolders{"ckpt", "gen", "logs", "man", "seg"};
  for (const auto& name : files.list(layout.directory))
    if (std::find(kFolders.begin(), kFolders.end(), name) == kFolders.end())
      throw Error(layout.directory.string(), fmt::format("exists already and holds '{}'", name),
                  "move it away");
}

void make_folders(const Layout& layout) {
  auto& files = file_system();
  for (const auto& folder : {layout.directory, layout.generations, layout.manifests, layout.segments,
                             layout.checkpoints, layout.logs})
    files.make_directory(folder);
  require_ours(layout.directory, files.status(layout.directory).value());
  files.sync_directory(layout.directory);
  files.sync_directory(layout.file.parent_path());
}

// Longer after each lost race, and not the same for everyone.
void pause(int lost) {
  std::this_thread::sleep_for(std::chrono::milliseconds(std::min(10 * lost, 500) + ::getpid() % 10));
}

}  // namespace

Store Store::create(const fs::path& study_file, Study initial, Provenance who) {
  const Store store(Layout::of(study_file));
  require_free(store.layout_);
  make_folders(store.layout_);
  Head first;
  first.generation = 1;
  first.study = std::move(initial);
  first.study.provenance.assign(1, std::move(who));
  if (!store.commit(first, std::string(kNobody)))
    throw Error(store.layout_.file.string(), "was made by somebody else just now",
                "hpo-propose " + store.layout_.file.string());
  return store;
}

Store Store::open(const fs::path& study_file) {
  auto& files = file_system();
  const Store store(Layout::of(study_file));
  const auto& layout = store.layout_;
  const auto file = files.status(layout.file);
  const auto directory = files.status(layout.directory);
  if (directory) require_ours(layout.directory, *directory);
  const std::uint64_t newest = directory ? Slots(layout).newest() : 0;
  // A creation killed before its last step has no NAME.h5 yet; the next update makes it.
  if (!file && newest == 0) missing(layout);
  if (!file) return store;
  const Seal seal = check_file(layout.file, *file);
  if (newest > 0) {
    const auto own = Slots(layout).seal_in(newest);
    if (own && own->uuid != seal.uuid)
      throw Error(layout.file.string(), "is another study than the one in " + layout.directory.string(),
                  "give the copy a name of its own: mv " + layout.file.string() + " copy.h5");
  }
  return store;
}

Head Store::load(const fs::path& file) const {
  const std::string bytes = file_system().read(file);
  const std::string name = file.string();
  const Seal seal = verify(bytes, name);
  Head head{seal.generation, seal.nonce, decode(bytes, name, layout_.file.stem().string() + ".toml")};
  const auto& rows = head.study.provenance;
  if (head.study.uuid != seal.uuid || rows.size() != seal.generation || rows.back().nonce != seal.nonce)
    throw Error(name, "is damaged: its first lines are those of another file");
  return head;
}

Head Store::load_slot(std::uint64_t generation) const {
  const fs::path file = Slots(layout_).path(generation);
  Head head = load(file);
  if (head.generation != generation)
    throw Error(file.string(), fmt::format("is damaged: it holds generation {}", head.generation));
  return head;
}

Head Store::newest_head(bool may_step_back) const {
  const Slots slots(layout_);
  int vanished = 0;
  for (std::uint64_t generation = slots.newest(); generation > 0;) {
    try {
      return load_slot(generation);
    } catch (const Error& error) {
      const std::uint64_t now = slots.newest();
      if (now > generation && ++vanished < kMostVanished) {
        generation = now;  // collected while we read, or no longer the newest anyway
        continue;
      }
      const std::uint64_t earlier = slots.before(generation);
      if (!may_step_back || earlier == 0 || error.code() == ExitCode::try_again)
        throw Error(error.code(), error.culprit(), error.reason(),
                    renewal(slots.path(generation), layout_.file));
      log::warning("{}: {}; generation {} is shown instead", error.culprit(), error.reason(), earlier);
      generation = earlier;
    }
  }
  return load(layout_.file);
}

Head Store::head() const {
  return newest_head(true);
}

bool Store::commit(Head& next, const std::string& parent) const {
  const Slots slots(layout_);
  next.nonce = make_nonce();
  next.study.provenance.back().nonce = next.nonce;
  std::string bytes = encode(next.study, Seal::kSize);
  Seal mark{next.study.uuid, next.generation, next.nonce, parent, 0, 0};
  seal(mark, bytes);
  if (!slots.fill(next.generation, bytes, next.nonce)) return false;
  // Others have gone on. Were we asleep so long that our slot had been filled, followed and collected, then
  // we have filled it a second time, outside the chain. Every generation lists those before it.
  if (slots.newest() > next.generation) {
    const auto& chain = newest_head(false).study.provenance;
    if (chain.at(static_cast<std::size_t>(next.generation - 1)).nonce != next.nonce) return false;
  }
  tidy(slots);
  return true;
}

Head Store::update(const std::function<bool(Study&)>& change, const Provenance& who,
                   double patience_s) const {
  const auto start = Clock::now();
  for (int lost = 0;; ++lost) {
    if (Slots(layout_).newest() == 0)
      throw Error(layout_.file.string(),
                  "has no directory " + layout_.directory.string() + ": a copy can be read, not changed",
                  "work on the original, or bring its directory along");
    Head next = newest_head(false);
    if (!change(next.study)) {
      tidy(Slots(layout_));
      return next;
    }
    const std::string parent = next.nonce;
    ++next.generation;
    next.study.provenance.push_back(who);
    if (commit(next, parent)) return next;
    if (std::chrono::duration<double>(Clock::now() - start).count() > patience_s)
      throw Error(ExitCode::try_again, layout_.file.string(),
                  fmt::format("others were faster {} times", lost + 1), "run the same command again");
    pause(lost + 1);
  }
}

}  // namespace hpo::study
