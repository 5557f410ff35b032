//! The settings from the environment in a program without asynchronous Rust, and the header for an HTTP client of its
//! own. Prints what may be shown: how long the token is good for.

use seekauth::{Config, blocking};

fn main() -> Result<(), seekauth::Error> {
    let client = blocking::Client::new(Config::from_env()?)?;
    let token = client.get_token(None)?;
    let header = token.authorization(); // "Bearer …"
    println!("{} characters, good for {:?}", header.len(), token.remaining());
    Ok(())
}
