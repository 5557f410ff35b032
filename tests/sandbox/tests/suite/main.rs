//! The sandbox's own tests, over real sockets. Only behaviour that a client can see is asserted.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod connections;
mod controls;
mod graphql;
mod program;
mod scripts;
mod seek_api;
mod seek_pass;
mod support;
