// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/comm/communicator.hpp"
#include "train/config.hpp"
#include "train/engine.hpp"

/// What the trainer and its GPU half, the plugin libhpo_cuda.so, know of each other. Both come from one
/// build; the number tells when they do not. Any change in this header, engine.hpp, config.hpp or
/// communicator.hpp raises it.
namespace hpo::train::cuda {

inline constexpr int kAbi = 1;

/// As make_engine.
struct Request {
  const Config& config;
  const std::vector<std::int64_t>& inputs;
  std::int64_t outputs;
  std::uint64_t seed;
  comm::Communicator& world;
};

/// Either an engine (the caller's to delete) or why there is none and what to do about it.
struct Answer {
  Engine* engine = nullptr;
  std::string reason, next;
};

using AbiFunction = int();
using MakeEngineFunction = void(const Request& request, Answer& answer);
inline constexpr const char* kAbiName = "hpo_cuda_abi";
inline constexpr const char* kMakeEngineName = "hpo_cuda_make_engine";

}  // namespace hpo::train::cuda
