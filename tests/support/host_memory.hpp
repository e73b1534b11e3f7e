// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>

namespace hpo::train::gpu {

/// Memory that plays a device's: out of reach of the program (reading it is a segmentation fault, as it
/// would be with a GPU) except while the device runs operations. Behind each piece stand kFence bytes that
/// nobody may write.
class HostMemory {
 public:
  static constexpr std::size_t kFence = 256;

  /// `guarded`: false leaves it in reach always.
  explicit HostMemory(bool guarded);
  ~HostMemory();
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;

  /// Zeroed, 256-byte aligned. Throws Error when there is no more.
  [[nodiscard]] std::byte* allocate(std::size_t bytes);
  void free(std::byte* memory);
  /// Whether all fences stand.
  [[nodiscard]] bool is_intact();

  /// Brings it in reach, and out of reach again; may be nested.
  void reach(bool within);

 private:
  [[nodiscard]] bool is_intact(std::size_t offset, std::size_t bytes) const;
  void protect(bool within);

  bool guarded_;
  std::byte* arena_ = nullptr;
  std::map<std::size_t, std::size_t> pieces_;  ///< offset to bytes asked for
  std::size_t high_ = 0;                       ///< what lies behind was never used
  int depth_ = 0;
  bool broken_ = false;
};

}  // namespace hpo::train::gpu
