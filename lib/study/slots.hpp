// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file_system.hpp"
#include "exchange/layout.hpp"
#include "study/generation.hpp"

namespace hpo::study {

/// The directory of generations: slots g0000000042.h5, each filled once and for all by a hard link, and the
/// private files .t0000000043.NONCE from which they are linked.
class Slots {
 public:
  explicit Slots(exchange::Layout layout) : layout_(std::move(layout)) {}

  /// The highest filled slot; 0 when there is none.
  [[nodiscard]] std::uint64_t newest() const;
  /// The highest filled slot below `generation`; 0 when there is none.
  [[nodiscard]] std::uint64_t before(std::uint64_t generation) const;
  [[nodiscard]] fs::path path(std::uint64_t generation) const;

  /// The seal of a slot; nothing when the slot is empty or its first lines are damaged.
  [[nodiscard]] std::optional<Seal> seal_in(std::uint64_t generation) const;

  /// Fills slot `generation` with `bytes`, whose seal has `nonce`, and makes it durable. False when somebody
  /// else has filled it. True can come so late that the slot is no longer there, or was filled a second time
  /// after its number had come and gone: when newest() is higher, only the chain can tell. When this throws,
  /// the slot may be filled or not.
  [[nodiscard]] bool fill(std::uint64_t generation, const std::string& bytes, const std::string& nonce) const;
  /// Makes NAME.h5 a link to the newest slot, when it is not one already.
  void point_at_newest() const;
  /// Removes all slots but the newest three (readers may still have them open or cached) and private files
  /// nobody can use any more.
  void collect_garbage() const;

 private:
  [[nodiscard]] fs::path private_file(std::uint64_t generation, const std::string& nonce) const;
  [[nodiscard]] bool link_to_slot(const fs::path& fresh, std::uint64_t generation,
                                  const std::string& nonce) const;

  exchange::Layout layout_;
};

}  // namespace hpo::study
