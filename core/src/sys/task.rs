//! How a task is started on the runtime of whoever starts it. The unit tests under `--cfg shuttle`
//! start those of the model checker Shuttle.

#[cfg(all(test, shuttle))]
pub(crate) use shuttle::future::spawn;
#[cfg(not(all(test, shuttle)))]
pub(crate) use tokio::spawn;
