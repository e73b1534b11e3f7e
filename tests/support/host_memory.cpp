// SPDX-License-Identifier: Apache-2.0
#include "support/host_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "base/error.hpp"

namespace hpo::train::gpu {
namespace {

constexpr std::size_t kArena = std::size_t{16} << 30;  ///< addresses, not memory
constexpr std::size_t kPage = 4096;
constexpr int kFenceByte = 0xA5;

std::size_t extent(std::size_t bytes) {
  return (bytes + 2 * HostMemory::kFence - 1) / HostMemory::kFence * HostMemory::kFence;
}

}  // namespace

HostMemory::HostMemory(bool guarded) : guarded_(guarded) {
  void* arena = mmap(nullptr, kArena, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (arena == MAP_FAILED) throw_errno("host device", "cannot reserve addresses", errno);
  arena_ = static_cast<std::byte*>(arena);
  if (!guarded_) depth_ = 1;
}

HostMemory::~HostMemory() {
  munmap(arena_, kArena);
}

void HostMemory::protect(bool within) {
  const std::size_t size = (high_ + kPage - 1) / kPage * kPage;
  if (size == 0) return;
  if (mprotect(arena_, size, within ? PROT_READ | PROT_WRITE : PROT_NONE) != 0)
    throw_errno("host device", "cannot protect memory", errno);
}

void HostMemory::reach(bool within) {
  if (within && depth_++ == 0) protect(true);
  if (!within && --depth_ == 0) protect(false);
}

std::byte* HostMemory::allocate(std::size_t bytes) {
  std::size_t offset = 0;
  for (const auto& [start, size] : pieces_) {
    if (start - offset >= extent(bytes)) break;
    offset = start + extent(size);
  }
  if (offset + extent(bytes) > kArena)
    throw Error(ExitCode::try_again, "host device", "out of memory", "use a smaller batch");
  high_ = std::max(high_, offset + extent(bytes));
  pieces_[offset] = bytes;
  if (depth_++ == 0 || !guarded_) protect(true);
  std::memset(arena_ + offset, 0, bytes);
  std::memset(arena_ + offset + bytes, kFenceByte, extent(bytes) - bytes);
  reach(false);
  return arena_ + offset;
}

bool HostMemory::is_intact(std::size_t offset, std::size_t bytes) const {
  const std::byte* fence = arena_ + offset + bytes;
  return std::all_of(fence, fence + (extent(bytes) - bytes),
                     [](std::byte b) { return b == std::byte{kFenceByte}; });
}

void HostMemory::free(std::byte* memory) {
  const auto piece = pieces_.find(static_cast<std::size_t>(memory - arena_));
  reach(true);
  if (!is_intact(piece->first, piece->second)) broken_ = true;
  reach(false);
  pieces_.erase(piece);
}

bool HostMemory::is_intact() {
  reach(true);
  for (const auto& [offset, bytes] : pieces_)
    if (!is_intact(offset, bytes)) broken_ = true;
  reach(false);
  return !broken_;
}

}  // namespace hpo::train::gpu
