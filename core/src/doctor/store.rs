//! The stage `store`: one token through the store, as a client gets it.

use crate::client::Client;
use crate::config::{Config, setting, spelled_as_variables};
use crate::doctor::stage::{Findings, message};
use crate::doctor::token::note_error;

pub(super) async fn examine(config: &Config) -> Findings {
    let prefix = config.prefix();
    let mut findings = Findings::new();
    let client = match Client::new(config.clone()) {
        Ok(client) => client,
        Err(error) => {
            findings.fail(&message(&error, prefix));
            return findings;
        }
    };
    let token = client.get_token().await;
    let status = client.store_status_with_marks();
    client.close();
    findings.fact("kind", status.kind);
    for (name, count) in status.counts().into_iter().filter(|(_, count)| *count > 0) {
        findings.fact(&name.replace('_', " "), &count.to_string());
    }
    if let Err(error) = token {
        note_error(&mut findings, &error, prefix);
        findings.fail(&message(&error, prefix));
    }
    match status.last_problem {
        Some(problem) => {
            findings.fact("problem", &spelled_as_variables(&problem, prefix));
            findings.warn(
                "the store is not used, and each process asks for tokens of its own: mend what the problem names");
        }
        None if status.unreadable > 0 => findings.warn(&format!(
            "the store holds a record that this secret does not open: processes that share it need the same \
             secret, or the same {}",
            prefix.variable(&setting::STORE_KEY_FILE)
        )),
        None => {}
    }
    findings
}
