//! Which source of credentials was configured. It has to be one of them, whole and unmixed: a
//! setting that would quietly lose against another is refused.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::reader::{SettingsReader, absolute};
use crate::config::setting::{self, Setting};
use crate::credentials::{
    ClientId, Command, Credentials, CredentialsSource, Files, Named, SettingPath,
};
use crate::error::Error;
use crate::sys::time_limit::TimeLimit;

/// The one source of credentials that is given. Asking it may take as long as `timeout`.
pub(crate) fn from_settings(
    reader: &SettingsReader<'_>,
    timeout: TimeLimit,
) -> Result<CredentialsSource, Error> {
    let sources = [
        (reader.provider().is_some(), "a credential provider".to_owned()),
        named(reader, &setting::CREDENTIALS_COMMAND),
        named(reader, &setting::CREDENTIALS_FILE),
        named(reader, &setting::CLIENT_SECRET_FILE),
        named(reader, &setting::CLIENT_SECRET),
    ];
    let mut sources = sources.iter().filter(|(is_given, _)| *is_given).map(|(_, name)| name);
    if let (Some(one), Some(other)) = (sources.next(), sources.next()) {
        return Err(Error::invalid(format!(
            "{one} and {other} are both given; leave one of them out"
        )));
    }
    if let Some(provider) = reader.provider() {
        brings_all(reader, "the credential provider")?;
        return Ok(CredentialsSource::Custom { provider: Arc::clone(provider), timeout });
    }
    if let Some(words) = reader.list(&setting::CREDENTIALS_COMMAND) {
        brings_all(reader, "the command's output")?;
        let mut words = words.into_iter();
        let program = words.next().ok_or_else(|| {
            setting::CREDENTIALS_COMMAND.invalid("must hold a program, and its arguments")
        })?;
        // A bare name is looked for in PATH when it is run.
        let program = if program.contains(std::path::is_separator) {
            absolute(&setting::CREDENTIALS_COMMAND, &program)?
        } else {
            program
        };
        let command = Command::new(program, words.collect(), timeout, reader.variables().clone());
        return Ok(CredentialsSource::Command(command));
    }
    if let Some(file) = file(reader, &setting::CREDENTIALS_FILE)? {
        brings_all(reader, "the file")?;
        return Ok(CredentialsSource::Files(Files::new(Named::Document(file), timeout)));
    }
    reader.only_with(&setting::CLIENT_ID_FILE, &setting::CLIENT_SECRET_FILE)?;
    reader.only_with(&setting::CLIENT_SECRET_NEXT_FILE, &setting::CLIENT_SECRET_FILE)?;
    reader.only_with(&setting::CLIENT_SECRET_NEXT, &setting::CLIENT_SECRET)?;
    match file(reader, &setting::CLIENT_SECRET_FILE)? {
        Some(client_secret) => {
            let named = files(reader, client_secret)?;
            Ok(CredentialsSource::Files(Files::new(named, timeout)))
        }
        None => texts(reader),
    }
}

fn file(reader: &SettingsReader<'_>, setting: &Setting) -> Result<Option<SettingPath>, Error> {
    let path = reader.path(setting)?.map(PathBuf::from);
    Ok(path.map(|path| SettingPath { setting: setting.name(), path }))
}

fn files(reader: &SettingsReader<'_>, client_secret: SettingPath) -> Result<Named, Error> {
    let client_id = match file(reader, &setting::CLIENT_ID_FILE)? {
        Some(file) => {
            left_out(reader, &setting::CLIENT_ID, &setting::CLIENT_ID_FILE.mention())?;
            ClientId::File(file)
        }
        None => ClientId::Known(credential(reader, &setting::CLIENT_ID)?.to_owned()),
    };
    let next = file(reader, &setting::CLIENT_SECRET_NEXT_FILE)?;
    Ok(Named::Each { client_id, client_secret, next })
}

fn texts(reader: &SettingsReader<'_>) -> Result<CredentialsSource, Error> {
    let client_id = credential(reader, &setting::CLIENT_ID)?;
    let credentials = Credentials::new(client_id, credential(reader, &setting::CLIENT_SECRET)?);
    Ok(CredentialsSource::Static(if reader.has(&setting::CLIENT_SECRET_NEXT) {
        credentials.next_secret(credential(reader, &setting::CLIENT_SECRET_NEXT)?)
    } else {
        credentials
    }))
}

fn named(reader: &SettingsReader<'_>, setting: &Setting) -> (bool, String) {
    (reader.has(setting), setting.mention())
}

/// Nothing stands beside a source that brings id, secret and next secret.
fn brings_all(reader: &SettingsReader<'_>, source: &str) -> Result<(), Error> {
    for setting in [
        setting::CLIENT_ID,
        setting::CLIENT_ID_FILE,
        setting::CLIENT_SECRET_NEXT,
        setting::CLIENT_SECRET_NEXT_FILE,
    ] {
        left_out(reader, &setting, source)?;
    }
    Ok(())
}

fn left_out(reader: &SettingsReader<'_>, setting: &Setting, source: &str) -> Result<(), Error> {
    if reader.has(setting) {
        Err(setting.invalid(format!("comes from {source}; leave it out")))
    } else {
        Ok(())
    }
}

fn credential<'a>(reader: &'a SettingsReader<'_>, setting: &Setting) -> Result<&'a str, Error> {
    let Some(text) = reader.visible(setting)? else {
        return Err(
            reader.missing(setting, "give the credentials that SEEK issued for this environment")
        );
    };
    if text.trim() != text {
        return Err(setting.invalid("has white space at its beginning or end; remove it"));
    }
    Ok(text)
}
