//! A fleet in simulation: thousands of processes, each with the slot and the policy that ship and
//! one call for a token every second, against one token endpoint. Events stand in for the engine's
//! tasks and timers; every decision is the shipped one. Everything follows from one seed.
//!
//! The claims are checked on a small fleet. `SEEKAUTH_FLEET` names the folder into which the large
//! one, after the same checks, writes `fleet.md` and its plots.

mod expected;
mod plot;
mod report;
mod sharing;
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use crate::cache::key::Key;
use crate::cache::slot::{Action, Slot};
use crate::cache::slot_state::Progress;
use crate::cache::sync::watch;
use crate::config::Config;
use crate::config::ResolvedConfig;
use crate::error::{Error, ErrorKind};
use crate::sys::clock::{Clock, Moment};
use crate::sys::random::{self, seeded};
use crate::sys::secret::Secret;
use crate::token::{Token, Windows};

/// Simulated time, in nanoseconds since the first process may have started.
type Nanos = u64;
const SECOND: Nanos = 1_000_000_000;
const MINUTE: Nanos = 60 * SECOND;
const HOUR: Nanos = 60 * MINUTE;

/// Each process makes a call this often, and each call is patient for so long.
const CALL_EVERY: Nanos = SECOND;
const TIMEOUT: Nanos = 30 * SECOND;
/// The endpoint responds after this time, with a token or, during an outage, with status 503.
const LATENCY: Nanos = 200 * SECOND / 1_000;
/// A start and a deploy each spread the processes evenly over this time.
const ROLL_OUT: Nanos = MINUTE;

const SEED: u64 = 20_260_115;
/// The first draw from this seed is 0.50, the mean of all draws: both fleets ask equally often.
const FIXED_SEED: u64 = 10_329;

/// What happens to a fleet, and when.
#[derive(Debug, Clone)]
struct Scenario {
    processes: usize,
    lifetime: Duration,
    /// Without it, every process always draws the same number.
    has_jitter: bool,
    /// Makes every call an event of its own, including those that a fresh token responses.
    every_call: bool,
    /// The time from which the figures of an undisturbed fleet are taken, up to the outage.
    settled: Nanos,
    outage: Range<Nanos>,
    deploy: Nanos,
    /// The endpoint goes away for good, and each process runs on until a caller notices.
    end: Nanos,
}

/// A scenario and what came of it.
struct Measured {
    scenario: Scenario,
    run: Run,
}

/// What the endpoint, the callers and an observer saw.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    /// Token requests in each second up to the end.
    requests: Vec<u32>,
    /// For each minute of the settled fleet, how many tokens end within the length of the outage.
    exposed: Vec<u32>,
    /// How often, in all these minutes, a token had so many whole seconds left.
    lives_left: Vec<u32>,
    /// When the token of each process ends that it holds as the outage begins.
    expiries: Vec<Nanos>,
    /// When a caller in each process first got an error, if before the end.
    first_errors: Vec<Option<Nanos>>,
    last_error: Option<Nanos>,
    errors: u32,
    /// Calls outside the outage that waited although their process had a token before.
    needless_waits: u32,
    /// When the last token of each process ends, and when a caller first gets an error for it.
    notices: Vec<(Nanos, Nanos)>,
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
    notice: Option<Nanos>,
}

struct Flight {
    progress: watch::Sender<Progress>,
    attempts: u32,
    stage: Stage,
    /// When the response arrives or the pause is over.
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
    let config =
        Config::oauth("http://127.0.0.1/token").credentials("id", "secret").user_agent("Fleet/1");
    let (profile, scopes) = ResolvedConfig::new(&config).unwrap();
    Key::new(&profile, scopes)
}

impl Scenario {
    fn run(&self) -> Run {
        seeded::seed(SEED);
        let mut run = Run {
            requests: vec![0; usize::try_from(self.end / SECOND).unwrap()],
            exposed: Vec::new(),
            lives_left: vec![0; usize::try_from(self.lifetime.as_secs()).unwrap() + 1],
            expiries: Vec::new(),
            first_errors: Vec::new(),
            last_error: None,
            errors: 0,
            needless_waits: 0,
            notices: Vec::new(),
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
        while let Some(Reverse((now, index))) = events.pop() {
            while look <= now && look <= self.outage.start {
                run.observe(&processes, look, self);
                look += MINUTE;
            }
            // One event draws at most once, so this makes every draw the same.
            if !self.has_jitter {
                seeded::seed(FIXED_SEED);
            }
            let process = &mut processes[index];
            process.happen(now, &key, self, &mut run);
            if process.notice.is_none() {
                events.push(Reverse((process.next_event(), index)));
            }
        }
        run.first_errors = processes.iter().map(|process| process.first_error).collect();
        let notice = |process: &Process| (process.expires, process.notice.unwrap());
        run.notices = processes.iter().map(notice).collect();
        run
    }

    fn is_down(&self, at: Nanos) -> bool {
        self.outage.contains(&at) || at >= self.end
    }
}

impl Run {
    fn observe(&mut self, processes: &[Process], now: Nanos, scenario: &Scenario) {
        if now == scenario.outage.start {
            self.expiries = processes.iter().map(|process| process.expires).collect();
            return;
        }
        let outage = scenario.outage.end - scenario.outage.start;
        let mut exposed = 0;
        for process in processes {
            let left = process.expires - now;
            self.lives_left[usize::try_from(left / SECOND).unwrap()] += 1;
            exposed += u32::from(left < outage);
        }
        self.exposed.push(exposed);
    }

