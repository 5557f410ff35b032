//! The stage `store`: one token through the store, as a client gets it.

use crate::client::Client;
use crate::config::Config;
use crate::doctor::stage::Findings;
use crate::doctor::token::note_error;

pub(super) async fn examine(config: &Config) -> Findings {
    let mut findings = Findings::new();
    let client = match Client::new(config.clone()) {
        Ok(client) => client,
        Err(error) => {
            findings.fail(error.message());
            return findings;
        }
    };
    let token = client.get_token().await;
    let status = client.store_status();
    client.close();
    findings.fact("kind", status.kind);
    for (name, count) in status.counts().into_iter().filter(|(_, count)| *count > 0) {
        findings.fact(&name.replace('_', " "), &count.to_string());
    }
    if let Err(error) = token {
        note_error(&mut findings, &error);
        findings.fail(error.message());
    }
    match status.last_problem {
        Some(problem) => {
            findings.fact("problem", &problem);
            findings.warn(
                "the store is not used, and each process asks for tokens of its own: mend what the problem names");
        }
        None if status.unreadable > 0 => findings.warn(
            "the store holds a record that this secret does not open: processes that share it need the same \
             secret, or the same store_key_file"),
        None => {}
    }
    findings
}
