// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "crash/fault_file_system.hpp"

namespace hpo::test {

enum class Fate { finished, refused, killed };

/// Does `act` in a child process whose file operations have `faults`: finished, refused with an Error, or
/// killed as asked. Anything else (a crash, a foreign exception) fails the test.
Fate in_child(const Faults& faults, const std::function<void()>& act);
/// The same without a process of its own, for faults that do not kill.
Fate here(const Faults& faults, const std::function<void()>& act);
/// The file operations of an undisturbed run.
std::uint64_t count_operations(const std::function<void()>& act);
/// All ways to be killed in such a run: before each operation, and in the middle of each append.
std::vector<Faults> all_kills(const std::function<void()>& act);

}  // namespace hpo::test
