//! A stand-in for SEEK: real HTTP servers on loopback that issue, age, revoke and check tokens the way auth.seek.com,
//! graphql.seek.com and SEEK Pass are documented to, that can be scripted to misbehave, that send webhooks, and that keep
//! a journal. It is a test tool: never give it a real credential.
//!
//! ```
//! use seekauth_sandbox::{Endpoint, Options, Sandbox, Scripted};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::start(Options::default()).await?;
//! let throttled = Scripted {
//!     error: Some("RATE_LIMITED".to_owned()),
//!     operation: Some("Positions".to_owned()),
//!     ..Scripted::on(Endpoint::Graphql)
//! };
//! sandbox.script(vec![throttled])?;
//! // Here the program under test runs, with `sandbox.urls()` or the variables of `sandbox.env()`.
//! assert_eq!(sandbox.counts().at(Endpoint::Graphql), 0);
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! What it plays, and what scripts, settings and orders of webhooks can say, is in its README; the fields here have the
//! same names.

#![forbid(unsafe_code)]

mod admin;
mod announcement;
mod browser_token;
mod connection;
mod control;
mod deliveries;
mod environment;
mod error;
mod fault;
mod graphql;
mod graphql_document;
mod indexing;
mod journal;
mod redaction;
mod reply;
mod request;
mod sandbox;
mod script;
mod seek_api;
mod seek_pass;
mod seek_pass_resource;
mod seek_pass_webhooks;
mod sender;
mod service;
mod settings;
mod signature;
mod tls;
mod tokens;
mod trouble;
mod webhook;
mod webhook_event;

pub use announcement::Announcement;
pub use control::Control;
pub use deliveries::{Attempt, Outcome};
pub use error::Error;
pub use indexing::Indexing;
pub use journal::{Counts, Entry};
pub use sandbox::{Options, Sandbox, Urls};
pub use script::{Drop, DropWith, Endpoint, Scripted};
pub use settings::{Client, LIVE_AUDIENCE, PLAYGROUND_AUDIENCE, Quota, Settings, WrongSecret};
pub use signature::SignedContent;
pub use trouble::Trouble;
pub use webhook::{Kind, Webhook, WebhookService};
