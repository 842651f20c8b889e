// See norm.cpp.
#pragma once
#include <ATen/core/Tensor.h>

namespace mmt {
// Batch norm of `x` `[B, C, H, W]`, plus `shortcut` where there is one, then ReLU if wanted: differentiable. Running statistics may be
// null in training; in training they move, otherwise they are what normalises.
at::Tensor fused_norm(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, const at::Tensor *running_mean,
                      const at::Tensor *running_var, const std::optional<at::Tensor> &shortcut, bool training, bool relu,
                      double momentum, double epsilon);
}  // namespace mmt
