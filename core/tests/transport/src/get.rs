//! Asks for one token with the settings of its environment and prints what came of it: a program
//! for tests of what the environment means.

use std::process::ExitCode;

use seekauth::Config;

fn main() -> ExitCode {
    match Config::from_env().and_then(seekauth_transport::get) {
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
