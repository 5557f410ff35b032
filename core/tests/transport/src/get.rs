//! Asks for one token with the settings of its environment and prints what came of it: a program
//! for tests of what the environment means.

use std::process::ExitCode;

use seekauth::Config;

fn main() -> ExitCode {
    let config = Config::from_env().map(|config| {
        // What a binding brings along for systems that have none.
        match std::env::var("FALLBACK_AUTHORITIES").map(std::fs::read) {
            Ok(Ok(pem)) => config.fallback_authorities(pem),
            _ => config,
        }
    });
    match config.and_then(seekauth_transport::get) {
        Ok(token) => {
            println!("{token}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{}: {error}", error.kind());
            ExitCode::FAILURE
        }
    }
}
