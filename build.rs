//! Compiles the C++ shims against the libtorch that torch-sys found, and leaves the path to that libtorch in
//! every binary, so that `cargo run`, `cargo test` and `cargo bench` need no `LD_LIBRARY_PATH`.

use std::path::{Path, PathBuf};

/// Calls of libtorch that tch does not bind.
const SHIMS: [&str; 3] = ["src/device/shim.cpp", "src/shim/shim.cpp", "src/shim/norm.cpp"];

fn main() {
    SHIMS.iter().for_each(|shim| println!("cargo::rerun-if-changed={shim}"));
    println!("cargo::rerun-if-changed=src/shim");
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
    compile_shims(&lib);
}

/// One file of all shims: most of the time of each goes into the same headers of libtorch.
fn together() -> PathBuf {
    let folder = std::env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    let file = folder.join("mmt_shims.cpp");
    let text: String = SHIMS.iter().map(|shim| format!("#include \"{shim}\"\n")).collect();
    if let Err(error) = std::fs::write(&file, text) {
        println!("cargo::error=cannot write {}: {error}", file.display());
    }
    file
}

fn compile_shims(lib: &Path) {
    // The loops are worth nothing without the optimiser, in the dev profile too.
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .opt_level(3)
        .debug(false)
        .file("src/shim/norm_kernels.cpp")
        .compile("mmt_kernels");
    let include = lib.with_file_name("include");
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .opt_level(1)
        .debug(false)
        .warnings(false)
        .flag_if_supported("-Wno-deprecated-declarations")
        .include(".")
        .include(&include)
        .include(include.join("torch/csrc/api/include"))
        .file(together())
        .compile("mmt_shims");
}
