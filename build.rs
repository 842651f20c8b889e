//! Compiles the fused-Adam shim against the libtorch that torch-sys found, and leaves the path to that libtorch in
//! every binary, so that `cargo run`, `cargo test` and `cargo bench` need no `LD_LIBRARY_PATH`.

use std::path::{Path, PathBuf};

fn main() {
    let shim = "src/train/fused_adam/shim.cpp";
    println!("cargo::rerun-if-changed={shim}");
    // torch-sys exports the folder of the libraries it links to.
    let Some(lib) = std::env::var_os("DEP_TCH_LIBTORCH_LIB").map(PathBuf::from) else {
        println!("cargo::error=torch-sys did not say where libtorch is: run ./setup.sh first");
        return;
    };
    let library = lib.join("libtorch_cpu.so");
    println!("cargo::rerun-if-changed={}", library.display());
    if !library.exists() {
        println!("cargo::error={} is missing: run ./setup.sh first", library.display());
        return;
    }
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", lib.display());
    compile_shim(shim, &lib);
}

fn compile_shim(source: &str, lib: &Path) {
    let include = lib.with_file_name("include");
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .warnings(false)
        .flag_if_supported("-Wno-deprecated-declarations")
        .include(&include)
        .include(include.join("torch/csrc/api/include"))
        .file(source)
        .compile("mmt_fused_adam");
}
