// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

/// What each optimiser does to one parameter. Constexpr, so that the CPU's loops and the GPU's kernels (nvcc
/// with --expt-relaxed-constexpr) share them. Each returns the new parameter and leaves the new state in its
/// references; `gradient` is the averaged and clipped one. Real is float but in tests.
namespace hpo::train::optim {

/// Stochastic gradient descent with momentum; `weight_decay` is L2. Nesterov's variant after Sutskever et
/// al., ICML 2013: v = momentum v + g;  w -= lr (nesterov ? g + momentum v : v)
struct SgdStep {
  float lr, momentum, weight_decay;
  bool nesterov;
  template <class Real>
  constexpr Real operator()(Real parameter, Real gradient, Real& velocity) const {
    const Real g = gradient + weight_decay * parameter;
    velocity = momentum * velocity + g;
    return parameter - lr * (nesterov ? g + momentum * velocity : velocity);
  }
};

/// Adam (Kingma and Ba, ICLR 2015) and AdamW (Loshchilov and Hutter, ICLR 2019). With t the number of this
/// step: m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2 w -= rate m / (sqrt(v) correction + eps)
/// + decay w rate = lr / (1 - beta1^t), correction = 1 / sqrt(1 - beta2^t). Adam: `l2` = weight_decay,
/// `decay` = 0. AdamW: `l2` = 0, `decay` = lr weight_decay (kept apart: 1 - decay is 1 in float32 as soon as
/// decay is below 3e-8).
struct AdamStep {
  float rate, beta1, beta2, correction, eps, l2, decay;
  template <class Real>
  constexpr Real operator()(Real parameter, Real gradient, Real& first, Real& second) const {
    const Real g = gradient + l2 * parameter;
    first += (1 - beta1) * (g - first);
    second += (1 - beta2) * (g * g - second);
    return parameter - (rate * first / (std::sqrt(second) * correction + eps) + decay * parameter);
  }
};

/// RMSprop (Tieleman and Hinton, 2012), momentum on the scaled gradient; `weight_decay` is L2:
/// s = alpha s + (1 - alpha) g^2;  v = momentum v + g / (sqrt(s) + eps);  w -= lr v
struct RmspropStep {
  float lr, alpha, eps, momentum, weight_decay;
  template <class Real>
  constexpr Real operator()(Real parameter, Real gradient, Real& square, Real& velocity) const {
    const Real g = gradient + weight_decay * parameter;
    square += (1 - alpha) * (g * g - square);
    velocity = momentum * velocity + g / (std::sqrt(square) + eps);
    return parameter - lr * velocity;
  }
};

}  // namespace hpo::train::optim
