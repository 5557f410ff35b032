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

use crate::store::backend::{Backend, Found, Reading, Step, Trouble};
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
pub(crate) struct Local {
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
        Self { path, timeout, clock, turns: PerProcess::new() }
    }

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
        let late = |_| Err(Trouble("its folder did not respond within store_timeout".to_owned()));
        tokio::time::timeout(self.timeout, running).await.unwrap_or_else(late)
    }
}

impl Backend for Local {
    fn kind(&self) -> &'static str {
        "local"
    }

    fn read<'a>(&'a self, names: &'a [(String, String)]) -> Step<'a, Reading> {
        let names = names.to_vec();
        Box::pin(async move {
            let at = self.clock.now();
            let work = move |folder: &Folder| {
                let read = |(token, note): &(String, String)| {
                    let token = folder.read(&format!("{token}.token"))?;
                    Ok(Found { token, note: folder.read(&format!("{note}.note"))? })
                };
                let found = names.iter().map(read).collect::<Result<_, _>>()?;
                Ok((found, folder::boot()))
            };
            let (found, clock) = self.run(work).await?;
            Ok(Reading { found, now: stamp(clock, at), at })
        })
    }

    fn claim<'a>(&'a self, name: &'a str) -> Step<'a, bool> {
        let name = name.to_owned();
        Box::pin(self.run(move |folder| {
            // Where no record can be written, nobody is to wait for one.
            let is_taken = locks::take(folder, &name)?;
            if is_taken {
                folder.check_room().inspect_err(|_| locks::give_back(folder, &name))?;
            }
            Ok(is_taken)
        }))
    }

    fn release<'a>(&'a self, name: &'a str) -> Step<'a, ()> {
        let name = name.to_owned();
        Box::pin(self.run(move |folder| {
            locks::give_back(folder, &name);
            Ok(())
        }))
    }

    fn publish<'a>(&'a self, name: &'a str, token: Vec<u8>, life: Duration) -> Step<'a, ()> {
        let file = format!("{name}.token");
        Box::pin(self.run(move |folder| {
            folder.write(&file, &token, life)?;
            folder.sweep();
            Ok(())
        }))
    }

    fn note<'a>(&'a self, name: &'a str, note: Vec<u8>, life: Duration) -> Step<'a, ()> {
        let file = format!("{name}.note");
        Box::pin(self.run(move |folder| folder.write(&file, &note, life)))
    }

    fn poll_interval(&self, looks: u32) -> Duration {
        let full = FIRST_POLL.saturating_mul(1 << looks.min(8)).min(LAST_POLL);
        full / 2 + (full / 2).mul_f64(random::fraction())
    }
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
