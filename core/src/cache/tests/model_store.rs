//! A store in memory that does what stores do: it drops, delays, reorders, loses, replays, and fails
//! by halves. Whoever plays with it draws what happens when.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::store::{Backend, Claim, Found, Names, Reading, Session, Stamp, Step, Trouble};
use crate::sys::clock::manual::ManualClock;
use crate::sys::clock::{Clock, Moment};

/// How long a lease stands whose holder does not give it back.
const LEASE: Duration = Duration::from_secs(3);

pub(super) type Pause = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Who draws what happens.
pub(super) trait Fate: Send + Sync {
    /// A number below `end`.
    fn draw(&self, end: usize) -> usize;

    /// Lets others go first.
    fn pause(&self) -> Pause;
}

/// How the store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// It loses nothing and gives what was put there last.
    Honest,
    /// Each step may fail, before or after it took effect, and what was put there may be gone, or be
    /// what was there before.
    Faulty,
    TakesNoWrites,
    TakesNothingElse,
    Away,
}

pub(super) struct ModelStore {
    pub(super) fate: Arc<dyn Fate>,
    /// The store's own.
    clock: ManualClock,
    inside: Mutex<Inside>,
    /// Steps under way.
    steps: AtomicUsize,
}

struct Inside {
    health: Health,
    tokens: BTreeMap<String, Vec<u8>>,
    notes: BTreeMap<String, Vec<u8>>,
    /// Who has the lease, and until when.
    leases: BTreeMap<String, (usize, u64)>,
    /// Every token that ever was there.
    old: Vec<Vec<u8>>,
    /// Tokens on their way, which others may overtake.
    late: Vec<(String, Vec<u8>)>,
    /// How far the clock was set ahead, in milliseconds.
    stepped: i64,
}

/// The store as one process sees it.
#[derive(Clone)]
pub(super) struct View {
    pub(super) store: Arc<ModelStore>,
    pub(super) process: usize,
    pub(super) clock: Clock,
}

/// One of so many.
struct UnderWay<'a>(&'a AtomicUsize);

impl<'a> UnderWay<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl ModelStore {
    pub(super) fn new(fate: Arc<dyn Fate>, clock: ManualClock) -> Arc<Self> {
        let inside = Inside {
            health: Health::Honest,
            tokens: BTreeMap::new(),
            notes: BTreeMap::new(),
            leases: BTreeMap::new(),
            old: Vec::new(),
            late: Vec::new(),
            stepped: 0,
        };
        Arc::new(Self { fate, clock, inside: Mutex::new(inside), steps: AtomicUsize::new(0) })
    }

    pub(super) fn set_health(&self, health: Health) {
        self.inside.lock().unwrap().health = health;
    }

    pub(super) fn step_clock(&self, milliseconds: i64) {
        self.inside.lock().unwrap().stepped += milliseconds;
    }

    /// A process is killed: what it has, it has until its lease is over.
    pub(super) fn bury(&self, process: usize) {
        let until = self.clock.now().plus(LEASE).monotonic;
        for (holder, end) in self.inside.lock().unwrap().leases.values_mut() {
            if *holder == process {
                *end = until.min(*end);
            }
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.steps.load(Ordering::SeqCst) > 0
    }

    pub(super) fn is_leased(&self) -> bool {
        let now = self.now();
        self.inside.lock().unwrap().leases.values().any(|(_, until)| *until > now)
    }

    fn now(&self) -> u64 {
        self.clock.now().monotonic
    }

    fn happens(&self, one_in: usize) -> bool {
        self.fate.draw(one_in) == 0
    }

    /// One step: `work` takes effect at one moment, some time after it was asked for and some time
    /// before its result is known, if it is.
    async fn step<T>(
        &self,
        writes: bool,
        work: impl FnOnce(&mut Inside) -> T + Send,
    ) -> Result<T, Trouble> {
        let _step = UnderWay::new(&self.steps);
        self.fate.pause().await;
        let (result, health) = {
            let mut inside = self.inside.lock().unwrap();
            let health = inside.health;
            let fails = match health {
                Health::Honest => false,
                Health::Faulty => self.happens(8),
                Health::TakesNoWrites => writes,
                Health::TakesNothingElse => !writes,
                Health::Away => true,
            };
            if fails {
                return Err(Trouble("scripted".to_owned()));
            }
            if health == Health::Faulty {
                self.spoil(&mut inside);
            }
            (work(&mut inside), health)
        };
        self.fate.pause().await;
        if health == Health::Faulty && self.happens(8) {
            return Err(Trouble("scripted, and it took effect".to_owned()));
        }
        Ok(result)
    }

    fn spoil(&self, inside: &mut Inside) {
        match self.fate.draw(12) {
            0 => inside.tokens.clear(),
            1 => inside.notes.clear(),
            2 => inside.leases.clear(),
            3 => {
                for bytes in inside.tokens.values_mut() {
                    *bytes = inside.old[self.fate.draw(inside.old.len())].clone();
                }
            }
            4 => inside.tokens.values_mut().for_each(|bytes| bytes.truncate(bytes.len() / 2)),
            5 => inside.tokens.extend(std::mem::take(&mut inside.late)),
            _ => {}
        }
    }
}

