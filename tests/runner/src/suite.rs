//! All cases, one after the other, through one agent: what passed, what failed and why.

use std::time::Duration;

use crate::case::Case;
use crate::process::Agent;
use crate::run;

/// What came of a suite.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Cases that passed.
    pub passed: usize,
    /// Cases that failed, each with one line that says where and why.
    pub failed: Vec<String>,
}

/// Runs the cases through one agent, each within `limit`; `report` gets the line of each failed
/// case at once.
///
/// # Errors
/// An agent cannot be started, or does not leave when it is told to.
pub async fn run(
    cases: &[Case],
    command: &[String],
    limit: Duration,
    mut report: impl FnMut(&str),
) -> Result<Summary, String> {
    let mut summary = Summary::default();
    let mut agent = Agent::start(command).await?;
    for case in cases {
        let Err(failure) = run::run(case, &mut agent, limit).await else {
            summary.passed += 1;
            continue;
        };
        let mut line = format!("FAILED {}: {}: {}", case.name, failure.place, failure.problem);
        if failure.agent_lost {
            line.push_str(" (the agent was replaced)");
            agent = Agent::start(command).await?;
        }
        report(&line);
        summary.failed.push(line);
    }
    agent.stop().await?;
    Ok(summary)
}
