//! The command `seekauth` as this package runs it.

use napi_derive::napi;
use seekauth::binding::{Language, Variables};
use seekauth::doctor::Fact;
use seekauth_cli::{Host, run};

/// Runs the command and returns its exit code. `facts` are what the package knows of the process, and
/// `authorities` those of Node in PEM form, for systems that have none. It writes to the process's own
/// standard output, and the event loop stands still meanwhile: the process has nothing else to do.
#[napi]
pub fn run_command(
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    facts: Vec<(String, String)>,
    authorities: String,
) -> u32 {
    let host = Host {
        variables: Variables::given(variables),
        configure: Box::new(|config| {
            config.language(Language::Node).fallback_authorities(authorities.into_bytes())
        }),
        facts: facts.into_iter().map(|(name, value)| Fact { name, value }).collect(),
    };
    run(arguments.into_iter().map(Into::into).collect(), host).into()
}
