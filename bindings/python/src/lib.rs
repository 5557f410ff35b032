//! The Python binding of seekauth: `seekauth._native`. It turns Python values into the core's and the
//! core's results and errors into Python's; every default, rule and message is the core's. The package
//! that users import, and all that needs `async def`, is in `python/seekauth`.

mod attributes;
mod auth_flow;
mod authorization;
mod call;
mod client;
mod command;
mod credentials;
mod error;
mod event;
mod fake;
mod graphql;
mod greenlets;
mod interpreter;
mod listener;
#[cfg(feature = "manual-clock")]
mod manual_clock;
mod modules;
mod panic;
mod settings;
mod stats;
mod store_status;
mod token;

use std::alloc::System;

use pyo3::prelude::*;
use pyo3::wrap_pyfunction;
use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: HTTP and TLS hold secrets in buffers of their own.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

/// The native half of seekauth. Import `seekauth` instead: names here may change between releases.
#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    interpreter::check_main(module.py())?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("ERROR_KINDS", error::table(module.py())?)?;
    module.add("SETTINGS", settings::table(module.py())?)?;
    module.add_class::<client::Client>()?;
    module.add_class::<credentials::Credentials>()?;
    module.add_class::<call::CancelHandle>()?;
    module.add_class::<auth_flow::AuthFlow>()?;
    module.add_class::<auth_flow::Inspection>()?;
    module.add_class::<event::Event>()?;
    module.add_class::<fake::Fake>()?;
    module.add_class::<listener::EventListener>()?;
    module.add_class::<stats::Stats>()?;
    module.add_class::<stats::TokenStats>()?;
    module.add_class::<store_status::StoreStatus>()?;
    module.add_class::<token::Token>()?;
    module.add_function(wrap_pyfunction!(modules::first_import, module)?)?;
    module.add_function(wrap_pyfunction!(graphql::is_header, module)?)?;
    module.add_function(wrap_pyfunction!(command::run_command, module)?)?;
    let finalize = wrap_pyfunction!(interpreter::finalize, module)?;
    module.py().import("atexit")?.call_method1("register", (finalize,))?;
    interpreter::guard_forks(module)?;
    #[cfg(feature = "manual-clock")]
    manual_clock::add_to(module)?;
    Ok(())
}
