//! The steps a case may take: those that an agent carries out and those of the driver itself, with
//! the arguments each takes and the results it can expect. A case that uses another name is refused
//! when it is loaded.

/// One kind of step.
#[derive(Debug, PartialEq, Eq)]
pub struct Verb {
    /// The name in `do`.
    pub name: &'static str,
    /// Arguments that have to be there.
    pub required: &'static [&'static str],
    /// Arguments that may be there.
    pub optional: &'static [&'static str],
    /// Results that `expect` and `save` may name.
    pub results: &'static [&'static str],
    /// Whether the agent is asked. The others are the driver's own.
    pub asks_agent: bool,
}

/// Parts of an error that `expect` may name beside `error`.
pub const ERROR_PARTS: &[&str] = &[
    "code",
    "retryable",
    "retry_after_ms",
    "status",
    "server_code",
    "message",
    "target",
    "request_id",
    "server_message",
    "server_path",
];

const TOKEN: &[&str] =
    &["none", "value", "authorization", "scopes", "remaining_ms", "expires_at_ms"];

/// What came of one request.
const ANSWER: &[&str] = &["status", "body", "body_size", "body_end", "header"];

/// How a request is put together, beside its method and address.
const REQUEST: &[&str] = &[
    "client",
    "headers",
    "json",
    "body",
    "body_size",
    "stream",
    "follow",
    "part",
    "timeout_ms",
    "header",
];

/// Every kind of step.
pub const VERBS: &[Verb] = &[
    agent("new", &[], &["use", "with", "handle", "provider", "provider_async"], &[]),
    agent("provide", &["name"], &["client_id", "client_secret", "client_secret_next", "fail"], &[]),
    agent("provided", &["name"], &[], &["calls"]),
    agent("from_env", &[], &["handle"], &[]),
    agent("with_scopes", &["handle", "scopes"], &["client"], &[]),
    agent("authorization", &[], &["client"], &["value"]),
    agent("authorization_async", &[], &["client"], &["value"]),
    agent("get_token", &[], &["client", "timeout_ms"], TOKEN),
    agent("get_token_async", &[], &["client", "timeout_ms"], TOKEN),
    agent("cached_token", &[], &["client"], TOKEN),
    agent("invalidate", &["token"], &["client"], &["acted"]),
    agent("burst", &["n"], &["client", "async"], &["distinct", "errors"]),
    agent("begin", &["id"], &["client", "timeout_ms"], &[]),
    agent("join", &["id"], &[], TOKEN),
    agent("cancel", &["id"], &[], &[]),
    agent("send", &["method", "url"], REQUEST, ANSWER),
    agent(
        "burst_send",
        &["n", "method", "url"],
        REQUEST,
        &["answers", "errors", "statuses", "names", "bodies"],
    ),
    agent(
        "graphql",
        &["query"],
        &["client", "variables", "operation_name", "headers", "timeout_ms", "async"],
        &["status", "body", "request_id"],
    ),
    agent("close", &[], &["client"], &[]),
    agent("free", &[], &["client"], &[]),
    agent("debug", &[], &["client"], &["text"]),
    agent("advance", &["which", "ms"], &[], &[]),
    agent("elapsed", &[], &[], &["ms"]),
    driver("environment", &["values"], &["use"]),
    driver("write_file", &["name", "text"], &[]),
    driver("remove_file", &["name"], &[]),
    driver("script", &["answers"], &[]),
    driver("sandbox", &["settings"], &[]),
    driver("revoke", &["token"], &[]),
    driver("forget_tokens", &[], &[]),
    driver("release", &[], &[]),
    driver("requests", &["are"], &[]),
];

const fn agent(
    name: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    results: &'static [&'static str],
) -> Verb {
    Verb { name, required, optional, results, asks_agent: true }
}

const fn driver(
    name: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
) -> Verb {
    Verb { name, required, optional, results: &[], asks_agent: false }
}

impl Verb {
    /// The kind of step with this name.
    ///
    /// # Errors
    /// There is none.
    pub fn named(name: &str) -> Result<&'static Self, String> {
        VERBS.iter().find(|verb| verb.name == name).ok_or_else(|| format!("unknown step {name:?}"))
    }

    /// Whether the step sends a request, which each adapter of a language does in its own way.
    #[must_use]
    pub fn has_adapter(&self) -> bool {
        matches!(self.name, "send" | "burst_send")
    }

    /// Whether the step speaks of one client, `c1` if it names none.
    #[must_use]
    pub fn has_client(&self) -> bool {
        self.optional.contains(&"client")
    }
}
