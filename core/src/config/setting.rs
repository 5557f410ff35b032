//! The one list of settings. The environment, C, Python and Node look their names up here and pass
//! what they find on as it is; nothing about a setting is written down twice.

use std::time::Duration;

use crate::error::Error;
use crate::secret::Secret;

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// A string.
    Text,
    /// A length of time, in seconds.
    Duration,
    /// True or false.
    Flag,
    /// Strings; as text, separated by white space.
    List,
    /// Names and values; as text, form-encoded (`a=1&b=2`).
    Pairs,
}

/// A value for a setting, not yet validated. `Text` is accepted for every kind.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// A string.
    Text(String),
    /// A length of time in seconds.
    Seconds(f64),
    /// True or false.
    Flag(bool),
    /// Strings.
    List(Vec<String>),
    /// Names and values.
    Pairs(Vec<(String, String)>),
}

impl std::fmt::Debug for Value {
    /// Shows the kind alone: the value may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Seconds(_) => "Seconds(..)",
            Self::Flag(_) => "Flag(..)",
            Self::List(_) => "List(..)",
            Self::Pairs(_) => "Pairs(..)",
        })
    }
}

/// One setting: its name in every language and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    name: &'static str,
    kind: SettingKind,
    secret: bool,
}

const fn setting(name: &'static str, kind: SettingKind) -> Setting {
    Setting { name, kind, secret: false }
}

pub(crate) const SERVICE: Setting = setting("service", SettingKind::Text);
pub(crate) const ENVIRONMENT: Setting = setting("environment", SettingKind::Text);
pub(crate) const CLIENT_ID: Setting = setting("client_id", SettingKind::Text);
pub(crate) const CLIENT_SECRET: Setting =
    Setting { name: "client_secret", kind: SettingKind::Text, secret: true };
pub(crate) const CLIENT_SECRET_NEXT: Setting =
    Setting { name: "client_secret_next", kind: SettingKind::Text, secret: true };
pub(crate) const CLIENT_ID_FILE: Setting = setting("client_id_file", SettingKind::Text);
pub(crate) const CLIENT_SECRET_FILE: Setting = setting("client_secret_file", SettingKind::Text);
pub(crate) const CLIENT_SECRET_NEXT_FILE: Setting =
    setting("client_secret_next_file", SettingKind::Text);
pub(crate) const CREDENTIALS_FILE: Setting = setting("credentials_file", SettingKind::Text);
pub(crate) const CREDENTIALS_COMMAND: Setting = setting("credentials_command", SettingKind::List);
pub(crate) const USER_AGENT: Setting = setting("user_agent", SettingKind::Text);
pub(crate) const SCOPES: Setting = setting("scopes", SettingKind::List);
pub(crate) const AUDIENCE: Setting = setting("audience", SettingKind::Text);
pub(crate) const BASE_URL: Setting = setting("base_url", SettingKind::Text);
pub(crate) const TOKEN_URL: Setting = setting("token_url", SettingKind::Text);
pub(crate) const API_URL: Setting = setting("api_url", SettingKind::Text);
pub(crate) const AUTH_METHOD: Setting = setting("token_endpoint_auth_method", SettingKind::Text);
pub(crate) const REQUEST_FORMAT: Setting = setting("token_request_format", SettingKind::Text);
pub(crate) const EXTRA_PARAMETERS: Setting =
    Setting { name: "extra_parameters", kind: SettingKind::Pairs, secret: true };
pub(crate) const ALLOW_NON_EXPIRING: Setting = setting("allow_non_expiring", SettingKind::Flag);
pub(crate) const TIMEOUT: Setting = setting("timeout", SettingKind::Duration);
pub(crate) const REQUEST_TIMEOUT: Setting = setting("request_timeout", SettingKind::Duration);
pub(crate) const CONNECT_TIMEOUT: Setting = setting("connect_timeout", SettingKind::Duration);
pub(crate) const REFRESH_MARGIN: Setting = setting("refresh_margin", SettingKind::Duration);
pub(crate) const STAY_WARM: Setting = setting("stay_warm", SettingKind::Flag);
pub(crate) const CA_FILE: Setting = setting("ca_file", SettingKind::Text);
pub(crate) const ACCEPT_LANGUAGE: Setting = setting("accept_language", SettingKind::Text);
pub(crate) const CLIENT_CERTIFICATE_FILE: Setting =
    setting("client_certificate_file", SettingKind::Text);
pub(crate) const CLIENT_KEY_FILE: Setting = setting("client_key_file", SettingKind::Text);
pub(crate) const PROXY: Setting = Setting { name: "proxy", kind: SettingKind::Text, secret: true };

static ALL: [Setting; 30] = [
    SERVICE,
    ENVIRONMENT,
    CLIENT_ID,
    CLIENT_SECRET,
    USER_AGENT,
    SCOPES,
    AUDIENCE,
    BASE_URL,
    TOKEN_URL,
    API_URL,
    AUTH_METHOD,
    REQUEST_FORMAT,
    EXTRA_PARAMETERS,
    ALLOW_NON_EXPIRING,
    TIMEOUT,
    REQUEST_TIMEOUT,
    CONNECT_TIMEOUT,
    REFRESH_MARGIN,
    STAY_WARM,
    CA_FILE,
    ACCEPT_LANGUAGE,
    CLIENT_SECRET_NEXT,
    CLIENT_ID_FILE,
    CLIENT_SECRET_FILE,
    CLIENT_SECRET_NEXT_FILE,
    CREDENTIALS_FILE,
    CREDENTIALS_COMMAND,
    CLIENT_CERTIFICATE_FILE,
    CLIENT_KEY_FILE,
    PROXY,
];

