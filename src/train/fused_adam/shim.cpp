// One call: libtorch's fused Adam over lists of tensors. tch 0.24 does not bind it, and its own optimizer neither
// gives out its state nor is fast (a third of a small network's training step).
#include <ATen/core/Tensor.h>
#include <ATen/ops/_fused_adam.h>
#include <c10/core/GradMode.h>

#include <cstdio>
#include <exception>
#include <vector>

namespace {
std::vector<at::Tensor> list(at::Tensor **tensors, int count) {
    std::vector<at::Tensor> result;
    result.reserve(count);
    for (int i = 0; i < count; ++i) result.push_back(*tensors[i]);
    return result;
}
}  // namespace

// Returns 0, or 1 with a message in `error` (cut to `error_size` bytes). Exceptions must not cross into Rust.
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
