//! All cases, one after the other, through one agent: what passed, what failed and why. Cases that
//! send requests to the API come last, once with each adapter of the language.

use serde::{Deserialize, Serialize};

use crate::adapter::{Adapter, Adapters};
use crate::case::Case;
use crate::limits::Limits;
use crate::process::Agent;
use crate::run;
use crate::wire::Request;

/// What came of a suite.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Cases that passed, those with an adapter not counted.
    pub passed: usize,
    /// Cases that failed, each with one line that says where and why; those with an adapter too.
    pub failed: Vec<String>,
    /// What came of the cases that send requests, case by case for one adapter after the other.
    pub requests: Vec<Finding>,
    /// The HTTP clients that the adapters belong to, with their versions.
    pub versions: String,
}

/// What came of one case with one adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Language and adapter, for instance `python/httpx`.
    pub adapter: String,
    /// The name of the case.
    pub case: String,
    /// The end of it.
    pub end: End,
}

/// How a case with an adapter ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It says nothing about this adapter, for this reason.
    LeftOut(String),
}

/// Runs the cases through one agent, whose language is called `language` where a case leaves out
/// an adapter; `report` gets the line of each failed case at once.
///
/// # Errors
/// An agent cannot be started, does not name its adapters, or does not leave when it is told to.
pub async fn run(
    cases: &[Case],
    language: &str,
    command: &[String],
    limits: Limits,
    report: impl FnMut(&str),
) -> Result<Summary, String> {
    let agent = Agent::start(command).await?;
    let mut suite = Suite { language, command, limits, agent, failed: Vec::new(), report };
    let (mut passed, mut requests, mut adapters) = (0, Vec::new(), Adapters::default());
    let (about_requests, others): (Vec<&Case>, Vec<&Case>) =
        cases.iter().partition(|case| case.has_adapter());
    for case in others {
        passed += usize::from(suite.passes(case, None, &case.name).await?);
    }
    if !about_requests.is_empty() {
        adapters = Adapters::read(&suite.agent.ask(&Request::new("adapters")).await?)?;
    }
    for adapter in &adapters.all {
        let whole = format!("{language}/{}", adapter.name);
        for case in &about_requests {
            let end = if let Some(reason) = case.exception(language, &adapter.name) {
                End::LeftOut(reason.to_owned())
            } else {
                let title = format!("{whole} {}", case.name);
                let passed = suite.passes(case, Some(adapter), &title).await?;
                if passed { End::Passed } else { End::Failed }
            };
            requests.push(Finding { adapter: whole.clone(), case: case.name.clone(), end });
        }
    }
    suite.agent.stop().await?;
    Ok(Summary { passed, failed: suite.failed, requests, versions: adapters.versions })
}

struct Suite<'a, Report> {
    language: &'a str,
    command: &'a [String],
    limits: Limits,
    agent: Agent,
    failed: Vec<String>,
    report: Report,
}

impl<Report: FnMut(&str)> Suite<'_, Report> {
    async fn passes(
        &mut self,
        case: &Case,
        adapter: Option<&Adapter>,
        title: &str,
    ) -> Result<bool, String> {
        let Err(failure) =
            run::run(case, self.language, adapter, &mut self.agent, self.limits).await
        else {
            return Ok(true);
        };
        let mut line = format!("FAILED {title}: {}: {}", failure.place, failure.problem);
        if failure.agent_lost {
            line.push_str(" (the agent was replaced)");
            self.agent = Agent::start(self.command).await?;
        }
        (self.report)(&line);
        self.failed.push(line);
        Ok(false)
    }
}
