//! A folder on this machine, in memory where the system has such a place: one file for each token, and
//! one whose bytes are locked by the kernel, which frees them with the process that has them. That a
//! file is there never means that something is locked.

mod folder;
mod locks;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::store::backend::{Backend, Claim, Found, Names, Reading, Session, Step, Trouble};
use crate::store::record::Stamp;
use crate::sys::clock::{Clock, Moment};
use crate::sys::limit;
use crate::sys::per_process::PerProcess;
use crate::sys::random;
use crate::sys::thread::run_detached;

use folder::Folder;

/// Looks for what another process publishes are so far apart at first, and at last.
const FIRST_POLL: Duration = Duration::from_millis(2);
const LAST_POLL: Duration = Duration::from_millis(25);

/// A store in a folder of this machine.
pub(crate) struct Local(Arc<Place>);

struct Place {
    /// The setting's; otherwise the system's usual place.
    path: Option<PathBuf>,
    timeout: Duration,
    clock: Clock,
    /// Files are looked at on a thread of their own, for a folder may be on a mount that hangs; one at a
    /// time, so that what hangs holds one thread.
    turns: PerProcess<Arc<Semaphore>>,
}

impl Local {
    /// Opens nothing. Each step takes `timeout` at most.
    pub(crate) fn new(path: Option<PathBuf>, timeout: Duration, clock: Clock) -> Self {
        Self(Arc::new(Place { path, timeout, clock, turns: PerProcess::new() }))
    }
}

impl Place {
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Trouble> {
        let path = self.path.clone();
        let turns = Arc::clone(&**self.turns.get(|| Arc::new(Semaphore::new(1))));
        let running = async {
            let turn = turns.acquire_owned().await.map_err(|_| lost())?;
            let started = run_detached("seekauth-store", move || {
                let _turn = turn;
                work(&Folder::open(path)?)
            });
            let started = started.map_err(|problem| {
                Trouble(format!("no thread for the store: {}", limit::words(&problem)))
            })?;
            started.await.map_err(|_| lost())?
        };
        let late = |_| Err(Trouble("its folder did not respond within `store_timeout`".to_owned()));
        tokio::time::timeout(self.timeout, running).await.unwrap_or_else(late)
    }
}

impl Backend for Local {
    fn kind(&self) -> &'static str {
        "local"
    }

    fn session(&self, _first_step: Duration) -> Arc<dyn Session> {
        Arc::<Place>::clone(&self.0)
    }

    /// A folder does not mind a crowd, and whoever comes first is waited for the least.
    fn spread(&self, _window: Duration) -> Duration {
        Duration::ZERO
    }

    fn poll_interval(&self, looks: u32) -> Duration {
        let full = FIRST_POLL.saturating_mul(1 << looks.min(8)).min(LAST_POLL);
        full / 2 + (full / 2).mul_f64(random::fraction())
    }
}

impl Session for Place {
    fn read<'a>(&'a self, places: &'a [Names]) -> Step<'a, Reading> {
        let places = places.to_vec();
        Box::pin(async move {
            let at = self.clock.now();
            let (found, clock) = self.run(move |folder| look(folder, &places)).await?;
            Ok(reading(found, clock, at))
        })
    }

    fn claim<'a>(&'a self, places: &'a [Names]) -> Step<'a, Claim> {
        let places = places.to_vec();
        Box::pin(async move {
            let at = self.clock.now();
            let work = move |folder: &Folder| {
                let Some(first) = places.first() else { return Ok(None) };
                let Some(taken) = locks::take(folder, &first.token)? else { return Ok(None) };
                // Where no record can be written, nobody is to wait for one.
                folder.check_room()?;
                Ok(Some((taken, look(folder, &places).ok())))
            };
            Ok(match self.run(work).await? {
                None => Claim::Taken,
                Some((taken, found)) => {
                    taken.keep();
                    Claim::Won(found.map(|(found, clock)| reading(found, clock, at)))
                }
            })
        })
    }

    /// The kernel frees it with its process.
    fn lease_lasts(&self) -> Option<Duration> {
        None
    }

    fn extend<'a>(&'a self, _place: &'a Names) -> Step<'a, bool> {
        Box::pin(std::future::ready(Ok(true)))
    }

    fn release<'a>(&'a self, place: &'a Names) -> Step<'a, ()> {
        let name = place.token.clone();
        Box::pin(self.run(move |folder| {
            locks::give_back(&folder.path, &name);
            Ok(())
        }))
    }

    fn publish<'a>(&'a self, place: &'a Names, token: Vec<u8>, life: Duration) -> Step<'a, ()> {
        let file = format!("{}.token", place.token);
        Box::pin(self.run(move |folder| {
            folder.write(&file, &token, life)?;
            folder.sweep();
            Ok(())
        }))
    }

    fn note<'a>(&'a self, place: &'a Names, note: Vec<u8>, life: Duration) -> Step<'a, ()> {
        let file = format!("{}.note", place.note);
        Box::pin(self.run(move |folder| folder.write(&file, &note, life)))
    }
}

/// What lies in these places, and which start of the machine this is.
fn look(folder: &Folder, places: &[Names]) -> Result<(Vec<Found>, String), Trouble> {
    let read = |place: &Names| {
        let token = folder.read(&format!("{}.token", place.token))?;
        let note = folder.read(&format!("{}.note", place.note))?;
        Ok(Found { token, token_stays: None, note })
    };
    Ok((places.iter().map(read).collect::<Result<_, _>>()?, folder::boot()))
}

/// The machine's clock is this process's too, so nothing is lost on the way.
fn reading(found: Vec<Found>, clock: String, at: Moment) -> Reading {
    Reading { found, now: stamp(clock, at), asked: at, answered: at }
}

/// Gives back all that this process holds.
pub(crate) fn forget() {
    locks::forget();
}

/// All processes of a machine have one monotonic clock, until it is started again.
fn stamp(clock: String, at: Moment) -> Stamp {
    Stamp { clock, at_ms: at.monotonic / 1_000_000, wall_ms: at.wall / 1_000_000 }
}

fn lost() -> Trouble {
    Trouble("the thread that looked after its folder ended".to_owned())
}
