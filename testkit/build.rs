//! Leaves the path to libtorch in this crate's own test programs (see the root build.rs).

fn main() {
    if let Some(lib) = std::env::var_os("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{}", std::path::Path::new(&lib).display());
    }
}
