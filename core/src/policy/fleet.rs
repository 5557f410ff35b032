//! A fleet in simulation: thousands of processes, each with the slot and the policy that ship and
//! one call for a token every second, against one token endpoint. Events stand in for the engine's
//! tasks and timers; every decision is the shipped one. Everything follows from one seed.
//!
//! The claims are checked on a small fleet. `SEEKAUTH_FLEET` names the folder into which the large
//! one, after the same checks, writes `fleet.md` and its plots.

mod paper;
mod plot;
mod report;
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::watch;

use super::Windows;
use crate::clock::{Clock, Moment};
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::jitter::{draw, seeded};
use crate::key::Key;
use crate::profile::Profile;
use crate::secret::Secret;
use crate::slot::{Action, Progress, Slot};
use crate::token::Token;

/// Simulated time, in nanoseconds since the first process may have started.
type Nanos = u64;
const SECOND: Nanos = 1_000_000_000;
const MINUTE: Nanos = 60 * SECOND;
const HOUR: Nanos = 60 * MINUTE;

/// Each process makes a call this often, and each call is patient for so long.
const CALL_EVERY: Nanos = SECOND;
const TIMEOUT: Nanos = 30 * SECOND;
/// The endpoint answers after this time, with a token or, during an outage, with status 503.
const LATENCY: Nanos = 200 * SECOND / 1_000;
/// A start and a deploy each spread the processes evenly over this time.
const ROLL_OUT: Nanos = MINUTE;

const SEED: u64 = 20_260_115;
/// The first draw from this seed is 0.50: the middle, so that both fleets ask equally often.
const FIXED_SEED: u64 = 0;

/// What happens to a fleet, and when.
#[derive(Debug, Clone)]
struct Scenario {
    processes: usize,
    lifetime: Duration,
    /// Without it, every process always draws the same number.
    has_jitter: bool,
    /// Makes every call an event of its own, including those that a fresh token answers.
    every_call: bool,
    /// The time from which the figures of an undisturbed fleet are taken, up to the outage.
    settled: Nanos,
    outage: Range<Nanos>,
    deploy: Nanos,
    end: Nanos,
}

/// What the endpoint, the callers and an observer saw.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    /// Token requests in each second.
    requests: Vec<u32>,
    /// What was left of each process's token when the outage began.
    life_left: Vec<Nanos>,
    /// When a caller in each process first got an error.
    first_error: Vec<Option<Nanos>>,
    last_error: Option<Nanos>,
    errors: u32,
    /// Calls outside the outage that waited although their process had a token before.
    needless_waits: u32,
    /// For each minute of the settled fleet, how many tokens end within the length of the outage.
    exposed: Vec<u32>,
}

/// One process: the shipped slot, and the flight and callers that the engine would run for it.
struct Process {
    slot: Slot,
    next_call: Nanos,
    restart: Nanos,
    flight: Option<Flight>,
    callers: Vec<Caller>,
    /// When the token ends that it holds, or held last; 0 before the first.
    expires: Nanos,
    first_error: Option<Nanos>,
}

struct Flight {
    progress: watch::Sender<Progress>,
    attempts: u32,
    stage: Stage,
    /// When the answer arrives or the pause is over.
    until: Nanos,
}

#[derive(Clone, Copy)]
enum Stage {
    Asking { sent: Nanos },
    Pausing,
}

struct Caller {
    deadline: Nanos,
    /// The slot counts the receivers to know whether anybody still waits.
    _flight: watch::Receiver<Progress>,
}

fn moment(at: Nanos) -> Moment {
    Moment { monotonic: SECOND + at, wall: 1_800_000_000 * SECOND + at }
}

fn nanos(moment: Moment) -> Nanos {
    moment.monotonic.saturating_sub(SECOND)
}

fn ns(span: Duration) -> Nanos {
    u64::try_from(span.as_nanos()).unwrap()
}

fn key() -> Key {
    let config = Config::oauth("http://127.0.0.1/token")
        .credentials("id", "secret")
        .user_agent("Fleet/1");
    let (profile, scopes) = Profile::new(&config).unwrap();
    Key::new(&profile, scopes)
}

impl Scenario {
    fn run(&self) -> Run {
        seeded::seed(SEED);
        let mut run = Run {
            requests: vec![0; usize::try_from(self.end / SECOND).unwrap()],
            life_left: Vec::new(),
            first_error: Vec::new(),
            last_error: None,
            errors: 0,
            needless_waits: 0,
            exposed: Vec::new(),
        };
        let key = key();
        let mut rng = Rng::with_seed(SEED);
        let mut processes: Vec<Process> = (0..self.processes)
            .map(|_| {
                let start = rng.u64(0..ROLL_OUT);
                Process::new(&key, start, self.deploy + rng.u64(0..ROLL_OUT))
            })
            .collect();
        let mut events: BinaryHeap<Reverse<(Nanos, usize)>> = processes
            .iter()
            .enumerate()
            .map(|(index, process)| Reverse((process.next_event(), index)))
            .collect();
        let mut look = self.settled;
        while let Some(Reverse((now, index))) = events.pop().filter(|event| event.0.0 < self.end) {
            while look <= now && look <= self.outage.start {
                run.observe(&processes, look, self);
                look += MINUTE;
            }
            // One event draws at most once, so this makes every draw the same.
            if !self.has_jitter {
                seeded::seed(FIXED_SEED);
            }
            processes[index].happen(now, &key, self, &mut run);
            events.push(Reverse((processes[index].next_event(), index)));
        }
        run.first_error = processes.iter().map(|process| process.first_error).collect();
        run
    }
}

