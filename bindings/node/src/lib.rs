//! The Node binding: JavaScript values in, `seekauth::blocking` calls, JavaScript values out. It
//! decides nothing: settings, defaults, caching and the classes of failure are the core's, and the
//! classes that users see are the façade's (`node/lib`), which is the only caller of this module.
#![allow(clippy::must_use_candidate, reason = "JavaScript does not read the attribute")]

pub mod auth_flow;
pub mod authorities;
pub mod call;
pub mod client;
pub mod command;
pub mod credentials;
pub mod error;
pub mod events;
pub mod fake;
pub mod freshness;
pub mod function;
pub mod graphql;
#[cfg(feature = "manual-clock")]
pub mod manual_clock;
pub mod settings;
pub mod stats;
pub mod store_status;
pub mod token;
mod weak_function;

use std::alloc::System;
use std::time::Duration;

use napi_derive::napi;
use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: HTTP and TLS hold secrets in buffers of their own.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

/// The version of the workspace that this library was built from. The loader compares it with the
/// npm package's own.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// A count as JavaScript counts.
#[expect(clippy::cast_precision_loss, reason = "exact up to nine quadrillions")]
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}

/// A length of time in whole milliseconds.
pub(crate) fn milliseconds(span: Duration) -> f64 {
    number(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}
