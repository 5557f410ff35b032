//! Credentials from a function that blocks, such as a callback into another language. It runs on a
//! thread of its own, for the library's one worker must not wait for it.

use std::error::Error;
use std::sync::Arc;
use std::thread;

use tokio::sync::oneshot;

use crate::credentials::{CredentialProvider, Credentials, Provided};
use crate::signals;

pub(crate) struct Blocking<F>(Arc<F>);

impl<F> Blocking<F>
where
    F: Fn() -> Result<Credentials, Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
{
    pub(crate) fn new(ask: F) -> Self {
        Self(Arc::new(ask))
    }
}

impl<F> CredentialProvider for Blocking<F>
where
    F: Fn() -> Result<Credentials, Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
{
    fn credentials(&self) -> Provided<'_> {
        let ask = Arc::clone(&self.0);
        Box::pin(async move {
            let (sender, receiver) = oneshot::channel();
            let run = move || {
                signals::block();
                // Nobody listens any more once the time is over.
                let _ = sender.send(ask());
            };
            thread::Builder::new().name("seekauth-credentials".to_owned()).spawn(run)?;
            // A function that panicked sends nothing.
            receiver.await?
        })
    }
}
