//! macOS's linker has to be told that Python's own functions are found when the module is loaded.
//! maturin does so too; this is for plain cargo.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
