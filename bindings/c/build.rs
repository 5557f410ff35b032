//! Gives the shared library its name for the dynamic linker. The number changes only when a program
//! built against an older header would no longer work.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let name = match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "dragonfly") => {
            "-Wl,-soname,libseekauth.so.0"
        }
        Ok("macos") => "-Wl,-install_name,@rpath/libseekauth.0.dylib",
        _ => return,
    };
    println!("cargo::rustc-cdylib-link-arg={name}");
}
