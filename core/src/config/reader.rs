//! The settings as they were given, each read with the checks that its kind asks for. What the settings
//! mean together is for `profile` and `credentials` to say.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use url::{Host, Url};

use crate::config::Config;
use crate::credentials::CredentialProvider;
use crate::error::Error;
use crate::setting::{self, Setting, Value, duration_from_seconds};

pub(crate) struct Given<'a>(pub(crate) &'a Config);

impl Given<'_> {
    pub(crate) fn has(&self, setting: &Setting) -> bool {
        self.0.value(setting).is_some()
    }

    pub(crate) fn provider(&self) -> Option<&Arc<dyn CredentialProvider>> {
        self.0.provider()
    }

    pub(crate) fn url(&self, setting: &Setting) -> Result<Option<Url>, Error> {
        let Some(text) = self.text(setting)? else { return Ok(None) };
        // The parser would quietly drop white space; whoever put it there meant something else.
        if text.contains(char::is_whitespace) {
            return Err(setting.refuse("must not hold white space"));
        }
        let url = Url::parse(text)
            .map_err(|problem| setting.refuse(format!("must be an absolute URL: {problem}")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                setting.refuse("must not hold credentials; use client_id and client_secret")
            );
        }
        if url.fragment().is_some() {
            return Err(setting.refuse("must not have a fragment"));
        }
        if *setting != setting::TOKEN_URL && url.query().is_some() {
            return Err(setting.refuse("must not have a query"));
        }
        match url.scheme() {
            "https" => Ok(Some(url)),
            "http" if is_loopback(&url) => Ok(Some(url)),
            _ => Err(setting.refuse("must be https (http only for a loopback address)")),
        }
    }

    /// A text setting without control characters, or nothing when it is not given.
    pub(crate) fn text(&self, setting: &Setting) -> Result<Option<&str>, Error> {
        match self.0.value(setting) {
            Some(Value::Text(text)) if text.is_empty() => Err(setting.refuse("must not be empty")),
            Some(Value::Text(text)) if text.contains(char::is_control) => {
                Err(setting.refuse("must not hold control characters, such as a line end"))
            }
            Some(Value::Text(text)) => Ok(Some(text)),
            _ => Ok(None),
        }
    }

    pub(crate) fn owned(&self, setting: &Setting) -> Result<Option<String>, Error> {
        Ok(self.text(setting)?.map(str::to_owned))
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

    pub(crate) fn seconds(&self, setting: &Setting) -> Result<Option<Duration>, Error> {
        match self.0.value(setting) {
            Some(Value::Seconds(seconds)) => {
                duration_from_seconds(setting.name(), *seconds).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// A length of time that must not be zero.
    pub(crate) fn wait(&self, setting: &Setting) -> Result<Option<Duration>, Error> {
        match self.seconds(setting)? {
            Some(Duration::ZERO) => Err(setting.refuse("must be more than 0 seconds")),
            wait => Ok(wait),
        }
    }

    /// One of a few names; the first when none is given.
    pub(crate) fn one_of<T: Copy>(
        &self,
        setting: &Setting,
        choices: &[T; 2],
        name: fn(T) -> &'static str,
    ) -> Result<T, Error> {
        match self.text(setting)? {
            None => Ok(choices[0]),
            Some(text) => match choices.iter().find(|choice| name(**choice) == text) {
                Some(choice) => Ok(*choice),
                None => Err(setting.refuse(format!(
                    "must be {} or {}",
                    name(choices[0]),
                    name(choices[1])
                ))),
            },
        }
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
            Err(setting.refuse(format!("applies to {services} only; leave it out")))
        }
    }

    pub(crate) fn only_with(&self, setting: &Setting, other: &Setting) -> Result<(), Error> {
        if self.has(setting) && !self.has(other) {
            Err(setting.refuse(format!("goes with {}; give that too", other.name())))
        } else {
            Ok(())
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => Ipv4Addr::is_loopback(&address),
        Some(Host::Ipv6(address)) => Ipv6Addr::is_loopback(&address),
        None => false,
    }
}
