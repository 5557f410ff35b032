//! The stage `process`: what runs here.

use crate::doctor::stage::{Fact, Findings};

pub(super) const NAME: &str = "process";

/// The C library that this was built for, where systems have several.
const LIBC: &str = if cfg!(target_env = "musl") {
    " musl"
} else if cfg!(target_env = "gnu") {
    " glibc"
} else {
    ""
};

pub(super) fn examine(host: Vec<Fact>) -> Findings {
    let mut findings = Findings::new();
    findings.fact("seekauth", crate::VERSION);
    findings.fact("system", &format!("{} {}{LIBC}", std::env::consts::OS, std::env::consts::ARCH));
    for Fact { name, value } in host {
        findings.fact(&name, &value);
    }
    if let Some(threads) = threads() {
        findings.fact("threads", &threads);
    }
    findings
}

/// How many this process has, where the system says so.
fn threads() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("Threads:"))
        .map(|count| count.trim().to_owned())
}
