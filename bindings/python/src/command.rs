//! The command `seekauth` as this package runs it.

use std::ffi::OsString;

use pyo3::prelude::*;
use seekauth::binding::{Language, Variables};
use seekauth::doctor::Fact;
use seekauth_cli::{Host, run};

use crate::client::certifis_authorities;
use crate::panic::guard;

/// Runs the command and returns its exit code. `facts` are what is known of the process.
///
/// It writes to the process's own standard output, and waits without the interpreter lock.
#[pyfunction]
pub(crate) fn run_command(
    py: Python<'_>,
    arguments: Vec<OsString>,
    facts: Vec<(String, String)>,
) -> PyResult<u8> {
    guard(py, || {
        let authorities = certifis_authorities(py)?;
        let facts = facts.into_iter().map(|(name, value)| Fact { name, value }).collect();
        Ok(py.detach(|| {
            let host = Host {
                variables: Variables::of_process(),
                configure: Box::new(|config| {
                    let config = config.language(Language::Python);
                    match authorities {
                        Some(pem) => config.fallback_authorities(pem),
                        None => config,
                    }
                }),
                facts,
            };
            run(arguments, host)
        }))
    })
}
