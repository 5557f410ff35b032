//! Which of the ways to give credentials was taken. It has to be one of them, whole and unmixed: a
//! setting that would quietly lose against another is refused.

use std::sync::Arc;
use std::time::Duration;

use crate::credentials::{ClientId, Command, Credentials, Files, Provider};
use crate::error::Error;
use crate::given::Given;
use crate::setting::{self, Setting};

/// The one source of credentials that is given. Asking it may take as long as `timeout`.
pub(crate) fn choose(given: &Given<'_>, timeout: Duration) -> Result<Provider, Error> {
    let sources = [
        (given.provider().is_some(), "a credential provider"),
        named(given, &setting::CREDENTIALS_COMMAND),
        named(given, &setting::CREDENTIALS_FILE),
        named(given, &setting::CLIENT_SECRET_FILE),
        named(given, &setting::CLIENT_SECRET),
    ];
    let mut sources = sources.iter().filter(|(given, _)| *given).map(|(_, name)| *name);
    if let (Some(one), Some(other)) = (sources.next(), sources.next()) {
        return Err(Error::invalid(format!(
            "{one} and {other} are both given; leave one of them out"
        )));
    }
    if let Some(provider) = given.provider() {
        brings_all(given, "the credential provider")?;
        return Ok(Provider::Custom { provider: Arc::clone(provider), timeout });
    }
    if let Some(words) = given.list(&setting::CREDENTIALS_COMMAND) {
        brings_all(given, "the command's output")?;
        let mut words = words.into_iter();
        let program = words.next().ok_or_else(|| {
            setting::CREDENTIALS_COMMAND.refuse("must hold a program, and its arguments")
        })?;
        return Ok(Provider::Command(Command { program, arguments: words.collect(), timeout }));
    }
    if let Some(path) = given.owned(&setting::CREDENTIALS_FILE)? {
        brings_all(given, "the file")?;
        return Ok(Provider::Files(Files::Document(path)));
    }
    given.only_with(&setting::CLIENT_ID_FILE, &setting::CLIENT_SECRET_FILE)?;
    given.only_with(&setting::CLIENT_SECRET_NEXT_FILE, &setting::CLIENT_SECRET_FILE)?;
    given.only_with(&setting::CLIENT_SECRET_NEXT, &setting::CLIENT_SECRET)?;
    match given.owned(&setting::CLIENT_SECRET_FILE)? {
        Some(client_secret) => files(given, client_secret),
        None => texts(given),
    }
}

fn files(given: &Given<'_>, client_secret: String) -> Result<Provider, Error> {
    let client_id = match given.owned(&setting::CLIENT_ID_FILE)? {
        Some(path) => {
            left_out(given, &setting::CLIENT_ID, setting::CLIENT_ID_FILE.name())?;
            ClientId::File(path)
        }
        None => ClientId::Known(credential(given, &setting::CLIENT_ID)?.to_owned()),
    };
    let next = given.owned(&setting::CLIENT_SECRET_NEXT_FILE)?;
    Ok(Provider::Files(Files::Each { client_id, client_secret, next }))
}

fn texts(given: &Given<'_>) -> Result<Provider, Error> {
    let client_id = credential(given, &setting::CLIENT_ID)?;
    let credentials = Credentials::new(client_id, credential(given, &setting::CLIENT_SECRET)?);
    Ok(Provider::Static(if given.has(&setting::CLIENT_SECRET_NEXT) {
        credentials.next_secret(credential(given, &setting::CLIENT_SECRET_NEXT)?)
    } else {
        credentials
    }))
}

fn named(given: &Given<'_>, setting: &Setting) -> (bool, &'static str) {
    (given.has(setting), setting.name())
}

/// Nothing stands beside a source that brings id, secret and next secret.
fn brings_all(given: &Given<'_>, source: &str) -> Result<(), Error> {
    for setting in [
        setting::CLIENT_ID,
        setting::CLIENT_ID_FILE,
        setting::CLIENT_SECRET_NEXT,
        setting::CLIENT_SECRET_NEXT_FILE,
    ] {
        left_out(given, &setting, source)?;
    }
    Ok(())
}

fn left_out(given: &Given<'_>, setting: &Setting, source: &str) -> Result<(), Error> {
    if given.has(setting) {
        Err(setting.refuse(format!("comes from {source}; leave it out")))
    } else {
        Ok(())
    }
}

fn credential<'a>(given: &'a Given<'_>, setting: &Setting) -> Result<&'a str, Error> {
    let Some(text) = given.text(setting)? else {
        return Err(setting.missing("give the credentials that SEEK issued for this environment"));
    };
    if text.trim() != text {
        return Err(setting.refuse("has white space at its beginning or end; remove it"));
    }
    Ok(text)
}
