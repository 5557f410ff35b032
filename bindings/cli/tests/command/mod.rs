//! The binary with settings of its own, and what came of it.

use std::collections::BTreeMap;
use std::process::Command;

use seekauth_sandbox::Sandbox;
use seekauth_transport::OF_THE_MACHINE;
use serde_json::Value;

/// Environment variables.
#[derive(Clone, Default)]
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    pub(crate) fn with(&self, name: &str, value: impl Into<String>) -> Self {
        let mut settings = self.clone();
        settings.0.insert(name.to_owned(), value.into());
        settings
    }

    pub(crate) fn without(&self, name: &str) -> Self {
        let mut settings = self.clone();
        settings.0.remove(name);
        settings
    }

    pub(crate) fn renamed(&self, from: &str, to: &str) -> Self {
        Self(self.0.iter().map(|(name, value)| (name.replace(from, to), value.clone())).collect())
    }
}

fn settings(pairs: &[(&str, &str)]) -> Settings {
    Settings(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

fn trusting(sandbox: &Sandbox, settings: &Settings) -> Settings {
    match &sandbox.urls().ca_file {
        Some(path) => settings.with("SEEKAUTH_CA_FILE", path),
        None => settings.clone(),
    }
}

/// Those of a client of the SEEK API.
pub(crate) fn api(sandbox: &Sandbox) -> Settings {
    let urls = sandbox.urls();
    let settings = settings(&[
        ("SEEKAUTH_SERVICE", "seek_api"),
        ("SEEKAUTH_ENVIRONMENT", "live"),
        ("SEEKAUTH_CLIENT_ID", "sandbox-live"),
        ("SEEKAUTH_CLIENT_SECRET", "sandbox-live-secret"),
        ("SEEKAUTH_USER_AGENT", "Acme/1.2.3"),
        ("SEEKAUTH_TOKEN_URL", &urls.token_url),
        ("SEEKAUTH_API_URL", &urls.graphql_url),
    ]);
    trusting(sandbox, &settings)
}

/// Those of a client of SEEK Pass.
pub(crate) fn pass(sandbox: &Sandbox) -> Settings {
    let settings = settings(&[
        ("SEEKAUTH_SERVICE", "seek_pass"),
        ("SEEKAUTH_ENVIRONMENT", "staging"),
        ("SEEKAUTH_CLIENT_ID", "sandbox-pass"),
        ("SEEKAUTH_CLIENT_SECRET", "sandbox-pass-secret & more=100%"),
        ("SEEKAUTH_USER_AGENT", "Acme/1.2.3"),
        ("SEEKAUTH_BASE_URL", &sandbox.urls().pass),
        ("SEEKAUTH_SCOPES", "write.education"),
    ]);
    trusting(sandbox, &settings)
}

/// Those of a client of another server.
pub(crate) fn oauth(token_url: &str) -> Settings {
    settings(&[
        ("SEEKAUTH_SERVICE", "oauth"),
        ("SEEKAUTH_TOKEN_URL", token_url),
        ("SEEKAUTH_CLIENT_ID", "transport"),
        ("SEEKAUTH_CLIENT_SECRET", seekauth_transport::SECRET),
        ("SEEKAUTH_USER_AGENT", "Acme/1.2.3"),
    ])
}

/// What a run said and how it ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) text: String,
    pub(crate) err: String,
    /// What it prints with `--json`, or what of it is JSON.
    pub(crate) json: Value,
}

impl Run {
    pub(crate) fn all(&self) -> String {
        format!("{}{}{}", self.text, self.err, self.json)
    }
}

/// Runs the binary.
pub(crate) fn command(arguments: &[&str], settings: &Settings) -> Run {
    let mut program = Command::new(env!("CARGO_BIN_EXE_seekauth"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SEEKAUTH_")) {
        program.env_remove(name);
    }
    for name in OF_THE_MACHINE {
        program.env_remove(name).env_remove(name.to_ascii_lowercase());
    }
    let output = program.args(arguments).envs(&settings.0).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    Run {
        code: output.status.code().unwrap(),
        json: serde_json::from_str(&text).unwrap_or_default(),
        text,
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs it for people and for programs, which must end alike.
pub(crate) fn run(arguments: &[&str], settings: &Settings) -> Run {
    let text = command(arguments, settings);
    let json = command(&[arguments, &["--json"]].concat(), settings);
    assert_eq!(text.code, json.code, "{}\n{}", text.text, json.text);
    assert_eq!(json.json["exit_code"], json.code);
    Run { json: json.json, err: text.err + &json.err, ..text }
}
