// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/config.hpp"

namespace hpo::train {

/// The share of the base learning rate to use when `samples` of `horizon` have been consumed. A pure function
/// of that share t = samples / horizon, so a curve does not depend on batch size, world size or where a run
/// was interrupted, and a promoted trial goes on along its own. From t >= 1 on it stays at its last value.
///
/// Linear warm-up comes first, from 0 to the curve's first value over `warmup` of the horizon; the curve is
/// stretched over the rest, u = (t - warmup) / (1 - warmup):
///   constant   1
///   step       step_factor ^ floor(u / step_every)
///   cosine     m + (1 - m) (1 + cos(pi u)) / 2,  m = min_factor
///   restarts   cosine within periods of restart_first, restart_first * restart_mult, ... (SGDR: Loshchilov
///   and
///              Hutter, ICLR 2017)
///   one_cycle  half cosines start_factor -> 1 until u = peak, then 1 -> end_factor (Smith and Topin, 2018)
[[nodiscard]] double schedule_factor(const ScheduleConfig& config, double samples, double horizon);

}  // namespace hpo::train
