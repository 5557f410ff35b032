//! The sandbox's own tests, over real sockets. Only behaviour that a client can see is asserted.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser_tokens;
mod connections;
mod controls;
mod graphql;
mod journal;
mod program;
mod receiver;
mod scripts;
mod seek_api;
mod seek_pass;
mod support;
mod webhooks;
