//! One thing that happened. Its parts are numbers, times and words of this library, so that none can hold
//! a secret, a token, what a server said or the query of a URL.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::{Error, ErrorKind};

/// How much an event matters, the least first. Names and order are those of logs everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EventLevel {
    /// For who looks for something.
    Debug = 1,
    /// What happens now and then as it should.
    Info = 2,
    /// Something failed, and callers do not notice.
    Warning = 3,
    /// Callers fail.
    Error = 4,
}

impl EventLevel {
    /// All levels, the least first.
    pub const ALL: [Self; 4] = [Self::Debug, Self::Info, Self::Warning, Self::Error];

    /// Its name: `debug`, `info`, `warning`, `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The level with this name, for bindings.
    ///
    /// # Errors
    ///
    /// `invalid_argument`, naming those that there are.
    #[doc(hidden)]
    pub fn parse(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|level| level.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::invalid(format!("level has to be one of {names}"))
        })
    }
}

/// Whose token an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subject {
    /// The number of the client within its process, from 1.
    pub client: u64,
    /// The service: `seek_api`, `seek_pass`, `oauth`.
    pub service: &'static str,
    /// Its environment, where it has several: `live`, `playground`, `staging`, `production`.
    pub environment: Option<&'static str>,
    /// The scopes that are asked for.
    pub scopes: Arc<[String]>,
}

/// Something that a client did or met.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// When, by the wall clock.
    pub at: SystemTime,
    /// How much it matters.
    pub level: EventLevel,
    /// Whose token it is about.
    pub subject: Subject,
    /// What it was.
    pub kind: EventKind,
}

/// Why a token was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// There was none yet.
    First,
    /// The current one is to be renewed in time, in the background.
    Ahead,
    /// The current one is near its end.
    Margin,
    /// The last one has expired.
    Expired,
    /// The API rejected the current one.
    Rejected,
}

/// Where a token came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenFrom {
    /// This process asked the server.
    Server,
    /// Another process had asked.
    Store,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A token was asked for, and the request has ended.
    TokenRequest {
        /// Why.
        reason: Reason,
        /// The number of the attempt within one renewal, from 1.
        attempt: u32,
        /// When it began.
        started_at: SystemTime,
        /// How long it took.
        duration: Duration,
        /// The failure it ended with, if it did.
        failure: Option<ErrorKind>,
        /// The HTTP status, where there was a response.
        status: Option<u16>,
        /// The server's registered error code (RFC 6749), if it named one.
        server_code: Option<&'static str>,
        /// When it is tried again, if that is known.
        retry_in: Option<Duration>,
        /// How long the current token lives still.
        life_left: Option<Duration>,
    },
    /// There is a new token.
    TokenObtained {
        /// Its lifetime, as the server said.
        lifetime: Duration,
        /// How many requests it took.
        attempts: u32,
        /// Where it came from.
        from: TokenFrom,
    },
    /// A renewal failed, and callers get the current token as long as it lives.
    ServingStale {
        /// How long it lives still.
        life_left: Duration,
        /// What the renewal failed with.
        failure: ErrorKind,
    },
    /// The server asked for a pause.
    Throttled {
        /// How long it is left alone.
        pause: Duration,
    },
    /// The server refused for good: nothing will change until somebody changes something.
    Refused {
        /// What it refused.
        failure: ErrorKind,
        /// How long it is not asked again, unless the credentials change.
        remembered_for: Duration,
    },
    /// The API rejected a token.
    TokenRejected {
        /// Whether that leads to a renewal.
        is_renewed: bool,
    },
    /// The server takes another secret than before.
    CredentialsChanged {
        /// Whether it is the second one of a rotation, `client_secret_next`.
        is_next: bool,
        /// Where credentials come from: `static`, `file`, `command`, `function`.
        source: &'static str,
    },
    /// Between two token requests the wall clock went another way than time: it was set, or the machine slept.
    ClockJumped {
        /// By how much,
        step: Duration,
        /// and whether back.
        is_backward: bool,
    },
    /// The store through which tokens are shared did not do something; `store_status()` says why. Tokens are
    /// asked for without it.
    StoreFailed {
        /// Which store it is: `local`, `redis`.
        store: &'static str,
        /// How long it is left alone; not at all if it may still be read.
        pause: Option<Duration>,
    },
    /// The store works again.
    StoreRecovered {
        /// Which store it is: `local`, `redis`.
        store: &'static str,
    },
    /// The client was closed.
    Closed,
    /// Events came faster than they were taken, and some are lost.
    Dropped {
        /// How many.
        count: u64,
    },
}

