// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/comm/communicator.hpp"
#include "train/comm/rendezvous.hpp"
#include "train/config.hpp"
#include "train/engine.hpp"

/// What the trainer and its GPU half, the plugin libhpo_cuda.so, know of each other. Both come from one
/// build; the number tells when they do not. Any change in this header, engine.hpp, config.hpp or
/// communicator.hpp raises it.
namespace hpo::train::cuda {

inline constexpr int kAbi = 5;

/// As make_engine.
struct Request {
  const Config& config;
  const std::vector<std::int64_t>& inputs;
  std::int64_t outputs;
  std::uint64_t seed;
  comm::Communicator& world;
};

/// Why there is no GPU for this rank and what to do about it; empty: there is one.
struct Refusal {
  std::string reason, next;
  bool has_gpus = false;  ///< there are some, but none that this rank may train on
};

/// Whether this rank has a GPU that the request can be trained on. Speaks to no other rank.
using ProbeFunction = void(const Request& request, Refusal& refusal);
/// The engine, the caller's to delete, on the GPU that the probe found. Collective: all ranks' probes must
/// have succeeded. Throws Error.
using MakeEngineFunction = Engine*(const Request& request);

/// Ranks that have no MPI and shall speak over NCCL.
struct WorldRequest {
  comm::Place place;
  comm::RendezvousPlace rendezvous;  ///< where they meet
  bool share_gpu = false;
};
/// Their communicator, the caller's to delete. Collective. Throws Error.
using MakeWorldFunction = comm::Communicator*(const WorldRequest& request);
using AbiFunction = int();
inline constexpr const char* kAbiName = "hpo_cuda_abi";
inline constexpr const char* kProbeName = "hpo_cuda_probe";
inline constexpr const char* kMakeEngineName = "hpo_cuda_make_engine";
inline constexpr const char* kMakeWorldName = "hpo_cuda_make_world";

}  // namespace hpo::train::cuda
