// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Both norms.
#include "train/gpu/kernels/batch_norm.hpp"
#include "train/gpu/kernels/layer_norm.hpp"