/// One field of an event, for who passes it on without knowing it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FieldValue {
    /// A word of the library's, a scope, an error code.
    Text(String),
    /// A count.
    Count(u64),
    /// A length of time in seconds.
    Seconds(f64),
    /// A moment by the wall clock.
    Moment(SystemTime),
    /// Yes or no.
    Flag(bool),
    /// Several words.
    List(Vec<String>),
}

impl Reason {
    /// Its name: `first`, `ahead`, `margin`, `expired`, `rejected`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Ahead => "ahead",
            Self::Margin => "margin",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
        }
    }
}

impl TokenFrom {
    /// Its name: `server`, `store`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Store => "store",
        }
    }
}

impl Event {
    /// The names of all events, for bindings.
    #[doc(hidden)]
    pub const NAMES: [&'static str; 12] = [
        "token_request",
        "token_obtained",
        "serving_stale",
        "throttled",
        "refused",
        "token_rejected",
        "credentials_changed",
        "clock_jumped",
        "store_failed",
        "store_recovered",
        "closed",
        "dropped",
    ];

    /// Its name: `token_request`, `token_obtained`, `serving_stale`, `throttled`, `refused`,
    /// `token_rejected`, `credentials_changed`, `clock_jumped`, `store_failed`, `store_recovered`, `closed`,
    /// `dropped`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.kind {
            EventKind::TokenRequest { .. } => "token_request",
            EventKind::TokenObtained { .. } => "token_obtained",
            EventKind::ServingStale { .. } => "serving_stale",
            EventKind::Throttled { .. } => "throttled",
            EventKind::Refused { .. } => "refused",
            EventKind::TokenRejected { .. } => "token_rejected",
            EventKind::CredentialsChanged { .. } => "credentials_changed",
            EventKind::ClockJumped { .. } => "clock_jumped",
            EventKind::StoreFailed { .. } => "store_failed",
            EventKind::StoreRecovered { .. } => "store_recovered",
            EventKind::Closed => "closed",
            EventKind::Dropped { .. } => "dropped",
        }
    }

    /// All that it says besides, by name: the subject's facts first.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, FieldValue)> {
        let mut fields = Fields(Vec::new());
        fields.add("client", Some(FieldValue::Count(self.subject.client)));
        fields.text("service", Some(self.subject.service));
        fields.text("environment", self.subject.environment);
        let scopes = Some(self.subject.scopes.to_vec()).filter(|scopes| !scopes.is_empty());
        fields.add("scopes", scopes.map(FieldValue::List));
        match &self.kind {
            EventKind::TokenRequest {
                reason,
                attempt,
                started_at,
                duration,
                failure,
                status,
                server_code,
                retry_in,
                life_left,
            } => {
                fields.text("reason", Some(reason.name()));
                fields.add("attempt", Some(FieldValue::Count(u64::from(*attempt))));
                fields.add("started_at", Some(FieldValue::Moment(*started_at)));
                fields.seconds("duration", Some(*duration));
                fields.text("result", Some(failure.map_or("ok", ErrorKind::name)));
                fields.add("status", status.map(|status| FieldValue::Count(u64::from(status))));
                fields.text("server_code", *server_code);
                fields.seconds("retry_in", *retry_in);
                fields.seconds("life_left", *life_left);
            }
            EventKind::TokenObtained { lifetime, attempts, from } => {
                fields.seconds("lifetime", Some(*lifetime));
                fields.add("attempts", Some(FieldValue::Count(u64::from(*attempts))));
                fields.text("from", Some(from.name()));
            }
            EventKind::ServingStale { life_left, failure } => {
                fields.seconds("life_left", Some(*life_left));
                fields.text("failure", Some(failure.name()));
            }
            EventKind::Throttled { pause } => fields.seconds("pause", Some(*pause)),
            EventKind::Refused { failure, remembered_for } => {
                fields.text("failure", Some(failure.name()));
                fields.seconds("remembered_for", Some(*remembered_for));
            }
            EventKind::TokenRejected { is_renewed } => {
                fields.add("is_renewed", Some(FieldValue::Flag(*is_renewed)));
            }
            EventKind::CredentialsChanged { is_next, source } => {
                fields.add("is_next", Some(FieldValue::Flag(*is_next)));
                fields.text("source", Some(source));
            }
            EventKind::ClockJumped { step, is_backward } => {
                fields.seconds("step", Some(*step));
                fields.add("is_backward", Some(FieldValue::Flag(*is_backward)));
            }
            EventKind::StoreFailed { store, pause } => {
                fields.text("store", Some(store));
                fields.seconds("pause", *pause);
            }
            EventKind::StoreRecovered { store } => fields.text("store", Some(store)),
            EventKind::Dropped { count } => {
                fields.add("count", Some(FieldValue::Count(*count)));
            }
            EventKind::Closed => {}
        }
        fields.0
    }
}

