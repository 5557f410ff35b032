//! Tests that concern several rooms.

mod header_safety;
#[cfg(target_os = "linux")]
mod hosts;
