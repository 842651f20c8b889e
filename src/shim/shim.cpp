// What tch 0.24 does not bind, or not so that it is fast. Exceptions must not cross into Rust: every function catches its own.
#include <ATen/core/Tensor.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/convolution_backward.h>
#include <c10/core/GradMode.h>

#include <cstdio>
#include <exception>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "norm.h"

namespace {
std::vector<at::Tensor> list(at::Tensor **tensors, int count) {
    std::vector<at::Tensor> result;
    result.reserve(count);
    for (int i = 0; i < count; ++i) result.push_back(*tensors[i]);
    return result;
}
}  // namespace

// One call: libtorch's fused Adam over lists of tensors. Returns 0, or 1 with a message in `error` (cut to `error_size` bytes).
extern "C" int mmt_fused_adam(at::Tensor **parameters, at::Tensor **gradients, at::Tensor **first_moments,
                              at::Tensor **second_moments, at::Tensor **steps, int count, double learning_rate,
                              double beta1, double beta2, double weight_decay, double epsilon, char *error,
                              int error_size) {
    try {
        c10::NoGradGuard no_grad;
        auto p = list(parameters, count), g = list(gradients, count), m = list(first_moments, count),
             v = list(second_moments, count), s = list(steps, count);
        at::_fused_adam_(p, g, m, v, /*max_exp_avg_sqs=*/{}, s, learning_rate, beta1, beta2, weight_decay, epsilon,
                         /*amsgrad=*/false, /*maximize=*/false, /*grad_scale=*/{}, /*found_inf=*/{});
        return 0;
    } catch (const std::exception &e) {
        std::snprintf(error, error_size, "%s", e.what());
        return 1;
    }
}

// Leaves the tensors without a gradient: the next backward pass puts its own there instead of adding to zeros.
extern "C" int mmt_forget_gradients(at::Tensor **tensors, int count) {
    try {
        for (int i = 0; i < count; ++i) tensors[i]->mutable_grad().reset();
        return 0;
    } catch (const std::exception &) {
        return 1;
    }
}

// The gradients of a square convolution padded by half its kernel, as backward passes compute them; they are let go. Returns 0, or 1 where
// libtorch refuses.
extern "C" int mmt_convolution_gradients(at::Tensor *gradient, at::Tensor *input, at::Tensor *weight, long stride, int wants_input) {
    try {
        c10::NoGradGuard no_grad;
        long padding = weight->size(2) / 2;
        at::convolution_backward(*gradient, *input, *weight, std::nullopt, {stride, stride}, {padding, padding}, {1, 1}, false, {0, 0}, 1,
                                 {wants_input != 0, true, false});
        return 0;
    } catch (const std::exception &) {
        return 1;
    }
}

// See norm.h; `running_mean`, `running_var` and `shortcut` may be null. Returns null where the fused kernels do not apply: another device
// or kind than f32 and f64 on the CPU, one value per channel in training, or no map.
extern "C" at::Tensor *mmt_fused_norm(at::Tensor *x, at::Tensor *weight, at::Tensor *bias, at::Tensor *running_mean,
                                      at::Tensor *running_var, at::Tensor *shortcut, int training, int relu,
                                      double momentum, double epsilon) {
    try {
        auto alike = [&](const at::Tensor *other) {
            return !other || (other->device().is_cpu() && other->scalar_type() == x->scalar_type());
        };
        auto kind = x->scalar_type();
        bool applies = x->device().is_cpu() && x->dim() == 4 && (kind == at::kFloat || kind == at::kDouble) &&
                       x->numel() > (training ? x->size(1) : 0) && (training || running_mean) && alike(weight) && alike(bias) &&
                       alike(running_mean) && alike(running_var) && alike(shortcut) &&
                       (!shortcut || shortcut->sizes() == x->sizes());
        if (!applies) return nullptr;
        auto other = shortcut ? std::optional<at::Tensor>(*shortcut) : std::nullopt;
        return new at::Tensor(mmt::fused_norm(*x, *weight, *bias, running_mean, running_var, other, training, relu, momentum, epsilon));
    } catch (const std::exception &) {
        return nullptr;
    }
}

// Keeps freed memory in the process up to `bytes`, instead of giving it back to the system and fetching it again with every step; and
// takes blocks of up to 32 MiB, the most that glibc allows, from there. Does nothing with other C libraries.
extern "C" void mmt_keep_freed_memory(long bytes) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, static_cast<int>(bytes));
    mallopt(M_TOP_PAD, 64 << 20);  // also keeps what other threads than the first one freed
#else
    (void)bytes;
#endif
}