struct Fields(Vec<(&'static str, FieldValue)>);

impl Fields {
    fn add(&mut self, name: &'static str, value: Option<FieldValue>) {
        self.0.extend(value.map(|value| (name, value)));
    }

    fn text(&mut self, name: &'static str, text: Option<&str>) {
        self.add(name, text.map(|text| FieldValue::Text(text.to_owned())));
    }

    fn seconds(&mut self, name: &'static str, span: Option<Duration>) {
        self.add(name, span.map(|span| FieldValue::Seconds(span.as_secs_f64())));
    }
}

/// One line for a log.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            EventKind::TokenRequest { failure: None, duration, reason, .. } => {
                write!(f, "got a token in {} ms ({})", duration.as_millis(), reason.name())
            }
            EventKind::TokenRequest {
                failure: Some(failure),
                status,
                server_code,
                retry_in,
                life_left,
                ..
            } => {
                write!(f, "a token request failed: {}", failure.name())?;
                if let Some(status) = status {
                    write!(f, ", status {status}")?;
                }
                if let Some(code) = server_code {
                    write!(f, ", {code}")?;
                }
                match life_left {
                    Some(left) => {
                        write!(f, "; the current token lives for another {} s", left.as_secs())?;
                    }
                    None if self.level == EventLevel::Error => {
                        f.write_str("; there is no token, and callers fail")?;
                    }
                    None => f.write_str("; there is no token, and callers wait")?,
                }
                match retry_in {
                    Some(span) => write!(f, "; next try in {:.1} s", span.as_secs_f64()),
                    None => Ok(()),
                }
            }
            EventKind::TokenObtained { lifetime, from, .. } => {
                write!(f, "a new token for {} s, from the {}", lifetime.as_secs(), from.name())
            }
            EventKind::ServingStale { life_left, failure } => write!(
                f,
                "serving a token that could not be renewed ({}) for another {} s",
                failure.name(),
                life_left.as_secs()
            ),
            EventKind::Throttled { pause } => {
                write!(f, "the token endpoint asks to be left alone for {} s", pause.as_secs())
            }
            EventKind::Refused { failure, remembered_for } => write!(
                f,
                "the token endpoint refused this client ({}); it is not asked again for {} s",
                failure.name(),
                remembered_for.as_secs()
            ),
            EventKind::TokenRejected { is_renewed: true } => {
                f.write_str("the API rejected the token, which is renewed")
            }
            EventKind::TokenRejected { is_renewed: false } => {
                f.write_str("the API rejected the token, which is not renewed for that")
            }
            EventKind::CredentialsChanged { is_next, source } => {
                let secret = if *is_next { "the next secret" } else { "a new secret" };
                write!(f, "the server takes {secret} (credentials: {source})")
            }
            EventKind::ClockJumped { step, is_backward } => {
                let way = if *is_backward { "back" } else { "on" };
                write!(f, "the wall clock went {way} by {} s, or the machine slept", step.as_secs())
            }
            EventKind::StoreFailed { store, pause: Some(pause) } => write!(
                f,
                "the {store} store failed and is left alone for {:.1} s; tokens are asked for without it",
                pause.as_secs_f64()
            ),
            EventKind::StoreFailed { store, pause: None } => {
                write!(f, "the {store} store did not take what was to be shared; it is still read")
            }
            EventKind::StoreRecovered { store } => write!(f, "the {store} store works again"),
            EventKind::Closed => f.write_str("the client was closed"),
            EventKind::Dropped { count } => write!(f, "{count} events came too fast and are lost"),
        }
    }
}
