//! libseekauth: the C interface of seekauth. Every entry point checks what C handed over, asks the
//! core, and hands the result back; the contract with C programs stands at the top of `seekauth.h`.
//! Only `pointer` follows raw pointers, only `panic` knows panics, and no decision is made here.
//!
//! The modules stand in reading order, which `seekauth.h` follows: the title over a group of them is its
//! title there too. A blank line keeps rustfmt from sorting two of them.
#![expect(clippy::doc_markdown, reason = "the comments become the C header, which is not Markdown")]

// --- Settings ---

pub mod credentials;
pub mod settings;

// --- Clients ---

pub mod client;

// --- Tokens ---

pub mod token;

// --- Tokens shared between processes ---

pub mod store_status;

// --- Events and figures ---

pub mod event;

pub mod stats;

// --- Errors ---

pub mod error;

// --- Requests to the API ---

pub mod headers;
pub mod request;
pub mod send;

pub mod response;

// --- GraphQL operations ---

pub mod operation;

pub mod graphql;

// --- Asynchronous calls ---

pub mod call;

// --- HTTP clients of the program's own ---

pub mod auth_flow;

// --- Tests of the program's own ---

pub mod fake;

pub mod fake_request;
pub mod responder;

pub mod journal;

// --- The whole library ---

pub mod shutdown;

// --- Version ---

pub mod version;

// --- Not in the header ---

pub mod pointer;

#[cfg(feature = "manual-clock")]
pub mod manual_clock;

mod cancellation;
mod panic;
mod thread_sanitizer;
mod user_data;

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: HTTP and TLS hold secrets in buffers of their own.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);
