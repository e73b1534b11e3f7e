// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/filesystem/path.hpp>

#include <functional>
#include <string>

#include "train/comm/launch.hpp"

namespace hpo::train::comm {

/// Where ranks meet that have no MPI.
struct RendezvousPlace {
  boost::filesystem::path directory;  ///< on a file system that all ranks see; made when missing
  std::string name;                   ///< the same on all ranks of this run: launch_name_from_environment()
  double timeout_s = 120;             ///< from the call until all have met
};

/// Gives every rank the text that rank 0 makes: NCCL's unique id, say. Collective over the ranks of one run.
/// Throws Error with try_again when the others do not come in time, naming who is missing.
///
/// How it goes. Each rank draws a nonce and leaves NAME.hello.RANK.NONCE. When rank 0 sees a hello of every
/// rank it answers each by NAME.reply.RANK.NONCE, which repeats that nonce and carries the text; the rank
/// takes its hello away, and by that rank 0 knows that somebody alive has read the answer. It is done when
/// one hello of each rank has gone. All files appear whole, under names that were never there before (a
/// temporary file, flushed, then linked).
///
/// What is left of an earlier run is never believed: no answer of another run repeats a nonce drawn in this
/// one, and a hello of a dead process gets an answer but never goes away; nor does a file cache of NFS matter
/// more than time, for no name is used twice (a rank makes and removes a file of its own while it waits,
/// which makes the client look again). Two processes that take themselves for the same rank, or for rank 0,
/// are an Error. Files are taken away by who made them; what a killed process left under this name goes when
/// a later meeting succeeds and it is an hour old.
[[nodiscard]] std::string meet(const Place& me, const RendezvousPlace& where,
                               const std::function<std::string()>& make_text);

}  // namespace hpo::train::comm
