//! `seekauth-agent`: carries out the driver's requests with the public Rust API and prints what it
//! saw. It decides nothing; `tests/cases/README.md` describes the protocol.

use std::collections::HashMap;
use std::fmt::Display;
use std::io::{self, BufRead, Write};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use seekauth::host::{Client, Waiter};
use seekauth::manual_clock::{self, Which};
use seekauth::{
    AuthMethod, Config, Environment, Error, ErrorKind, RequestFormat, Setting, SettingKind, Token,
    Value,
};
use seekauth_runner::wire::{Fields, Reply, Request, decode_form};

type Result<T = Reply, E = Error> = std::result::Result<T, E>;
type Outcome = Result<Arc<Token>>;

fn main() -> io::Result<()> {
    let mut agent = Agent::default();
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

#[derive(Default)]
struct Agent {
    clients: HashMap<String, Client>,
    pending: HashMap<String, (Waiter, mpsc::Receiver<Outcome>)>,
}

impl Agent {
    fn answer(&mut self, request: &Request) -> Result {
        let ask = Ask(&request.fields);
        match request.verb.as_str() {
            "clock_start" => manual_clock::start(),
            "advance" => manual_clock::advance(ask.which()?, ask.number("ms")?),
            "elapsed" => return Ok(Reply::ok().with("ms", manual_clock::elapsed_ms().to_string())),
            "setenv" => set_variable(ask.text("name")?, ask.some("value")),
            "new" => self.keep(ask.text("handle")?, Client::new(configuration(&request.fields)?)?),
            "from_env" => self.keep(ask.text("handle")?, Client::new(Config::from_env()?)?),
            "with_scopes" => {
                let derived = self.client(ask)?.with_scopes(ask.text("scopes")?.split(' '))?;
                self.keep(ask.text("handle")?, derived);
            }
            "authorization" => {
                let token = self.client(ask)?.get_token(None)?;
                return Ok(Reply::ok().with("value", token.authorization()));
            }
            "authorization_async" => {
                let token = awaited(self.client(ask)?, None)?;
                return Ok(Reply::ok().with("value", token.authorization()));
            }
            "get_token" => return Ok(shown(self.client(ask)?.get_token(ask.timeout()?)?.as_ref())),
            "get_token_async" => {
                return Ok(shown(awaited(self.client(ask)?, ask.timeout()?)?.as_ref()));
            }
            "cached_token" => {
                let token = self.client(ask)?.cached_token();
                return Ok(
                    token.map_or_else(|| Reply::ok().with("none", "true"), |token| shown(&token))
                );
            }
            "invalidate" => {
                let acted = self.client(ask)?.invalidate(ask.text("token")?);
                return Ok(Reply::ok().with("acted", acted.to_string()));
            }
            "burst" => {
                let together = ask.some("async") == Some("true");
                let callers = usize::try_from(ask.number("n")?).map_err(misuse)?;
                let outcomes = if together {
                    begun(self.client(ask)?, callers)
                } else {
                    threads(self.client(ask)?, callers)
                };
                return Ok(counted(callers, &outcomes));
            }
            "begin" => {
                let begun = begin(self.client(ask)?, ask.timeout()?)?;
                self.pending.insert(ask.text("id")?.to_owned(), begun);
            }
            "join" => {
                let (_, outcome) =
                    self.pending.remove(ask.text("id")?).ok_or_else(|| misuse("no such call"))?;
                return Ok(shown(received(&outcome)?.as_ref()));
            }
            "cancel" => match self.pending.get(ask.text("id")?) {
                Some((waiter, _)) => waiter.cancel(),
                None => return Err(misuse("no such call")),
            },
            "close" => self.client(ask)?.close(),
            "free" => drop(self.clients.remove(ask.text("client")?)),
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

    fn keep(&mut self, handle: &str, client: Client) {
        self.clients.insert(handle.to_owned(), client);
    }
}

/// The arguments of a request.
#[derive(Clone, Copy)]
struct Ask<'a>(&'a Fields);

impl<'a> Ask<'a> {
    fn some(self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(String::as_str)
    }

    fn text(self, name: &str) -> Result<&'a str> {
        self.some(name).ok_or_else(|| misuse(format!("the argument {name} is missing")))
    }

    fn number(self, name: &str) -> Result<i64> {
        self.text(name)?.parse().map_err(misuse)
    }

    fn timeout(self) -> Result<Option<Duration>> {
        let Some(text) = self.some("timeout_ms") else { return Ok(None) };
        text.parse().map(|ms| Some(Duration::from_millis(ms))).map_err(misuse)
    }

    fn which(self) -> Result<Which> {
        match self.text("which")? {
            "both" => Ok(Which::Both),
            "monotonic" => Ok(Which::Monotonic),
            "wall" => Ok(Which::Wall),
            other => Err(misuse(format!("unknown clock {other}"))),
        }
    }
}

/// The settings as a Rust program gives them: by the typed setters, wherever these have a way to
/// say it, and by the table of settings otherwise.
fn configuration(fields: &Fields) -> Result<Config> {
    let some = |name: &str| fields.get(name).map(String::as_str);
    let mut done = vec!["handle", "service", "environment"];
    let mut config = match (some("service"), some("environment"), some("token_url")) {
        (Some("seek_api"), Some("live"), _) => Config::seek_api(Environment::Live),
        (Some("seek_api"), Some("playground"), _) => Config::seek_api(Environment::Playground),
        (Some("seek_pass"), Some("staging"), _) => Config::seek_pass(Environment::Staging),
        (Some("seek_pass"), Some("production"), _) => Config::seek_pass(Environment::Production),
        (Some("oauth"), None, Some(url)) => Config::oauth(url),
        _ => {
            done.truncate(1);
            Config::new()
        }
    };
    if let (Some(id), Some(secret)) = (some("client_id"), some("client_secret")) {
        config = config.credentials(id, secret);
        done.extend(["client_id", "client_secret"]);
    }
    for (name, text) in fields.iter().filter(|(name, _)| !done.contains(&name.as_str())) {
        config = with_setting(config, name, text)?;
    }
    Ok(config)
}

fn with_setting(mut config: Config, name: &str, text: &str) -> Result<Config> {
    let length = || text.parse().map(Duration::from_millis);
    Ok(match (name, length()) {
        ("user_agent", _) => config.user_agent(text),
        ("scopes", _) => config.scopes(text.split(' ')),
        ("audience", _) => config.audience(text),
        ("base_url", _) => config.base_url(text),
        ("token_url", _) => config.token_url(text),
        ("api_url", _) => config.api_url(text),
        ("ca_file", _) => config.ca_file(text),
        ("extra_parameters", _) => config.extra_parameters(decode_form(text).map_err(misuse)?),
        ("allow_non_expiring", _) => config.allow_non_expiring(text == "true"),
        ("stay_warm", _) => config.stay_warm(text == "true"),
        ("timeout_ms", Ok(length)) => config.timeout(length),
        ("request_timeout_ms", Ok(length)) => config.request_timeout(length),
        ("connect_timeout_ms", Ok(length)) => config.connect_timeout(length),
        ("refresh_margin_ms", Ok(length)) => config.refresh_margin(length),
        ("token_endpoint_auth_method", _) if text == "client_secret_post" => {
            config.token_endpoint_auth_method(AuthMethod::ClientSecretPost)
        }
        ("token_endpoint_auth_method", _) if text == "client_secret_basic" => {
            config.token_endpoint_auth_method(AuthMethod::ClientSecretBasic)
        }
        ("token_request_format", _) if text == "form" => {
            config.token_request_format(RequestFormat::Form)
        }
        ("token_request_format", _) if text == "json" => {
            config.token_request_format(RequestFormat::Json)
        }
        // A name that no enumeration has, or a length of time that no `Duration` can be.
        _ => {
            let plain = name.strip_suffix("_ms").unwrap_or(name);
            let setting = Setting::all().iter().find(|setting| setting.name() == plain);
            let setting = setting.ok_or_else(|| misuse(format!("unknown setting {name}")))?;
            let value = match setting.kind() {
                SettingKind::Duration => {
                    Value::Seconds(text.parse::<f64>().map_err(misuse)? / 1000.0)
                }
                _ => Value::Text(text.to_owned()),
            };
            config.set(setting, value)?;
            config
        }
    })
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

fn begin(client: &Client, timeout: Option<Duration>) -> Result<(Waiter, mpsc::Receiver<Outcome>)> {
    let (sender, receiver) = mpsc::channel();
    // Nobody listens any more once the agent has ended.
    let waiter = client.get_token_then(timeout, move |outcome| drop(sender.send(outcome)))?;
    Ok((waiter, receiver))
}

fn received(outcome: &mpsc::Receiver<Outcome>) -> Outcome {
    outcome.recv().unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Internal, "the callback was dropped, not called"))
    })
}

fn awaited(client: &Client, timeout: Option<Duration>) -> Outcome {
    let (_waiter, outcome) = begin(client, timeout)?;
    received(&outcome)
}

fn begun(client: &Client, callers: usize) -> Vec<Outcome> {
    let waiting: Vec<_> = (0..callers).map(|_| begin(client, None)).collect();
    waiting.into_iter().map(|begun| begun.and_then(|(_, outcome)| received(&outcome))).collect()
}

fn threads(client: &Client, callers: usize) -> Vec<Outcome> {
    let count = callers.clamp(1, 200);
    let calls = |thread: usize| callers / count + usize::from(thread < callers % count);
    thread::scope(|scope| {
        let running: Vec<_> = (0..count)
            .map(|thread| {
                scope.spawn(move || {
                    (0..calls(thread)).map(|_| client.get_token(None)).collect::<Vec<_>>()
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
}

/// The driver and the agent do not understand each other: no error of the library.
fn misuse(problem: impl Display) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("agent: {problem}"))
}
