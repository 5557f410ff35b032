//! The settings that `use` stands for: a client of the sandbox for each service, as its user would
//! configure it. What a preset does not name is left to the library's defaults, which are part of
//! what the cases check.

/// The settings of a preset, by name; texts may hold variables.
///
/// # Errors
/// There is no such preset.
pub fn settings(name: &str) -> Result<&'static [(&'static str, &'static str)], String> {
    match name {
        "seek_api" => Ok(SEEK_API),
        "seek_api_playground" => Ok(SEEK_API_PLAYGROUND),
        "seek_pass" => Ok(SEEK_PASS),
        "oauth" => Ok(OAUTH),
        "none" => Ok(&[]),
        _ => Err(format!("unknown preset {name:?}")),
    }
}

const SEEK_API: &[(&str, &str)] = &[
    ("service", "seek_api"),
    ("environment", "live"),
    ("client_id", "sandbox-live"),
    ("client_secret", "sandbox-live-secret"),
    ("user_agent", "CaseRunner/1.0"),
    ("token_url", "${token_url}"),
    ("api_url", "${graphql_url}"),
];

const SEEK_API_PLAYGROUND: &[(&str, &str)] = &[
    ("service", "seek_api"),
    ("environment", "playground"),
    ("client_id", "sandbox-playground"),
    ("client_secret", "sandbox-playground-secret"),
    ("user_agent", "CaseRunner/1.0"),
    ("token_url", "${token_url}"),
    ("api_url", "${graphql_url}"),
];

const SEEK_PASS: &[(&str, &str)] = &[
    ("service", "seek_pass"),
    ("environment", "staging"),
    ("client_id", "sandbox-pass"),
    ("client_secret", "sandbox-pass-secret & more=100%"),
    ("user_agent", "CaseRunner/1.0"),
    ("base_url", "${pass}"),
    ("scopes", "write.education"),
];

const OAUTH: &[(&str, &str)] = &[
    ("service", "oauth"),
    ("client_id", "sandbox-pass"),
    ("client_secret", "sandbox-pass-secret & more=100%"),
    ("user_agent", "CaseRunner/1.0"),
    ("token_url", "${pass_token_url}"),
];
