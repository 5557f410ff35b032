//! Credentials from functions of the program's own: what each of them gives out is told by the
//! driver, before the client is made or after.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use seekauth::{Config, CredentialProvider, Credentials, Provided};

use crate::ask::{Ask, Result};

/// The functions by their names.
#[derive(Default)]
pub(crate) struct Providers(HashMap<String, Source>);

/// What one of them gives out from now on, and how often it was called.
#[derive(Clone, Default)]
struct Source(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    gives: Option<Result<Credentials, String>>,
    hangs: bool,
    calls: u64,
}

impl Source {
    fn state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn hangs(&self) -> bool {
        self.state(|state| state.hangs)
    }

    fn ask(&self) -> Result<Credentials, Box<dyn Error + Send + Sync>> {
        self.state(|state| {
            state.calls += 1;
            match &state.gives {
                Some(Ok(credentials)) => Ok(credentials.clone()),
                Some(Err(text)) => Err(text.as_str().into()),
                None => Err("nothing was provided".into()),
            }
        })
    }
}

impl CredentialProvider for Source {
    fn credentials(&self) -> Provided<'_> {
        Box::pin(async {
            if self.hangs() {
                std::future::pending::<()>().await;
            }
            // So that its answer is not there at once.
            tokio::task::yield_now().await;
            self.ask()
        })
    }
}

impl Providers {
    /// Gives the client the function that it asks for, if it does.
    pub(crate) fn install(&mut self, config: Config, ask: Ask<'_>) -> Config {
        let Some(name) = ask.some("provider") else { return config };
        let source = self.source(name);
        if ask.is("provider_async") {
            config.credentials_from(source)
        } else {
            config.credentials_from_blocking(move || {
                while source.hangs() {
                    thread::park();
                }
                source.ask()
            })
        }
    }

    /// From now on the function gives this.
    pub(crate) fn provide(&mut self, ask: Ask<'_>) -> Result<()> {
        let gives = if let Some(text) = ask.some("fail") {
            Err(text.to_owned())
        } else {
            let one = Credentials::new(ask.text("client_id")?, ask.text("client_secret")?);
            Ok(match ask.some("client_secret_next") {
                Some(other) => one.next_secret(other),
                None => one,
            })
        };
        let hangs = ask.is("hang");
        self.source(ask.text("name")?).state(|state| {
            state.gives = Some(gives);
            state.hangs = hangs;
        });
        Ok(())
    }

    /// How often the function was called.
    pub(crate) fn calls(&mut self, ask: Ask<'_>) -> Result<u64> {
        Ok(self.source(ask.text("name")?).state(|state| state.calls))
    }

    fn source(&mut self, name: &str) -> Source {
        self.0.entry(name.to_owned()).or_default().clone()
    }
}
