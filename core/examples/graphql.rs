//! Asks the SEEK API who you are, with the settings from the environment:
//!
//! ```sh
//! SEEKAUTH_SERVICE=seek_api SEEKAUTH_ENVIRONMENT=playground SEEKAUTH_CLIENT_ID=… SEEKAUTH_CLIENT_SECRET=… \
//!     SEEKAUTH_USER_AGENT=YourApplication/1.2.3 cargo run --example graphql
//! ```

use seekauth::{Client, Config, Graphql};

#[tokio::main]
async fn main() -> Result<(), seekauth::Error> {
    let client = Client::new(Config::from_env()?)?;
    let response = client.graphql(Graphql::new("{ self { partner { name } } }")).await?;
    println!("{}", response.text());
    Ok(())
}
