//! Compiles the shim, and leaves the path to libtorch in this crate's own test programs (see the root build.rs).

fn main() {
    let shim = "src/meta.cpp";
    println!("cargo::rerun-if-changed={shim}");
    let Some(lib) = std::env::var_os("DEP_TCH_LIBTORCH_LIB").map(std::path::PathBuf::from) else {
        println!("cargo::error=torch-sys did not say where libtorch is: run ./setup.sh first");
        return;
    };
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", lib.display());
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .warnings(false)
        .include(lib.with_file_name("include"))
        .file(shim)
        .compile("mmt_testkit_meta");
}
