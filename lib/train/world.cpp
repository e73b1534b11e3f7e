// SPDX-License-Identifier: Apache-2.0
#include "train/world.hpp"

#include "base/error.hpp"
#include "base/identity.hpp"
#include "train/comm/rendezvous.hpp"
#include "train/cuda/plugin.hpp"

namespace hpo::train {

std::unique_ptr<comm::Communicator> make_world(const std::string& device, bool share_gpu) {
  const std::string directory = environment("HPO_RENDEZVOUS_DIR");
  if (directory.empty()) return comm::make_from_environment();
  const comm::Place place = comm::place_from_environment();
  if (place.size == 1) return comm::make_self();
  if (device == "cpu")
    throw Error(ExitCode::usage, "HPO_RENDEZVOUS_DIR",
                "is for ranks that have a GPU each, and device is \"cpu\"",
                "unset it and start the ranks with srun --mpi=pmix or mpirun");
  comm::RendezvousPlace where;
  where.directory = directory;
  where.name = comm::launch_name_from_environment();
  return cuda::make_world({.place = place, .rendezvous = where, .share_gpu = share_gpu});
}

}  // namespace hpo::train
