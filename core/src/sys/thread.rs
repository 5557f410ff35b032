//! Work that blocks, on a thread of its own: the library's one worker must not wait for it, and a runtime
//! that ends waits for what runs on its blocking threads, which would hold up the end of the program.

use std::io;
use std::thread;

use tokio::sync::oneshot;

use crate::signals;

/// Does `work` on a thread of this name, and says where its result will arrive; work that panics sends
/// none. Fails when the system refuses the thread.
pub(crate) fn aside<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<oneshot::Receiver<T>> {
    let (sender, receiver) = oneshot::channel();
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        signals::block();
        // Nobody listens any more once the time is over.
        let _ = sender.send(work());
    })?;
    Ok(receiver)
}
