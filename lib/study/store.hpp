// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "exchange/layout.hpp"
#include "study/study.hpp"

namespace hpo::study {

using exchange::Layout;

/// One committed generation, read and checked.
struct Head {
  std::uint64_t generation = 0;
  std::string nonce;
  Study study;
};

/// The shared study on disk: immutable generations published by compare-and-swap. See docs/study-format.md.
class Store {
 public:
  /// Lays out a new study and publishes generation 1. Throws Error when NAME.h5 or NAME.h5.d exists; what a
  /// killed creation left of NAME.h5.d is taken over.
  [[nodiscard]] static Store create(const fs::path& study_file, Study initial, Provenance who);
  /// Opens an existing one. Throws Error in a sentence each: missing, not HDF5, foreign, of a newer format,
  /// truncated or damaged, not ours (owner, permissions), its directory missing.
  [[nodiscard]] static Store open(const fs::path& study_file);

  [[nodiscard]] const Layout& layout() const { return layout_; }
  /// The newest generation. A copied study.h5 without its directory can be read but not updated. When the
  /// newest one is damaged, the one before, with a warning; update() refuses.
  [[nodiscard]] Head head() const;
  /// Read the head, apply `change` (a pure function of the study: it may be called several times, each time
  /// on the then newest head), publish the result as the next generation. `change` returns false to write
  /// nothing. Returns the head that stands at the end, ours or (nothing written) the one read. Throws Error
  /// try_again after `patience_s` of lost races, failed on a full disk etc.; whatever it throws, the study is
  /// whole.
  Head update(const std::function<bool(Study&)>& change, const Provenance& who, double patience_s = 60) const;

 private:
  explicit Store(Layout layout) : layout_(std::move(layout)) {}
  [[nodiscard]] Head load(const fs::path& file) const;
  [[nodiscard]] Head load_slot(std::uint64_t generation) const;
  [[nodiscard]] Head newest_head(bool may_step_back) const;
  [[nodiscard]] bool commit(Head& next, const std::string& parent) const;

  Layout layout_;
};

/// Fills in version, command line, host, user, job and time.
[[nodiscard]] Provenance provenance(const std::string& tool, int argc, const char* const* argv);

}  // namespace hpo::study
