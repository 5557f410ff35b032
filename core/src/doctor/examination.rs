//! The order of the stages, and which of them cannot be judged when another has failed.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::config::{Config, setting};
use crate::doctor::host::{Host, Way};
use crate::doctor::report::{Report, Work};
use crate::doctor::settings::Valid;
use crate::doctor::stage::{Fact, Findings, Outcome, Stage};
use crate::doctor::{api, clock, process, settings, store, token};
use crate::error::Error;
use crate::events::Events;
use crate::sys::channel::{Receiver, channel};
use crate::sys::clock::Clock;
use crate::sys::runtime;
use crate::token_endpoint::endpoint::TokenEndpoint;

/// How far an examination goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Through all stages: it looks up names, connects, asks for one token and sends one request to the API.
    Whole,
    /// As far as it gets without the network.
    Offline,
}

/// Examines a configuration, stage by stage. One that could not be read is examined too: say what came of
/// [`Config::from_env`](crate::Config::from_env). `host` is what the program knows of the process it runs in,
/// such as the interpreter's version.
///
/// # Errors
///
/// `unavailable` when the system refuses the library its thread.
pub fn examine(
    config: Result<Config, Error>,
    extent: Extent,
    host: Vec<Fact>,
) -> Result<Examination, Error> {
    let (sender, stages) = channel();
    let report = Report::new(sender);
    let run: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(run(config, extent, host, report));
    let task = runtime::spawn(|| run)?;
    Ok(Examination { stages, task: task.abort_handle(), is_complete: false })
}

/// The stages of an examination as they end, each waited for. Dropping it ends the examination.
#[derive(Debug)]
pub struct Examination {
    stages: Receiver<Stage>,
    task: AbortHandle,
    is_complete: bool,
}

impl Iterator for Examination {
    type Item = Stage;

    fn next(&mut self) -> Option<Stage> {
        if self.is_complete {
            return None;
        }
        let stage = self.stages.recv().unwrap_or_else(|| {
            let mut findings = Findings::new();
            findings.fact("problem", runtime::panicked().message());
            findings.fail("report it: that is a bug of seekauth");
            findings.into_stage(process::NAME, None, Duration::ZERO)
        });
        self.is_complete = stage.name == process::NAME;
        Some(stage)
    }
}

impl Drop for Examination {
    fn drop(&mut self) {
        self.task.abort();
    }
}

const NO_CONFIG: &str = "the configuration is not valid";
const OFFLINE: &str = "offline";

async fn run(config: Result<Config, Error>, extent: Extent, host: Vec<Fact>, report: Report) {
    if let Ok(config) = &config {
        settings::secrets(config).for_each(|secret| report.withhold(&secret));
    }
    let mut valid = None;
    let examined = settings::examine(config.as_ref(), &mut valid, &report);
    report.tell("config", None, Box::pin(examined)).await;
    match (&config, valid) {
        (Ok(config), Some(valid)) => {
            through_the_network(config, &valid, extent, &report).await;
        }
        _ => {
            for name in ["proxy", "name", "connect", "tls", "clock", "token", "api", "store"] {
                skip(&report, name, None, NO_CONFIG).await;
            }
        }
    }
    report.tell(process::NAME, None, Box::pin(async { process::examine(host) })).await;
}

async fn skip(report: &Report, name: &'static str, host: Option<&str>, reason: &str) {
    report.tell(name, host, Box::pin(std::future::ready(Findings::skipped(reason)))).await;
}

async fn through_the_network(config: &Config, valid: &Valid, extent: Extent, report: &Report) {
    let Valid { config: resolved, scopes, http } = valid;
    let issuer = Host::new(&resolved.token_url, "the token endpoint");
    let api = resolved.api_url.as_ref().map(|url| Host::new(url, "the API"));
    let way = Way::new(Arc::clone(resolved), config.prefix().clone());
    let issuer_works = examine_host(&way, &issuer, extent, report).await;
    let api_works = match &api {
        Some(api) if api.address() == issuer.address() => issuer_works,
        Some(api) => examine_host(&way, api, extent, report).await,
        None => false,
    };
    if extent == Extent::Offline {
        for name in ["clock", "token", "api", "store"] {
            skip(report, name, None, OFFLINE).await;
        }
        return;
    }
    let clock_url = match (issuer_works, api_works) {
        (true, _) => Some(&resolved.token_url),
        (false, true) => resolved.api_url.as_ref(),
        (false, false) => None,
    };
    match clock_url {
        Some(url) => {
            let compared = clock::examine(config, resolved, http, url);
            report.tell("clock", None, Box::pin(compared)).await;
        }
        None => skip(report, "clock", None, "no host could be reached").await,
    }
    if !issuer_works {
        for name in ["token", "api", "store"] {
            skip(report, name, None, "the token endpoint could not be reached").await;
        }
        return;
    }
    let clock = Clock::for_new_client();
    // Nobody listens.
    let events = Arc::new(Events::new(clock.clone(), resolved.names()));
    let endpoint =
        TokenEndpoint::new(Arc::clone(resolved), clock, Arc::clone(http), Arc::default(), events);
    let mut granted = None;
    let asked = token::examine(config, resolved, scopes, &endpoint, &mut granted);
    report.tell("token", Some(&issuer.address()), Box::pin(asked)).await;
    let Some(granted) = granted else {
        for name in ["api", "store"] {
            skip(report, name, None, "there is no token").await;
        }
        return;
    };
    report.withhold(&granted);
    match &api {
        None => {
            let variable = config.prefix().variable(&setting::API_URL);
            skip(report, "api", None, &format!("{variable} is not set")).await;
        }
        Some(_) if !api_works => skip(report, "api", None, "the API could not be reached").await,
        Some(api) => {
            let asked = api::examine(config, resolved, http, &granted);
            report.tell("api", Some(&api.address()), Box::pin(asked)).await;
        }
    }
    if resolved.store.is_none() {
        skip(report, "store", None, "no store is set: each process asks for tokens of its own")
            .await;
    } else {
        report.tell("store", None, Box::pin(store::examine(config))).await;
    }
}

/// The way to one host. Whether a client gets there.
async fn examine_host(way: &Way, host: &Host, extent: Extent, report: &Report) -> bool {
    let address = host.address();
    let mut failed =
        report.tell("proxy", Some(&address), Box::pin(std::future::ready(way.proxy(host)))).await;
    for name in ["name", "connect", "tls"] {
        if extent == Extent::Offline {
            skip(report, name, Some(&address), OFFLINE).await;
        } else if failed == Outcome::Failed {
            skip(report, name, Some(&address), "an earlier stage failed").await;
        } else {
            let work: Work<'_> = match name {
                "name" => Box::pin(way.name(host)),
                "connect" => Box::pin(way.connect(host)),
                _ => Box::pin(way.tls(host)),
            };
            failed = report.tell(name, Some(&address), work).await;
        }
    }
    failed != Outcome::Failed && extent == Extent::Whole
}
