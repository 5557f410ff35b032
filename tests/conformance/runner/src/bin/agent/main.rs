//! `seekauth-agent`: carries out the driver's requests with the public Rust API and prints what it
//! saw. It decides nothing; `tests/conformance/cases/README.md` describes the protocol.

mod adapter;
mod ask;
mod configuration;
mod provider;

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_util::future::join_all;
use seekauth::binding::manual_clock;
use seekauth::{Client, Config, Error, ErrorKind, Graphql, Token};
use seekauth_runner::wire::{Reply, Request, decode_form};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::adapter::Adapters;
use crate::ask::{Ask, Result, misuse};
use crate::configuration::configuration;
use crate::provider::Providers;

type Outcome = Result<Arc<Token>>;

fn main() -> io::Result<()> {
    // The program's own HTTP client has no provider of TLS by itself; that there is one is no error.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut agent = Agent {
        runtime: Runtime::new()?,
        clients: HashMap::new(),
        pending: HashMap::new(),
        adapters: Adapters::default(),
        providers: Providers::default(),
    };
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let reply = match Request::parse(&line?) {
            Ok(request) => agent.answer(&request).unwrap_or_else(|error| failed(&error)),
            Err(problem) => failed(&misuse(problem)),
        };
        writeln!(output, "{reply}")?;
        output.flush()?;
    }
    Ok(())
}

struct Agent {
    runtime: Runtime,
    clients: HashMap<String, Client>,
    pending: HashMap<String, JoinHandle<Outcome>>,
    adapters: Adapters,
    providers: Providers,
}

impl Agent {
    fn answer(&mut self, request: &Request) -> Result<Reply> {
        let ask = Ask(&request.fields);
        match request.verb.as_str() {
            "clock_start" => manual_clock::start(),
            "advance" => manual_clock::advance(ask.which()?, ask.number("ms")?),
            "elapsed" => return Ok(Reply::ok().with("ms", manual_clock::elapsed_ms().to_string())),
            "setenv" => set_variable(ask.text("name")?, ask.some("value")),
            "new" => {
                let config = self.providers.install(configuration(&request.fields)?, ask);
                self.keep(ask.text("handle")?, Client::new(config)?);
            }
            "provide" => self.providers.provide(ask)?,
            "provided" => {
                return Ok(Reply::ok().with("calls", self.providers.calls(ask)?.to_string()));
            }
            "from_env" => self.keep(ask.text("handle")?, Client::new(Config::from_env()?)?),
            "with_scopes" => {
                let derived = self.client(ask)?.with_scopes(ask.text("scopes")?.split(' '))?;
                self.keep(ask.text("handle")?, derived);
            }
            "authorization" => {
                let value = self.runtime.block_on(self.client(ask)?.authorization())?;
                return Ok(Reply::ok().with("value", value.as_ref()));
            }
            // Here there is but one way to ask; this one starts a task for it.
            "authorization_async" => {
                let token = self.joined(self.begin(ask)?)?;
                return Ok(Reply::ok().with("value", token.authorization()));
            }
            "get_token" => {
                let call = get_token(self.client(ask)?.clone(), ask.timeout()?);
                return Ok(shown(self.runtime.block_on(call)?.as_ref()));
            }
            "get_token_async" => return Ok(shown(self.joined(self.begin(ask)?)?.as_ref())),
            "cached_token" => {
                let token = self.client(ask)?.cached_token();
                return Ok(
                    token.map_or_else(|| Reply::ok().with("none", "true"), |token| shown(&token))
                );
            }
            "invalidate" => {
                let acted = self.client(ask)?.invalidate_value(ask.text("token")?);
                return Ok(Reply::ok().with("acted", acted.to_string()));
            }
            "burst" => {
                let (client, callers) = (self.client(ask)?, ask.count("n")?);
                let outcomes = if ask.is("async") {
                    self.runtime.block_on(join_all((0..callers).map(|_| client.get_token())))
                } else {
                    threads(&self.runtime, client, callers)
                };
                return Ok(counted(callers, &outcomes));
            }
            "begin" => {
                let begun = self.begin(ask)?;
                self.pending.insert(ask.text("id")?.to_owned(), begun);
            }
            "join" => {
                let begun =
                    self.pending.remove(ask.text("id")?).ok_or_else(|| misuse("no such call"))?;
                return Ok(shown(self.joined(begun)?.as_ref()));
            }
            "cancel" => match self.pending.get(ask.text("id")?) {
                Some(begun) => begun.abort(),
                None => return Err(misuse("no such call")),
            },
            "close" => self.client(ask)?.close(),
            "free" => {
                self.adapters.free(ask.text("client")?);
                drop(self.clients.remove(ask.text("client")?));
            }
            "adapters" => return Ok(adapter::names()),
            "send" => {
                let client = self.client(ask)?.clone();
                let sent = self.runtime.block_on(self.adapters.send(&client, ask));
                return Ok(sent.unwrap_or_else(|failure| failure.reply()));
            }
            "burst_send" => {
                let client = self.client(ask)?.clone();
                let sent = self.runtime.block_on(self.adapters.burst(&client, ask));
                return Ok(sent.unwrap_or_else(|failure| failure.reply()));
            }
            "graphql" => {
                let operation = operation(ask)?;
                let reply = self.runtime.block_on(self.client(ask)?.graphql(operation))?;
                let status = reply.status().to_string();
                return Ok(Reply::ok()
                    .with("status", status)
                    .with("body", reply.text())
                    .with_some("request_id", reply.request_id()));
            }
            "debug" => {
                let client = self.client(ask)?;
                return Ok(
                    Reply::ok().with("text", format!("{client:?}\n{:?}", client.cached_token()))
                );
            }
            unknown => return Err(misuse(format!("unknown verb {unknown}"))),
        }
        Ok(Reply::ok())
    }