impl Run {
    fn observe(&mut self, processes: &[Process], now: Nanos, scenario: &Scenario) {
        let left = processes.iter().map(|process| process.expires.saturating_sub(now));
        if now == scenario.outage.start {
            self.life_left = left.collect();
        } else {
            let outage = scenario.outage.end - scenario.outage.start;
            let exposed = left.filter(|left| *left < outage).count();
            self.exposed.push(u32::try_from(exposed).unwrap());
        }
    }
}

impl Process {
    fn new(key: &Key, start: Nanos, restart: Nanos) -> Self {
        Self {
            slot: Slot::new(key.clone()),
            next_call: start,
            restart,
            flight: None,
            callers: Vec::new(),
            expires: 0,
            first_error: None,
        }
    }

    fn next_event(&self) -> Nanos {
        let flight = self.flight.as_ref().map_or(Nanos::MAX, |flight| flight.until);
        flight.min(self.next_call).min(self.restart)
    }

    fn happen(&mut self, now: Nanos, key: &Key, scenario: &Scenario, run: &mut Run) {
        if now == self.restart {
            let first_error = self.first_error;
            *self = Self { first_error, ..Self::new(key, now, Nanos::MAX) };
        } else if let Some(flight) = self.flight.take_if(|flight| flight.until == now) {
            match flight.stage {
                Stage::Asking { sent } => self.answer(flight, sent, now, scenario, run),
                Stage::Pausing if self.slot.abandon(&flight.progress, moment(now)) => {}
                Stage::Pausing => self.ask(flight, now, run),
            }
        } else {
            self.call(now, scenario, run);
            self.next_call = now + CALL_EVERY;
        }
        if !scenario.every_call {
            self.skip_calls(now);
        }
    }

    /// Moves on to the first call that a token in hand does not answer.
    fn skip_calls(&mut self, now: Nanos) {
        if self.slot.live(moment(now)).is_some() {
            let quiet = nanos(self.slot.next_look(moment(now))).min(self.expires);
            let skipped = quiet.saturating_sub(self.next_call).div_ceil(CALL_EVERY);
            self.next_call += skipped * CALL_EVERY;
        }
    }

    fn call(&mut self, now: Nanos, scenario: &Scenario, run: &mut Run) {
        let deadline = now + TIMEOUT;
        let step = self.slot.consult(moment(now), moment(deadline));
        match step.action {
            Action::Serve(_) => {}
            Action::Fail(_) => self.report_error(now, run),
            Action::Wait(flight) => {
                let outage = scenario.outage.start..scenario.outage.end.saturating_add(MINUTE);
                if self.expires > 0 && !outage.contains(&now) {
                    run.needless_waits += 1;
                }
                self.callers.push(Caller { deadline, _flight: flight });
            }
        }
        if let Some(progress) = step.launch {
            let flight = Flight { progress, attempts: 0, stage: Stage::Pausing, until: now };
            self.prepare(flight, now, run);
        }
    }

    /// Asks, or first waits out a pause, or lets the flight end.
    fn prepare(&mut self, flight: Flight, now: Nanos, run: &mut Run) {
        match self.slot.before_attempt(moment(now)) {
            Ok(None) => self.ask(flight, now, run),
            Ok(Some((until, _))) => {
                let until = nanos(until);
                self.dismiss(|caller| caller.deadline < until, now, run);
                self.flight = Some(Flight { stage: Stage::Pausing, until, ..flight });
            }
            Err(_) => self.dismiss(|_| true, now, run),
        }
    }

    fn ask(&mut self, flight: Flight, now: Nanos, run: &mut Run) {
        run.requests[usize::try_from(now / SECOND).unwrap()] += 1;
        self.flight = Some(Flight {
            attempts: flight.attempts + 1,
            stage: Stage::Asking { sent: now },
            until: now + LATENCY,
            ..flight
        });
    }

    fn answer(
        &mut self,
        flight: Flight,
        sent: Nanos,
        now: Nanos,
        scenario: &Scenario,
        run: &mut Run,
    ) {
        if scenario.outage.contains(&sent) {
            let error = Error::new(ErrorKind::Unavailable, "status 503");
            match self.slot.fail(error, flight.attempts, moment(now)) {
                Ok(()) => self.prepare(flight, now, run),
                Err(_) => self.dismiss(|_| true, now, run),
            }
        } else {
            let windows = Windows::new(moment(sent), scenario.lifetime, None, draw());
            self.expires = nanos(windows.expires_at);
            let token = Token::new(&Secret::new("token"), Vec::new(), windows, Clock::System);
            self.slot.accept(Arc::new(token), moment(now));
            self.dismiss(|_| true, now, run);
        }
    }

    /// Sends callers away, with the token if one is alive.
    fn dismiss(&mut self, whom: impl Fn(&Caller) -> bool, now: Nanos, run: &mut Run) {
        let is_served = self.slot.live(moment(now)).is_some();
        for caller in self.callers.extract_if(.., |caller| whom(caller)).collect::<Vec<_>>() {
            if !is_served || caller.deadline < now {
                self.report_error(now, run);
            }
        }
    }

    fn report_error(&mut self, now: Nanos, run: &mut Run) {
        self.first_error.get_or_insert(now);
        run.last_error = Some(now);
        run.errors += 1;
    }
}