impl Setting {
    /// Every setting there is.
    #[must_use]
    pub fn all() -> &'static [Setting] {
        &ALL
    }

    /// Its name: `client_id`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its name in camel case, lengths of time with the unit that those languages count in:
    /// `clientId`, `timeoutMs`.
    #[must_use]
    pub fn camel_name(&self) -> String {
        let mut name = String::with_capacity(self.name.len() + 2);
        let mut upper = false;
        for letter in self.name.chars() {
            if letter == '_' {
                upper = true;
            } else {
                name.push(if upper { letter.to_ascii_uppercase() } else { letter });
                upper = false;
            }
        }
        if self.kind == SettingKind::Duration {
            name.push_str("Ms");
        }
        name
    }

    /// What it holds.
    #[must_use]
    pub fn kind(&self) -> SettingKind {
        self.kind
    }

    /// The environment variable that sets it: `SEEKAUTH_CLIENT_ID`.
    #[must_use]
    pub fn environment_variable(&self) -> String {
        format!("SEEKAUTH_{}", self.name.to_ascii_uppercase())
    }

    /// Whether its value may be a secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// The value in the setting's own kind, whatever form it came in.
    pub(crate) fn read(&self, value: Value) -> Result<Value, Error> {
        let Value::Text(text) = value else {
            return if self.fits(&value) { Ok(value) } else { Err(self.refuse(self.accepts())) };
        };
        Ok(match self.kind {
            SettingKind::Text => Value::Text(text),
            SettingKind::Duration => match text.trim().parse() {
                Ok(seconds) => Value::Seconds(seconds),
                Err(_) => return Err(self.refuse(self.accepts())),
            },
            SettingKind::Flag => match text.trim() {
                "true" | "1" => Value::Flag(true),
                "false" | "0" => Value::Flag(false),
                _ => return Err(self.refuse(self.accepts())),
            },
            SettingKind::List => {
                Value::List(text.split_ascii_whitespace().map(str::to_owned).collect())
            }
            SettingKind::Pairs => Value::Pairs(
                url::form_urlencoded::parse(Secret::new(text).expose().as_bytes())
                    .into_owned()
                    .collect(),
            ),
        })
    }

    fn fits(&self, value: &Value) -> bool {
        matches!(
            (self.kind, value),
            (SettingKind::Duration, Value::Seconds(_))
                | (SettingKind::Flag, Value::Flag(_))
                | (SettingKind::List, Value::List(_))
                | (SettingKind::Pairs, Value::Pairs(_))
        )
    }

    fn accepts(&self) -> &'static str {
        match self.kind {
            SettingKind::Text => "must be a string",
            SettingKind::Duration => "must be a number of seconds, such as 30 or 0.5",
            SettingKind::Flag => "must be true or false",
            SettingKind::List => {
                "must be a list of strings, or one string with spaces between them"
            }
            SettingKind::Pairs => "must be names with values, or one form-encoded string",
        }
    }

    /// An error that names the setting and says what it accepts, without the value.
    pub(crate) fn refuse(&self, problem: impl AsRef<str>) -> Error {
        Error::invalid(format!("{} {}", self.name, problem.as_ref()))
    }

    pub(crate) fn missing(&self, hint: &str) -> Error {
        self.refuse(format!(
            "is missing: {hint} (from the environment: {})",
            self.environment_variable()
        ))
    }
}

/// The longest time that any setting or call may ask for: a day.
const LONGEST: f64 = 86_400.0;

/// A length of time from a number of seconds, as `name` in the error when it is not one: not a
/// number, negative, or more than a day.
///
/// # Errors
///
/// `invalid_argument`.
pub fn duration_from_seconds(name: &str, seconds: f64) -> Result<Duration, Error> {
    if (0.0..=LONGEST).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(Error::invalid(format!("{name} must be from 0 to {LONGEST} seconds")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_each_languages_habit() {
        assert_eq!(CLIENT_ID.camel_name(), "clientId");
        assert_eq!(REFRESH_MARGIN.camel_name(), "refreshMarginMs");
        assert_eq!(CLIENT_ID.environment_variable(), "SEEKAUTH_CLIENT_ID");
    }

    #[test]
    fn text_is_read_as_the_settings_kind() {
        let read = |setting: Setting, text: &str| setting.read(Value::Text(text.into()));
        assert!(matches!(read(TIMEOUT, "1.5"), Ok(Value::Seconds(1.5))));
        assert!(read(TIMEOUT, "soon").is_err());
        assert!(matches!(read(STAY_WARM, "true"), Ok(Value::Flag(true))));
        assert!(read(STAY_WARM, "yes").is_err());
        assert!(matches!(read(SCOPES, " a  b\n"), Ok(Value::List(list)) if list == ["a", "b"]));
        assert!(TIMEOUT.read(Value::Flag(true)).is_err());
    }

    #[test]
    fn lengths_of_time_are_bounded() {
        for seconds in [f64::NAN, f64::INFINITY, -1.0, 86_401.0] {
            let error = duration_from_seconds("timeout", seconds).map(|_| ());
            assert!(error.is_err_and(|error| error.message().starts_with("timeout ")));
        }
        assert_eq!(duration_from_seconds("timeout", 0.25).ok(), Some(Duration::from_millis(250)));
    }
}
