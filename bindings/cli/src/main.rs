//! The program `seekauth`.
#![forbid(unsafe_code)]

use std::alloc::System;
use std::env;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: HTTP and TLS hold secrets in buffers of their own.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let arguments = env::args_os().skip(1).collect();
    seekauth_cli::run(arguments, seekauth_cli::Host::standalone()).into()
}
