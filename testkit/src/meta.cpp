// libtorch's device without values, which tch 0.24 does not bind.
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>

#include <exception>

// The tensor's shape, strides and kind on the device `meta`, detached. Null where libtorch refuses.
extern "C" at::Tensor *mmt_testkit_to_meta(at::Tensor *tensor) {
    try {
        return new at::Tensor(at::empty_like(tensor->detach(), tensor->options().device(at::kMeta)));
    } catch (const std::exception &) {
        return nullptr;
    }
}

extern "C" int mmt_testkit_is_meta(at::Tensor *tensor) { return tensor->is_meta() ? 1 : 0; }
