// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nccl.h>

#include <string>
#include <vector>

/// NCCL as its documentation has it, without a GPU: calls on a nonblocking communicator go on in the
/// background until ncclCommGetAsyncError has been asked often enough.
namespace hpo::train::cuda::played {

struct Nccl {
  int version = NCCL_VERSION_CODE;
  int rounds = 3;                         ///< how often a call's communicator must be asked; -1: for ever
  ncclResult_t fails_with = ncclSuccess;  ///< what the next call ends with
  ncclResult_t async = ncclSuccess;       ///< what an idle communicator says
  std::string last_error{};

  std::vector<std::string> calls{};  ///< their names, in order; asking is none
  int asked = 0;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  bool was_entered_twice = false;  ///< two threads were in NCCL at once, one of them to abort
};

/// The one that the functions are played with; a new one.
Nccl& begin();

}  // namespace hpo::train::cuda::played
