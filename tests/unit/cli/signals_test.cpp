// SPDX-License-Identifier: Apache-2.0
#include "cli/signals.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include <cerrno>
#include <csignal>
#include <thread>

using hpo::cli::StopSignals;

TEST_CASE("cli: a stop signal is remembered instead of ending the process") {
  StopSignals stop;
  CHECK(stop.requested() == 0);
  for (const int number : {SIGUSR2, SIGTERM, SIGINT}) {
    std::raise(number);
    CHECK(stop.requested() == number);
  }
  stop.clear();
  CHECK(stop.requested() == 0);
}

TEST_CASE("cli: the handlers that were there come back") {
  struct sigaction before {
  }, after{};
  sigaction(SIGTERM, nullptr, &before);
  { const StopSignals stop; }
  sigaction(SIGTERM, nullptr, &after);
  CHECK((before.sa_handler == after.sa_handler));
}

TEST_CASE("cli: a stop signal interrupts a blocking call") {
  const StopSignals stop;
  const pthread_t here = pthread_self();
  // Sends until the wait has noticed, so that a signal that comes before the wait does no harm.
  std::jthread sender([here](const std::stop_token& done) {
    while (!done.stop_requested()) {
      pthread_kill(here, SIGUSR2);
      std::this_thread::yield();
    }
  });
  const int result = poll(nullptr, 0, 10000);
  const int error = errno;
  CHECK(result == -1);
  CHECK(error == EINTR);
  CHECK(stop.requested() == SIGUSR2);
}
