// What libtorch says about itself, and about its CUDA part. tch 0.24 binds neither.
#include <ATen/Context.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>

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
