//! The slot, the threads that read it as the bindings do, and a record of what nobody may get any more.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use shuttle::thread::{self, JoinHandle};

use crate::cache::key::Key;
use crate::cache::rejection::Rejection;
use crate::cache::slot::Slot;
use crate::cache::sync::Mutex;
use crate::config::ResolvedConfig;
use crate::sys::clock::manual::{ManualClock, Which};
use crate::sys::clock::{Clock, Moment};
use crate::sys::random;
use crate::sys::secret::Secret;
use crate::token::Token;
use crate::token::Windows;

pub(super) const LIFETIME: u64 = 1_800;

static KEY: LazyLock<Key> = LazyLock::new(|| {
    let config = crate::Config::oauth("http://127.0.0.1/token")
        .credentials("id", "secret")
        .user_agent("Test/1");
    let (profile, scopes) = ResolvedConfig::new(&config).unwrap();
    Key::new(&profile, scopes)
});

/// The slot, and a record of what was done to it. Nothing here but the slot lets other threads in,
/// so that a record is made at the very moment of what it is about.
pub(super) struct Harness {
    pub(super) slot: Slot,
    clock: ManualClock,
    record: std::sync::Mutex<Record>,
}

#[derive(Default)]
pub(super) struct Record {
    pub(super) issued: Vec<Arc<Token>>,
    /// The generations of tokens that were rejected or replaced: from then on nobody may get them.
    gone: HashSet<u64>,
}

/// What was true when somebody asked for a token.
struct Asked {
    now: Moment,
    gone: HashSet<u64>,
}

/// A value that a binding keeps, with the generation that it belongs to.
type Header = Option<(u64, String)>;

impl Harness {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            slot: Slot::new(KEY.clone(), true),
            clock: ManualClock::unskipping(),
            record: std::sync::Mutex::default(),
        })
    }

    pub(super) fn clock(&self) -> Clock {
        Clock::Manual(self.clock.clone())
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }

    pub(super) fn pass(&self, span: Duration) {
        let milliseconds = span.as_nanos().div_ceil(1_000_000);
        self.clock.advance(Which::Both, i64::try_from(milliseconds).unwrap());
    }

    pub(super) fn record(&self) -> std::sync::MutexGuard<'_, Record> {
        self.record.lock().unwrap()
    }

    fn issue(&self, lifetime: u64) -> Arc<Token> {
        let mut record = self.record();
        let value = Secret::new(format!("token-{}", record.issued.len() + 1));
        let windows =
            Windows::new(self.now(), Duration::from_secs(lifetime), None, random::fraction());
        let token = Arc::new(Token::new(&value, Vec::new(), windows, self.clock()));
        record.issued.push(Arc::clone(&token));
        token
    }

    pub(super) fn accept(&self, lifetime: u64) -> Arc<Token> {
        let token = self.issue(lifetime);
        self.slot.store(Arc::clone(&token), self.now());
        let Record { issued, gone, .. } = &mut *self.record();
        let earlier = issued.iter().map(|issued| issued.generation());
        gone.extend(earlier.filter(|earlier| *earlier < token.generation()));
        token
    }

    pub(super) fn reject(&self, token: &Token) -> bool {
        let now = self.now();
        let acted = matches!(self.slot.reject(token.value(), now, now), Rejection::SetAside);
        if acted {
            self.record().gone.insert(token.generation());
        }
        acted
    }

    fn ask(&self) -> Asked {
        Asked { now: self.now(), gone: self.record().gone.clone() }
    }

    /// Nobody gets a token that was gone or had expired before they asked.
    fn check(&self, asked: &Asked, generation: u64) {
        let record = self.record();
        let token = record.issued.iter().find(|issued| issued.generation() == generation);
        let token = token.expect("no token has this generation");
        assert!(!asked.gone.contains(&generation), "{} was gone", token.value());
        assert!(!token.windows().expires_at.reached(asked.now), "{} had expired", token.value());
    }

    fn check_value(&self, asked: &Asked, value: &str) {
        let issued = self.record().issued.iter().find(|issued| issued.value() == value).cloned();
        self.check(asked, issued.expect("no token has this value").generation());
    }

    /// Reads without the slot's lock, in each way that the bindings do.
    fn read(&self, shared: &Mutex<Header>, own: &mut Header) {
        let asked = self.ask();
        if let Some(value) = self.read_shared(&asked, shared) {
            self.check_value(&asked, &value);
        }
        let asked = self.ask();
        if let Some(value) = self.read_own(&asked, own) {
            self.check_value(&asked, &value);
        }
        let asked = self.ask();
        if let Some(token) = self.slot.fresh(&self.clock()) {
            self.check(&asked, token.generation());
        }
    }

    /// As the Python binding, whose threads share a value.
    fn read_shared(&self, asked: &Asked, header: &Mutex<Header>) -> Option<String> {
        let generation = self.slot.fresh_generation(&self.clock());
        if generation == 0 {
            return None;
        }
        self.check(asked, generation);
        let kept = header.lock().unwrap().clone().filter(|(made_of, _)| *made_of == generation);
        kept.map(|(_, value)| value).or_else(|| {
            self.slot.with_fresh(&self.clock(), |token| {
                let value = token.value().to_owned();
                *header.lock().unwrap() = Some((token.generation(), value.clone()));
                value
            })
        })
    }

    /// As the Node binding, whose threads each have their own.
    fn read_own(&self, asked: &Asked, header: &mut Header) -> Option<String> {
        let generation = self.slot.fresh_generation(&self.clock());
        if generation == 0 {
            return None;
        }
        self.check(asked, generation);
        if header.as_ref().is_none_or(|(made_of, _)| *made_of != generation) {
            let token = self.slot.live(self.now())?;
            *header = Some((token.generation(), token.value().to_owned()));
        }
        header.as_ref().map(|(_, value)| value.clone())
    }
}

pub(super) fn on_thread(
    harness: &Arc<Harness>,
    work: impl FnOnce(&Arc<Harness>) + Send + 'static,
) -> JoinHandle<()> {
    let harness = Arc::clone(harness);
    thread::spawn(move || work(&harness))
}

pub(super) fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        thread.join().unwrap();
    }
}

/// Two threads that read three times each.
pub(super) fn readers(harness: &Arc<Harness>) -> [JoinHandle<()>; 2] {
    let shared = Arc::new(Mutex::new(None));
    [(); 2].map(|()| {
        let shared = Arc::clone(&shared);
        on_thread(harness, move |harness| {
            let mut own = None;
            for _ in 0..3 {
                harness.read(&shared, &mut own);
            }
        })
    })
}
