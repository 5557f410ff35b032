//! Small files that go with the store, read anew each time and not by the worker.

use std::path::PathBuf;
use std::time::Duration;

use crate::store::backend::Trouble;
use crate::sys::limit;
use crate::sys::regular_file::{self, Unread};
use crate::sys::secret::Secret;
use crate::sys::thread::run_detached;

const LIMIT: usize = 64 * 1024;

/// The text of the file that `setting` names, without white space around it.
pub(crate) async fn read(
    path: &str,
    setting: &'static str,
    allowed: Duration,
) -> Result<Secret, Trouble> {
    let path = PathBuf::from(path);
    let trouble = |problem: String| Trouble(format!("`{setting}` {problem}"));
    let reading = run_detached("seekauth-store", move || regular_file::read(&path, LIMIT));
    let reading = reading.map_err(|problem| trouble(limit::words(&problem)))?;
    let bytes = match tokio::time::timeout(allowed, reading).await {
        Ok(Ok(Ok(bytes))) => bytes,
        Ok(Ok(Err(Unread::System(problem)))) => {
            return Err(trouble(format!("cannot be read: {}", limit::words(&problem))));
        }
        Ok(Ok(Err(Unread::NotRegular | Unread::TooLong))) => {
            return Err(trouble("is not a regular file of up to 64 KiB".to_owned()));
        }
        Ok(Err(_)) | Err(_) => return Err(trouble("could not be read in time".to_owned())),
    };
    let text = std::str::from_utf8(&bytes).map(str::trim);
    text.map(Secret::new).map_err(|_| trouble("is not text".to_owned()))
}
