//! Credentials from a function that blocks, such as a callback into another language.

use std::error::Error;
use std::sync::Arc;

use crate::credentials::one_at_a_time::OneAtATime;
use crate::credentials::{CredentialProvider, Credentials, Provided};

pub(crate) struct CallbackProvider<F> {
    ask: Arc<F>,
    calls: OneAtATime,
}

impl<F> CallbackProvider<F>
where
    F: Fn() -> Result<Credentials, Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
{
    pub(crate) fn new(ask: F) -> Self {
        Self { ask: Arc::new(ask), calls: OneAtATime::new() }
    }
}

impl<F> CredentialProvider for CallbackProvider<F>
where
    F: Fn() -> Result<Credentials, Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
{
    fn credentials(&self) -> Provided<'_> {
        let ask = Arc::clone(&self.ask);
        Box::pin(async move {
            self.calls.turn().await.run("seekauth-credentials", move || ask()).await?
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, mpsc};
    use std::task::{Context, Waker};

    use super::*;

    fn is_pending(future: &mut Provided<'_>) -> bool {
        future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    #[tokio::test]
    async fn a_call_that_hangs_is_the_only_one() {
        let (open, gate) = mpsc::channel();
        let (gate, calls) = (Mutex::new(gate), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&calls);
        let blocking = CallbackProvider::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            gate.lock().map_err(|_| "poisoned")?.recv()?;
            Ok(Credentials::new("a", "b"))
        });
        let mut first = blocking.credentials();
        while calls.load(Ordering::SeqCst) == 0 {
            assert!(is_pending(&mut first));
            tokio::task::yield_now().await;
        }
        // Its caller has no more time; the next one waits for the thread that is there.
        drop(first);
        let mut second = blocking.credentials();
        assert!(is_pending(&mut second));
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        open.send(()).unwrap();
        open.send(()).unwrap();
        assert!(second.await.is_ok());
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    }
}
