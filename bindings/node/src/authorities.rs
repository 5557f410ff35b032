//! Node's own certificate authorities, for systems that have none. JavaScript is asked for them only
//! where that is so: it takes longer to load them than to make a client.

use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use napi::bindgen_prelude::Either6;
use napi_derive::napi;

use crate::call::Recipient;

type Bundle = Arc<[u8]>;

/// How long the event loop may be busy with other things meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same in all threads of JavaScript.
static BUNDLE: OnceLock<Bundle> = OnceLock::new();

/// Asks `recipient` once in a process, and waits for it.
pub(crate) fn of_node(recipient: Recipient) -> impl Fn() -> Option<Bundle> + Send + Sync + 'static {
    move || {
        if let Some(bundle) = BUNDLE.get() {
            return Some(Arc::clone(bundle));
        }
        let (sender, answer) = mpsc::sync_channel(1);
        recipient.send(Either6::D(AuthoritiesRequest { sender: Some(sender) }));
        // The end of the environment drops the request, and so does the end of the last call.
        let bundle = answer.recv_timeout(PATIENCE).ok()?;
        Some(Arc::clone(BUNDLE.get_or_init(|| bundle)))
    }
}

/// One request for the authorities. It fails when it is dropped.
#[napi]
pub struct AuthoritiesRequest {
    sender: Option<SyncSender<Bundle>>,
}

#[napi]
impl AuthoritiesRequest {
    /// Provides them in PEM form.
    #[napi]
    pub fn provide(&mut self, pem: String) {
        if let Some(sender) = self.sender.take() {
            // The receiver is gone once the time is over.
            let _ = sender.try_send(pem.into_bytes().into());
        }
    }
}
