//! Gives the shared library its name for the dynamic linker. The number changes only when a program
//! built against an older header would no longer work. And keeps its code in place once it is loaded: a
//! thread of the program that called it has a destructor of its standard library to run when it ends,
//! after `dlclose()` maybe.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let arguments: &[&str] = match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "dragonfly") => {
            &["-Wl,-soname,libseekauth.so.0", "-Wl,-z,nodelete"]
        }
        Ok("macos") => &["-Wl,-install_name,@rpath/libseekauth.0.dylib"],
        _ => &[],
    };
    for argument in arguments {
        println!("cargo::rustc-cdylib-link-arg={argument}");
    }
}