    /// The shortest, median and longest life that tokens had left, in whole seconds.
    fn life_left(&self) -> [f64; 3] {
        let all: u32 = self.lives_left.iter().sum();
        [0, all / 2, all - 1].map(|rank| {
            let mut seen = 0;
            let reaches = |count: &u32| {
                seen += count;
                seen > rank
            };
            let left = self.lives_left.iter().position(reaches).unwrap();
            f64::from(u32::try_from(left).unwrap())
        })
    }
}

impl Process {
    fn new(key: &Key, start: Nanos, restart: Nanos) -> Self {
        Self {
            slot: Slot::new(key.clone(), true),
            next_call: start,
            restart,
            flight: None,
            callers: Vec::new(),
            expires: 0,
            first_error: None,
            notice: None,
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
                Stage::Asking { sent } => self.respond(flight, sent, now, scenario, run),
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

    /// Moves on to the first call that a token in hand does not response.
    fn skip_calls(&mut self, now: Nanos) {
        if now < self.expires {
            let quiet = nanos(self.slot.next_refresh_at(moment(now))).min(self.expires);
            let skipped = quiet.saturating_sub(self.next_call).div_ceil(CALL_EVERY);
            self.next_call += skipped * CALL_EVERY;
        }
    }

    fn call(&mut self, now: Nanos, scenario: &Scenario, run: &mut Run) {
        let deadline = now + TIMEOUT;
        let step = self.slot.decide(moment(now), moment(deadline));
        match step.action {
            Action::Serve(_) => {}
            Action::Fail(_) => self.report_error(now, scenario, run),
            Action::Wait(flight) => {
                let outage = scenario.outage.start..scenario.outage.end + MINUTE;
                if self.expires > 0 && !outage.contains(&now) && now < scenario.end {
                    run.needless_waits += 1;
                }
                self.callers.push(Caller { deadline, _flight: flight });
            }
        }
        if let Some(progress) = step.start_flight {
            let flight = Flight { progress, attempts: 0, stage: Stage::Pausing, until: now };
            self.prepare(flight, now, scenario, run);
        }
    }

    /// Asks, or first waits out a pause, or lets the flight end.
    fn prepare(&mut self, flight: Flight, now: Nanos, scenario: &Scenario, run: &mut Run) {
        match self.slot.pause_before_attempt(moment(now)) {
            Ok(None) => self.ask(flight, now, run),
            Ok(Some((until, _))) => {
                let until = nanos(until);
                self.dismiss(|caller| caller.deadline < until, now, scenario, run);
                self.flight = Some(Flight { stage: Stage::Pausing, until, ..flight });
            }
            Err(_) => self.dismiss(|_| true, now, scenario, run),
        }
    }

    fn ask(&mut self, flight: Flight, now: Nanos, run: &mut Run) {
        if let Some(requests) = run.requests.get_mut(usize::try_from(now / SECOND).unwrap()) {
            *requests += 1;
        }
        self.flight = Some(Flight {
            attempts: flight.attempts + 1,
            stage: Stage::Asking { sent: now },
            until: now + LATENCY,
            ..flight
        });
    }

    fn respond(
        &mut self,
        flight: Flight,
        sent: Nanos,
        now: Nanos,
        scenario: &Scenario,
        run: &mut Run,
    ) {
        if scenario.is_down(sent) {
            let error = Error::new(ErrorKind::Unavailable, "status 503");
            match self.slot.record_failure(error, flight.attempts, moment(now)) {
                Ok(()) => self.prepare(flight, now, scenario, run),
                Err(_) => self.dismiss(|_| true, now, scenario, run),
            }
        } else {
            let windows = Windows::new(moment(sent), scenario.lifetime, None, random::fraction());
            self.expires = nanos(windows.expires_at);
            let token = Token::new(&Secret::new("token"), Vec::new(), windows, Clock::System);
            self.slot.store(Arc::new(token), moment(now));
            self.dismiss(|_| true, now, scenario, run);
        }
    }

    /// Sends callers away, with the token if one is alive.
    fn dismiss(
        &mut self,
        whom: impl Fn(&Caller) -> bool,
        now: Nanos,
        scenario: &Scenario,
        run: &mut Run,
    ) {
        let is_served = now < self.expires;
        for caller in self.callers.extract_if(.., |caller| whom(caller)).collect::<Vec<_>>() {
            if !is_served || caller.deadline < now {
                self.report_error(now.min(caller.deadline), scenario, run);
            }
        }
    }

    fn report_error(&mut self, now: Nanos, scenario: &Scenario, run: &mut Run) {
        if now < scenario.end {
            self.first_error.get_or_insert(now);
            run.last_error = run.last_error.max(Some(now));
            run.errors += 1;
        } else {
            self.notice.get_or_insert(now);
        }
    }
}
