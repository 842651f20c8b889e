// libtorch's device without values, which tch 0.24 does not bind.
#include <ATen/core/Tensor.h>
#include <ATen/ExpandUtils.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/result_type.h>
#include <torch/library.h>

#include <exception>

namespace {
// libtorch has no shape functions for these operations of the losses. They give the shape and refuse other devices.
at::Tensor choice(const at::Tensor &condition, const at::Tensor &one, const at::Tensor &other) {
    for (const auto *tensor : {&condition, &one, &other})
        TORCH_CHECK(tensor->is_meta() || tensor->dim() == 0, "a choice between tensors on different devices");
    auto shape = at::infer_size(at::infer_size(condition.sizes(), one.sizes()), other.sizes());
    return at::empty(shape, at::TensorOptions(at::kMeta).dtype(at::result_type(one, other)));
}

at::Tensor distances(const at::Tensor &x, const at::Tensor &y, double, std::optional<int64_t>) {
    TORCH_CHECK(x.is_meta() && y.is_meta(), "distances of tensors on different devices");
    return x.new_empty({x.size(0), y.size(0)});
}

at::Tensor distances_backward(const at::Tensor &gradient, const at::Tensor &x, const at::Tensor &y, double,
                              const at::Tensor &values) {
    TORCH_CHECK(gradient.is_meta() && x.is_meta() && y.is_meta() && values.is_meta(),
                "distances of tensors on different devices");
    return at::empty_like(x);
}

TORCH_LIBRARY_IMPL(aten, Meta, library) {
    library.impl("where.self", choice);
    library.impl("_cdist_forward", distances);
    library.impl("_cdist_backward", distances_backward);
}
}  // namespace

// The tensor's shape, strides and kind on the device `meta`, detached. Null where libtorch refuses.
extern "C" at::Tensor *mmt_testkit_to_meta(at::Tensor *tensor) {
    try {
        return new at::Tensor(at::empty_like(tensor->detach(), tensor->options().device(at::kMeta)));
    } catch (const std::exception &) {
        return nullptr;
    }
}

extern "C" int mmt_testkit_is_meta(at::Tensor *tensor) { return tensor->is_meta() ? 1 : 0; }
