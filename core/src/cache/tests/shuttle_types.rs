//! What Shuttle does not have itself: the real thing, with a switch point for the other threads before each
//! operation. Each operation takes effect at one moment, so no order is missed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use shuttle::sync::atomic::AtomicU64;

/// Lets other threads run, as many as Shuttle likes.
pub(crate) fn switch_point() {
    AtomicU64::new(0).load(Ordering::SeqCst);
}

#[derive(Debug)]
pub(crate) struct ArcSwapOption<T>(arc_swap::ArcSwapOption<T>);

impl<T> ArcSwapOption<T> {
    pub(crate) fn empty() -> Self {
        Self(arc_swap::ArcSwapOption::empty())
    }

    pub(crate) fn load(&self) -> arc_swap::Guard<Option<Arc<T>>> {
        switch_point();
        self.0.load()
    }

    pub(crate) fn load_full(&self) -> Option<Arc<T>> {
        switch_point();
        self.0.load_full()
    }

    pub(crate) fn store(&self, value: Option<Arc<T>>) {
        switch_point();
        self.0.store(value);
    }
}

pub(crate) mod watch {
    use tokio::sync::watch;
    use tokio::sync::watch::Ref;
    use tokio::sync::watch::error::RecvError;

    use super::switch_point;

    #[derive(Debug)]
    pub(crate) struct Sender<T>(watch::Sender<T>);

    #[derive(Debug, Clone)]
    pub(crate) struct Receiver<T>(watch::Receiver<T>);

    pub(crate) fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = watch::channel(value);
        (Sender(sender), Receiver(receiver))
    }

    impl<T> Sender<T> {
        pub(crate) fn send_replace(&self, value: T) -> T {
            switch_point();
            self.0.send_replace(value)
        }

        pub(crate) fn receiver_count(&self) -> usize {
            switch_point();
            self.0.receiver_count()
        }
    }

    impl<T> Receiver<T> {
        pub(crate) fn has_changed(&self) -> Result<bool, RecvError> {
            switch_point();
            self.0.has_changed()
        }

        pub(crate) fn borrow_and_update(&mut self) -> Ref<'_, T> {
            switch_point();
            self.0.borrow_and_update()
        }

        pub(crate) async fn changed(&mut self) -> Result<(), RecvError> {
            switch_point();
            self.0.changed().await
        }
    }
}
