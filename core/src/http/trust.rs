//! Whom TLS trusts, as the files say now. They are looked at for each new connection, on a thread
//! of its own and for a bounded time, and read again when they have changed; connections that are
//! open stay. Files that cannot be read are an error where nothing was read before, and never a
//! smaller set of authorities.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;
use rustls::ClientConfig;

use crate::config::ResolvedConfig;
use crate::error::{Error, ErrorKind};
use crate::http::files::Snapshot;
use crate::http::tls;
use crate::sys::shared_work::SharedWork;

/// How long the files may take when something was read before that can be used instead.
const GLANCE: Duration = Duration::from_secs(1);
/// How often they are looked at to see whether a failure may be gone.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// What a server is offered in its TLS handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versions {
    Http2And1,
    Http1,
}

/// Belongs into a `PerProcess` cell.
pub(crate) struct Trust {
    config: Arc<ResolvedConfig>,
    look: SharedWork<(), Result<Arc<Loaded>, Error>>,
    glance: SharedWork<(), Snapshot>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    loaded: Option<Arc<Loaded>>,
    /// The files with which TLS failed, and when they are worth another look.
    failed: Option<(Snapshot, Instant)>,
}

/// The files as they were read at one time.
pub(crate) struct Mark(Option<Arc<Loaded>>);

struct Loaded {
    files: Snapshot,
    tls: Arc<ClientConfig>,
    tls_http1: OnceCell<Arc<ClientConfig>>,
}

impl Trust {
    pub(crate) fn new(config: Arc<ResolvedConfig>) -> Self {
        Self {
            config,
            look: SharedWork::new("seekauth-trust", 2),
            glance: SharedWork::new("seekauth-files", 2),
            state: Mutex::default(),
        }
    }

    /// The configuration of the next connection. Waits for files without end where none were read
    /// before; the caller sets the bound.
    pub(crate) async fn config(&self, versions: Versions) -> Result<Arc<ClientConfig>, Error> {
        let before = self.state(|state| state.loaded.clone());
        let (config, known) = (Arc::clone(&self.config), before.clone());
        let look = self.look.join(&(), move || look(&config, known));
        let found = match &before {
            Some(_) => tokio::time::timeout(GLANCE, look).await.ok(),
            None => Some(look.await),
        };
        let loaded = match (found, before) {
            (Some(Ok(Ok(loaded))), _) => loaded,
            // Half-replaced files, too few descriptors, a mount that hangs: what was read stands.
            (_, Some(before)) => return Ok(before.config(versions)),
            (Some(Ok(Err(error))), None) => return Err(error),
            (Some(Err(problem)), None) => return Err(unread(&problem.to_string())),
            (None, None) => return Err(unread("no result")),
        };
        self.state(|state| state.loaded = Some(Arc::clone(&loaded)));
        Ok(loaded.config(versions))
    }

    /// What is known now.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.state(|state| state.loaded.clone()))
    }

    /// Whether the files have been replaced since, and could be read.
    pub(crate) async fn has_changed_since(&self, mark: &Mark) -> bool {
        let looked = tokio::time::timeout(GLANCE, self.config(Versions::Http2And1)).await;
        let now = self.state(|state| state.loaded.clone());
        let same = match (&mark.0, &now) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            // What was read for the first time was as new as could be.
            _ => true,
        };
        matches!(looked, Ok(Ok(_))) && !same
    }

    /// Remembers with which files TLS failed for good.
    pub(crate) async fn note_failure(&self) {
        if let Some(files) = self.files_now().await {
            let next = Instant::now() + CHECK_INTERVAL;
            self.state(|state| state.failed = Some((files, next)));
        }
    }

    /// TLS works.
    pub(crate) fn note_success(&self) {
        self.state(|state| state.failed = None);
    }

    /// Whether the files have changed since TLS failed. They are looked at once a second at most.
    pub(crate) async fn failure_may_be_gone(&self) -> bool {
        let is_time = self.state(|state| match &mut state.failed {
            Some((_, next)) if *next <= Instant::now() => {
                *next = Instant::now() + CHECK_INTERVAL;
                true
            }
            _ => false,
        });
        if !is_time {
            return false;
        }
        let Some(files) = self.files_now().await else { return false };
        self.state(|state| state.failed.take_if(|(failed, _)| *failed != files).is_some())
    }

    async fn files_now(&self) -> Option<Snapshot> {
        let config = Arc::clone(&self.config);
        let glance = self.glance.join(&(), move || Snapshot::take(&tls::paths(&config)));
        tokio::time::timeout(GLANCE, glance).await.ok()?.ok()
    }

    /// Held for moments only, and nothing under it can panic.
    fn state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Loaded {
    fn config(&self, versions: Versions) -> Arc<ClientConfig> {
        if versions == Versions::Http2And1 {
            return Arc::clone(&self.tls);
        }
        let http1 = self.tls_http1.get_or_init(|| {
            let mut config = ClientConfig::clone(&self.tls);
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Arc::new(config)
        });
        Arc::clone(http1)
    }
}

fn look(config: &ResolvedConfig, known: Option<Arc<Loaded>>) -> Result<Arc<Loaded>, Error> {
    // Before they are read: what changes in between is noticed the next time.
    let files = Snapshot::take(&tls::paths(config));
    if let Some(known) = known.filter(|known| known.files == files) {
        return Ok(known);
    }
    let tls = Arc::new(tls::config(config)?);
    Ok(Arc::new(Loaded { files, tls, tls_http1: OnceCell::new() }))
}

fn unread(problem: &str) -> Error {
    Error::new(
        ErrorKind::Network,
        format!("the files with certificate authorities could not be read: {problem}"),
    )
}