    fn client(&self, ask: Ask<'_>) -> Result<&Client> {
        self.clients.get(ask.text("client")?).ok_or_else(|| misuse("no such client"))
    }

    /// Starts a call as a task, which has taken its first step when this returns.
    fn begin(&self, ask: Ask<'_>) -> Result<JoinHandle<Outcome>> {
        let mut call = Box::pin(get_token(self.client(ask)?.clone(), ask.timeout()?));
        let first = self.runtime.block_on(async {
            tokio::select! {
                biased;
                outcome = &mut call => Some(outcome),
                () = std::future::ready(()) => None,
            }
        });
        Ok(self.runtime.spawn(async move {
            match first {
                Some(outcome) => outcome,
                None => call.await,
            }
        }))
    }

    fn joined(&self, begun: JoinHandle<Outcome>) -> Outcome {
        self.runtime.block_on(begun).unwrap_or_else(|problem| {
            let kind =
                if problem.is_cancelled() { ErrorKind::Cancelled } else { ErrorKind::Internal };
            Err(Error::new(kind, problem.to_string()))
        })
    }

    fn keep(&mut self, handle: &str, client: Client) {
        self.clients.insert(handle.to_owned(), client);
    }
}

fn set_variable(name: &str, value: Option<&str>) {
    // SAFETY: whoever reads the environment in this process does so through the standard library,
    // which takes the same lock. C code would not, but there is none that looks: every address
    // that is connected to is a number, so the system's resolver is not asked.
    unsafe {
        match value {
            Some(value) => std::env::set_var(name, value),
            None => std::env::remove_var(name),
        }
    }
}

async fn get_token(client: Client, timeout: Option<Duration>) -> Outcome {
    match timeout {
        Some(timeout) => client.get_token_within(timeout).await,
        None => client.get_token().await,
    }
}

fn operation(ask: Ask<'_>) -> Result<Graphql> {
    let mut operation = Graphql::new(ask.text("query")?);
    if let Some(variables) = ask.some("variables") {
        operation = operation.variables(variables);
    }
    if let Some(name) = ask.some("operation_name") {
        operation = operation.operation_name(name);
    }
    if let Some(headers) = ask.some("headers") {
        for (name, value) in decode_form(headers).map_err(misuse)? {
            operation = operation.header(name, value);
        }
    }
    Ok(match ask.timeout()? {
        Some(timeout) => operation.timeout(timeout),
        None => operation,
    })
}

fn threads(runtime: &Runtime, client: &Client, callers: usize) -> Vec<Outcome> {
    let count = callers.clamp(1, 200);
    let calls = |thread: usize| callers / count + usize::from(thread < callers % count);
    thread::scope(|scope| {
        let running: Vec<_> = (0..count)
            .map(|thread| {
                scope.spawn(move || {
                    let call = |_| runtime.block_on(client.get_token());
                    (0..calls(thread)).map(call).collect::<Vec<_>>()
                })
            })
            .collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    })
}

fn counted(callers: usize, outcomes: &[Outcome]) -> Reply {
    let mut values: Vec<&str> = outcomes.iter().flatten().map(|token| token.value()).collect();
    // A thread that died brought nothing home, which must not pass for nothing to complain about.
    let errors = callers - values.len();
    values.sort_unstable();
    values.dedup();
    Reply::ok().with("distinct", values.len().to_string()).with("errors", errors.to_string())
}

fn shown(token: &Token) -> Reply {
    Reply::ok()
        .with("value", token.value())
        .with("authorization", token.authorization())
        .with("scopes", token.scopes().join(" "))
        .with("remaining_ms", token.remaining().as_millis().to_string())
        .with("expires_at_ms", token.expires_at_unix_ms().to_string())
}

fn failed(error: &Error) -> Reply {
    Reply::error()
        .with("code", error.kind().code().to_string())
        .with("name", error.kind().name())
        .with("retryable", error.retryable().to_string())
        .with("message", error.message())
        .with_some("retry_after_ms", error.retry_after().map(|wait| wait.as_millis().to_string()))
        .with_some("status", error.status().map(|status| status.to_string()))
        .with_some("server_code", error.server_code())
        .with_some("target", error.target())
        .with_some("request_id", error.request_id())
        .with_some("server_message", error.server_message())
        .with_some("server_path", error.server_path())
}
