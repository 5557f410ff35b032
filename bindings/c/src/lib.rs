//! libseekauth: the C interface of seekauth. Every entry point checks what C handed over, asks the
//! core, and hands the answer back; the contract with C programs stands at the top of `seekauth.h`.
//! Only `pointer` knows raw pointers, only `panic` knows panics, and no decision is made here.
#![expect(clippy::doc_markdown, reason = "the comments become the C header, which is not Markdown")]

pub mod auth_flow;
pub mod call;
pub mod client;
pub mod credentials;
pub mod error;
pub mod graphql;
pub mod headers;
pub mod pointer;
pub mod request;
pub mod response;
pub mod send;
pub mod settings;
pub mod token;
pub mod version;

#[cfg(feature = "manual-clock")]
pub mod manual_clock;

mod panic;

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: HTTP and TLS hold secrets in buffers of their own.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);
