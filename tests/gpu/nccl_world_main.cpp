// SPDX-License-Identifier: Apache-2.0
// The world of ranks without MPI under the tests of every communicator: CUDA is played, and so is NCCL, whose
// data MPI carries.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <mpi.h>

#include <cstdio>
#include <memory>

#include "base/error.hpp"
#include "mpi/world.hpp"
#include "train/cuda/module/device.hpp"
#include "train/cuda/module/ranks.hpp"

namespace {
std::unique_ptr<hpo::train::comm::Communicator> g_world;
}

hpo::train::comm::Communicator& hpo::train::world() {
  return *g_world;
}

/// One GPU for all.
hpo::train::gpu::VisibleGpus hpo::train::cuda::visible_gpus() {
  return {.gpus = {{"played", 9, 0}}, .driver = CUDART_VERSION, .runtime = CUDART_VERSION};
}

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY [doctest options]\n", argv[0]);
    return 2;
  }
  MPI_Init(&argc, &argv);
  int failed = 1;
  try {
    hpo::train::cuda::WorldRequest request;
    request.place = hpo::train::comm::place_from_environment();
    request.rendezvous.directory = argv[1];
    request.rendezvous.name = hpo::train::comm::launch_name_from_environment();
    g_world = hpo::train::cuda::make_nccl_world(request);
    doctest::Context context(argc - 1, argv + 1);
    failed = context.run();
    MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    g_world.reset();
  } catch (const hpo::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, failed);
  }
  MPI_Finalize();
  return failed;
}
