// What libtorch says about itself, and about its CUDA part. tch 0.24 binds neither.
#include <ATen/Context.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

// Writes the text that ends with 0, cut to `size` bytes. Exceptions must not cross into Rust.
extern "C" void mmt_libtorch_config(char *text, int size) {
    std::string config;
    try {
        config = at::show_config();
        // Left out above where there is no card. Without the CUDA part it throws.
        config += at::detail::getCUDAHooks().showConfig();
    } catch (const std::exception &) {
    }
    std::snprintf(text, size, "%s", config.c_str());
}

// Convolutions and matrix products of f32 on a card in f32, not in TF32 (libtorch's default for convolutions).
extern "C" void mmt_full_precision() {
    try {
        at::globalContext().setAllowTF32CuDNN(false);
        at::globalContext().setAllowTF32CuBLAS(false);
    } catch (const std::exception &) {
    }
}

// Whether products of f32 on cards are made in TF32, and those of this thread in bf16 on cards (`cuda`) or the processor.
extern "C" void mmt_precision(int cuda, int tf32, int bf16) {
    try {
        at::globalContext().setAllowTF32CuDNN(tf32 != 0);
        at::globalContext().setAllowTF32CuBLAS(tf32 != 0);
        auto device = cuda ? at::kCUDA : at::kCPU;
        at::autocast::set_autocast_dtype(device, at::kBFloat16);
        at::autocast::set_autocast_enabled(device, bf16 != 0);
        if (!bf16) at::autocast::clear_cache();
    } catch (const std::exception &) {
    }
}

// Bytes of a card: free now, with what libtorch holds and does not use; all of it; the most that tensors have taken. Returns 0, or 1
// where there is no such card, or libtorch has not begun to use it. Through the interface of all devices: no CUDA header is needed.
extern "C" int mmt_memory(int card, uint64_t *bytes) {
    try {
        auto device = static_cast<c10::DeviceIndex>(card);
        auto *allocator = c10::getDeviceAllocator(c10::kCUDA);
        auto [free, total] = allocator->getMemoryInfo(device);
        auto stats = allocator->getDeviceStats(device);
        auto sum = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
        bytes[0] = free + stats.reserved_bytes[sum].current - stats.allocated_bytes[sum].current;
        bytes[1] = total;
        bytes[2] = stats.allocated_bytes[sum].peak;
        return 0;
    } catch (const std::exception &) {
        return 1;
    }
}