impl View {
    fn stamp(&self, inside: &Inside) -> Stamp {
        let at_ms = self.store.now() / 1_000_000;
        Stamp {
            clock: "store".to_owned(),
            at_ms: at_ms.saturating_add_signed(inside.stepped),
            wall_ms: self.clock.now().wall / 1_000_000,
        }
    }

    fn reading(&self, inside: &Inside, places: &[Names], asked: Moment) -> Reading {
        let found = |place: &Names| Found {
            token: inside.tokens.get(&place.token).cloned(),
            token_stays: None,
            note: inside.notes.get(&place.note).cloned(),
        };
        let found = places.iter().map(found).collect();
        Reading { found, now: self.stamp(inside), asked, answered: asked }
    }

    fn take(&self, inside: &mut Inside, places: &[Names], asked: Moment) -> Claim {
        let (now, name) = (self.store.clock.now(), &places[0].token);
        if inside.leases.get(name).is_some_and(|(_, until)| *until > now.monotonic) {
            return Claim::Taken;
        }
        let mut lease = (self.process, now.plus(LEASE).monotonic);
        let is_faulty = inside.health == Health::Faulty;
        if inside.health == Health::Honest {
            lease.1 = u64::MAX;
        } else if is_faulty && self.store.happens(6) {
            // Somebody came first, and stands still.
            lease = (usize::MAX, u64::MAX);
        }
        inside.leases.insert(name.clone(), lease);
        if lease.0 != self.process {
            return Claim::Taken;
        }
        let is_told = !(is_faulty && self.store.happens(4));
        Claim::Won(is_told.then(|| self.reading(inside, places, asked)))
    }
}

impl Backend for View {
    fn kind(&self) -> &'static str {
        "model"
    }

    fn session(&self, _first_step: Duration) -> Arc<dyn Session> {
        Arc::new(self.clone())
    }

    fn spread(&self, window: Duration) -> Duration {
        (window / 50).min(Duration::from_secs(1))
    }

    fn poll_interval(&self, _looks: u32) -> Duration {
        Duration::from_millis(10)
    }
}

impl Session for View {
    fn read<'a>(&'a self, places: &'a [Names]) -> Step<'a, Reading> {
        Box::pin(async move {
            let asked = self.clock.now();
            let read = |inside: &mut Inside| self.reading(inside, places, asked);
            let reading = self.store.step(false, read).await?;
            Ok(Reading { answered: self.clock.now(), ..reading })
        })
    }

    fn claim<'a>(&'a self, places: &'a [Names]) -> Step<'a, Claim> {
        Box::pin(async move {
            let asked = self.clock.now();
            let take = |inside: &mut Inside| self.take(inside, places, asked);
            let mut claim = self.store.step(true, take).await?;
            if let Claim::Won(Some(reading)) = &mut claim {
                reading.answered = self.clock.now();
            }
            Ok(claim)
        })
    }

    fn lease_lasts(&self) -> Option<Duration> {
        let health = self.store.inside.lock().unwrap().health;
        (health != Health::Honest).then_some(LEASE)
    }

    fn extend<'a>(&'a self, place: &'a Names) -> Step<'a, bool> {
        let extend = |inside: &mut Inside| {
            let until = self.store.clock.now().plus(LEASE).monotonic;
            let lease = inside.leases.get_mut(&place.token);
            let own = lease.filter(|(holder, _)| *holder == self.process);
            own.map(|lease| lease.1 = lease.1.max(until)).is_some()
        };
        Box::pin(self.store.step(true, extend))
    }

    fn release<'a>(&'a self, place: &'a Names) -> Step<'a, ()> {
        let release = |inside: &mut Inside| {
            if inside.leases.get(&place.token).is_some_and(|(holder, _)| *holder == self.process) {
                inside.leases.remove(&place.token);
            }
        };
        Box::pin(self.store.step(true, release))
    }

    fn publish<'a>(&'a self, place: &'a Names, token: Vec<u8>, _life: Duration) -> Step<'a, ()> {
        let publish = |inside: &mut Inside| {
            inside.old.push(token.clone());
            if inside.health == Health::Faulty && self.store.happens(4) {
                inside.late.push((place.token.clone(), token));
            } else {
                inside.tokens.insert(place.token.clone(), token);
            }
        };
        Box::pin(self.store.step(true, publish))
    }

    fn note<'a>(&'a self, place: &'a Names, note: Vec<u8>, _life: Duration) -> Step<'a, ()> {
        let write = |inside: &mut Inside| {
            inside.notes.insert(place.note.clone(), note);
        };
        Box::pin(self.store.step(true, write))
    }
}
