//! The settings as configured, each read with the checks that its kind asks for. Their meaning
//! together is decided in `resolved` and `credentials`.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use url::{Host, Url};

use crate::config::setting::{self, Setting};
use crate::config::value::{LONGEST, out_of_range};
use crate::config::{Config, Value};
use crate::credentials::{CredentialProvider, holds, invisible};
use crate::error::Error;
use crate::sys::variables::Variables;

pub(crate) struct SettingsReader<'a>(pub(crate) &'a Config);

impl SettingsReader<'_> {
    pub(crate) fn has(&self, setting: &Setting) -> bool {
        self.0.value(setting).is_some()
    }

    /// An error that says what is missing and how to give it.
    pub(crate) fn missing(&self, setting: &Setting, hint: &str) -> Error {
        self.0.prefix().missing(setting, hint)
    }

    pub(crate) fn variables(&self) -> &Variables {
        self.0.given_variables()
    }

    pub(crate) fn provider(&self) -> Option<&Arc<dyn CredentialProvider>> {
        self.0.provider()
    }

    pub(crate) fn url(&self, setting: &Setting) -> Result<Option<Url>, Error> {
        let Some(text) = self.text(setting)? else { return Ok(None) };
        // The parser would drop white space in silence, and the URL would be another than configured.
        if text.contains(char::is_whitespace) {
            return Err(setting.invalid("must not hold white space"));
        }
        let url = Url::parse(text)
            .map_err(|problem| setting.invalid(format!("must be an absolute URL: {problem}")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                setting.invalid("must not hold credentials; use `client_id` and `client_secret`")
            );
        }
        if url.fragment().is_some() {
            return Err(setting.invalid("must not have a fragment"));
        }
        if *setting != setting::TOKEN_URL && url.query().is_some() {
            return Err(setting.invalid("must not have a query"));
        }
        match url.scheme() {
            "https" => Ok(Some(url)),
            "http" if is_loopback(&url) => Ok(Some(url)),
            _ => Err(setting.invalid("must be https (http only for a loopback address)")),
        }
    }

    /// A text setting without control characters, or nothing when it is not given.
    pub(crate) fn text(&self, setting: &Setting) -> Result<Option<&str>, Error> {
        match self.0.value(setting) {
            Some(Value::Text(text)) if text.is_empty() => Err(setting.invalid("must not be empty")),
            Some(Value::Text(text)) if text.contains(char::is_control) => {
                Err(setting.invalid("must not hold control characters, such as a line end"))
            }
            Some(Value::Text(text)) => Ok(Some(text.as_str())),
            _ => Ok(None),
        }
    }

    /// A path, made absolute: a daemon changes its working directory after it has made its client.
    pub(crate) fn path(&self, setting: &Setting) -> Result<Option<String>, Error> {
        self.text(setting)?.map(|path| absolute(setting, path)).transpose()
    }

    /// A text that is sent as it is, so that nothing may be in it that nobody sees.
    pub(crate) fn visible(&self, setting: &Setting) -> Result<Option<&str>, Error> {
        let text = self.text(setting)?;
        match text.and_then(invisible) {
            Some(letter) => Err(setting.invalid(holds(letter))),
            None => Ok(text),
        }
    }

    pub(crate) fn list(&self, setting: &Setting) -> Option<Vec<String>> {
        match self.0.value(setting) {
            Some(Value::List(list)) => Some(list.clone()),
            _ => None,
        }
    }

    pub(crate) fn flag(&self, setting: &Setting) -> bool {
        matches!(self.0.value(setting), Some(Value::Flag(true)))
    }

    pub(crate) fn duration(&self, setting: &Setting) -> Result<Option<Duration>, Error> {
        match self.0.value(setting) {
            Some(Value::Duration(duration)) if *duration > LONGEST => {
                Err(out_of_range(&setting.mention()))
            }
            Some(Value::Duration(duration)) => Ok(Some(*duration)),
            _ => Ok(None),
        }
    }

    /// A length of time that must not be zero.
    pub(crate) fn wait(&self, setting: &Setting) -> Result<Option<Duration>, Error> {
        match self.duration(setting)? {
            Some(Duration::ZERO) => Err(setting.invalid("must be more than 0")),
            wait => Ok(wait),
        }
    }

    /// One of several names; the first when none is given.
    pub(crate) fn one_of<T: Copy>(
        &self,
        setting: &Setting,
        choices: &[T],
        name: fn(T) -> &'static str,
    ) -> Result<T, Error> {
        let given = self.text(setting)?;
        let chosen = match given {
            None => choices.first(),
            Some(text) => choices.iter().find(|choice| name(**choice) == text),
        };
        chosen.copied().ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|choice| name(*choice)).collect();
            setting.invalid(format!("must be {}", names.join(" or ")))
        })
    }

    pub(crate) fn only_for(
        &self,
        setting: &Setting,
        applies: bool,
        services: &str,
    ) -> Result<(), Error> {
        if applies || !self.has(setting) {
            Ok(())
        } else {
            Err(setting.invalid(format!("applies to {services} only; leave it out")))
        }
    }

    pub(crate) fn only_with(&self, setting: &Setting, other: &Setting) -> Result<(), Error> {
        if self.has(setting) && !self.has(other) {
            Err(setting.invalid(format!("goes with {}; give that too", other.mention())))
        } else {
            Ok(())
        }
    }
}

/// The path as it is seen from everywhere.
pub(crate) fn absolute(setting: &Setting, path: &str) -> Result<String, Error> {
    let unknown =
        || setting.invalid("is relative to a folder that cannot be told; write all of it");
    let path = std::path::absolute(path).map_err(|_| unknown())?;
    path.into_os_string().into_string().map_err(|_| unknown())
}

/// Whether it leads to this machine, by its letters.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => Ipv4Addr::is_loopback(&address),
        Some(Host::Ipv6(address)) => Ipv6Addr::is_loopback(&address),
        None => false,
    }
}
