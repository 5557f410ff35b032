//! The right to ask for all. It is given back in any case: a flight may end in the middle, with its
//! client.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::store::backend::{Backend, Trouble};

pub(crate) struct Lease {
    backend: Arc<dyn Backend>,
    name: Option<String>,
}

impl Lease {
    /// The lease of `name`, unless somebody has it.
    pub(crate) async fn claim(
        backend: &Arc<dyn Backend>,
        name: &str,
    ) -> Result<Option<Self>, Trouble> {
        let taken = backend.claim(name).await?;
        Ok(taken.then(|| Self { backend: Arc::clone(backend), name: Some(name.to_owned()) }))
    }

    /// Gives it back.
    pub(crate) async fn give_back(mut self) -> Result<(), Trouble> {
        if let Some(name) = self.name.clone() {
            self.backend.release(&name).await?;
            self.name = None;
        }
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let (Some(name), Ok(runtime)) = (self.name.take(), Handle::try_current()) {
            let backend = Arc::clone(&self.backend);
            // What fails ends by itself, at the latest with the process.
            runtime.spawn(async move { drop(backend.release(&name).await) });
        }
    }
}
