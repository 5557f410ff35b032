//! The one list of settings. The environment, C, Python and Node look their names up here and pass
//! what they find on as it is; nothing about a setting is written down twice.

use crate::config::Value;
use crate::error::Error;

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

impl SettingKind {
    /// Its name: `text`, `duration`, `flag`, `list` or `pairs`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Duration => "duration",
            Self::Flag => "flag",
            Self::List => "list",
            Self::Pairs => "pairs",
        }
    }
}

/// A name of the core's in camel case: `clock_disagreements` as `clockDisagreements`.
#[must_use]
pub fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len() + 2);
    let mut upper = false;
    for letter in name.chars() {
        if letter == '_' {
            upper = true;
        } else {
            camel.push(if upper { letter.to_ascii_uppercase() } else { letter });
            upper = false;
        }
    }
    camel
}

/// What the names of environment variables begin with, unless the program says otherwise.
pub(crate) const DEFAULT_PREFIX: &str = "SEEKAUTH_";

/// One setting: its name in every language, what it holds, and its sentence for every reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    name: &'static str,
    kind: SettingKind,
    secret: bool,
    doc: &'static str,
}

const fn setting(name: &'static str, kind: SettingKind, doc: &'static str) -> Setting {
    Setting { name, kind, secret: false, doc }
}

const fn secret(name: &'static str, kind: SettingKind, doc: &'static str) -> Setting {
    Setting { name, kind, secret: true, doc }
}

pub(crate) const SERVICE: Setting = setting(
    "service",
    SettingKind::Text,
    "The service that issues the tokens: `seek_api`, `seek_pass` or `oauth`.",
);
pub(crate) const ENVIRONMENT: Setting = setting(
    "environment",
    SettingKind::Text,
    "The environment: `live` or `playground` (SEEK API), `staging` or `production` (SEEK Pass).",
);
pub(crate) const CLIENT_ID: Setting =
    setting("client_id", SettingKind::Text, "The client id, as issued for the environment.");
pub(crate) const CLIENT_SECRET: Setting = secret(
    "client_secret",
    SettingKind::Text,
    "The client secret, as issued with the client id; keep it in a secret store.",
);
pub(crate) const USER_AGENT: Setting = setting(
    "user_agent",
    SettingKind::Text,
    "The application, as `name/version`; sent with every request.",
);
pub(crate) const SCOPES: Setting = setting(
    "scopes",
    SettingKind::List,
    "The scopes to ask for; order and repetition do not matter.",
);
pub(crate) const AUDIENCE: Setting = setting(
    "audience",
    SettingKind::Text,
    "The audience to ask for, in place of the environment's own.",
);
pub(crate) const BASE_URL: Setting = setting(
    "base_url",
    SettingKind::Text,
    "The address of SEEK Pass, from which token endpoint and API follow.",
);
pub(crate) const TOKEN_URL: Setting = setting(
    "token_url",
    SettingKind::Text,
    "The URL of the token endpoint, in place of the environment's own.",
);
pub(crate) const API_URL: Setting = setting(
    "api_url",
    SettingKind::Text,
    "The URL of the API, in place of the environment's own; tokens go to its origin only.",
);
pub(crate) const AUTH_METHOD: Setting = setting(
    "token_endpoint_auth_method",
    SettingKind::Text,
    "The form of the credentials: `client_secret_post`, `client_secret_basic`, `client_secret_basic_raw`.",
);
pub(crate) const REQUEST_FORMAT: Setting = setting(
    "token_request_format",
    SettingKind::Text,
    "The format of the token request: `form` or `json`.",
);
pub(crate) const EXTRA_PARAMETERS: Setting =
    secret("extra_parameters", SettingKind::Pairs, "The further members of the token request.");
pub(crate) const ALLOW_NON_EXPIRING: Setting = setting(
    "allow_non_expiring",
    SettingKind::Flag,
    "Whether a response without a lifetime is accepted, as a token that does not expire.",
);
pub(crate) const TIMEOUT: Setting = setting(
    "timeout",
    SettingKind::Duration,
    "The time that a call waits for a token, or for token and response together.",
);
pub(crate) const REQUEST_TIMEOUT: Setting = setting(
    "request_timeout",
    SettingKind::Duration,
    "The time that one token request may take in all.",
);
pub(crate) const CONNECT_TIMEOUT: Setting =
    setting("connect_timeout", SettingKind::Duration, "The time that connecting may take.");
pub(crate) const REFRESH_MARGIN: Setting = setting(
    "refresh_margin",
    SettingKind::Duration,
    "The time before its expiry from which a token counts as used up, at most half its life.",
);
pub(crate) const STAY_WARM: Setting = setting(
    "stay_warm",
    SettingKind::Flag,
    "Whether the token is renewed in time even while nobody asks for it.",
);
pub(crate) const CA_FILE: Setting = setting(
    "ca_file",
    SettingKind::Text,
    "The path of a PEM file of certificate authorities to trust besides the system's.",
);
pub(crate) const ACCEPT_LANGUAGE: Setting = setting(
    "accept_language",
    SettingKind::Text,
    "The `Accept-Language` of requests to the API that have none of their own, such as `en-AU`.",
);
pub(crate) const CLIENT_SECRET_NEXT: Setting = secret(
    "client_secret_next",
    SettingKind::Text,
    "The other secret of a rotation, next or previous; tried when the server refuses the first.",
);
pub(crate) const CLIENT_ID_FILE: Setting = setting(
    "client_id_file",
    SettingKind::Text,
    "The path of a file that holds the client id, read anew for each token request.",
);
pub(crate) const CLIENT_SECRET_FILE: Setting = setting(
    "client_secret_file",
    SettingKind::Text,
    "The path of a file that holds the client secret, read anew for each token request.",
);
pub(crate) const CLIENT_SECRET_NEXT_FILE: Setting = setting(
    "client_secret_next_file",
    SettingKind::Text,
    "The path of a file that holds the other secret of a rotation, read for each token request.",
);
pub(crate) const CREDENTIALS_FILE: Setting = setting(
    "credentials_file",
    SettingKind::Text,
    "The path of a JSON file that holds id and secret, read anew for each token request.",
);
pub(crate) const CREDENTIALS_COMMAND: Setting = setting(
    "credentials_command",
    SettingKind::List,
    "The program, with its arguments, that prints id and secret as JSON for each token request.",
);
pub(crate) const CLIENT_CERTIFICATE_FILE: Setting = setting(
    "client_certificate_file",
    SettingKind::Text,
    "The path of a PEM file with the certificate to show to servers that ask for one.",
);
pub(crate) const CLIENT_KEY_FILE: Setting = setting(
    "client_key_file",
    SettingKind::Text,
    "The path of a PEM file with the private key of the client's certificate.",
);
pub(crate) const PROXY: Setting = secret(
    "proxy",
    SettingKind::Text,
    "The proxy of all requests, such as `http://name:password@proxy.example:3128`, or `none`.",
);

pub(crate) const STORE: Setting = secret(
    "store",
    SettingKind::Text,
    "The store through which processes share tokens: `none`, `local` or the URL of a Redis server.",
);
pub(crate) const STORE_TIMEOUT: Setting = setting(
    "store_timeout",
    SettingKind::Duration,
    "The time that one step with the store may take before the process goes on without it.",
);
pub(crate) const STORE_KEY_FILE: Setting = setting(
    "store_key_file",
    SettingKind::Text,
    "The path of a file whose text seals what is stored, in place of the client secret.",
);
pub(crate) const STORE_PASSWORD_FILE: Setting = setting(
    "store_password_file",
    SettingKind::Text,
    "The path of a file that holds the password of the Redis server, read for each connection.",
);
pub(crate) const STORE_CA_FILE: Setting = setting(
    "store_ca_file",
    SettingKind::Text,
    "The path of a PEM file of the authorities to trust for `rediss`, in place of the system's.",
);
pub(crate) const STORE_PREFIX: Setting = setting(
    "store_prefix",
    SettingKind::Text,
    "What the names of all keys on the Redis server begin with.",
);

static ALL: [Setting; 36] = [
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
    STORE,
    STORE_TIMEOUT,
    STORE_KEY_FILE,
    STORE_PASSWORD_FILE,
    STORE_CA_FILE,
    STORE_PREFIX,
];

impl Setting {
    /// Every setting there is.
    #[must_use]
    pub fn all() -> &'static [Setting] {
        &ALL
    }

    /// The setting with this name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Setting> {
        ALL.iter().find(|setting| setting.name == name)
    }

    /// Its name: `client_id`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its name within a message.
    pub(crate) fn mention(&self) -> String {
        format!("`{}`", self.name)
    }

    /// Its name in camel case, lengths of time with the unit that those languages count in:
    /// `clientId`, `timeoutMs`.
    #[must_use]
    pub fn camel_name(&self) -> String {
        let mut name = camel_case(self.name);
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

    /// What it is, in one sentence. Every reference of every language begins with it.
    #[must_use]
    pub fn doc(&self) -> &'static str {
        self.doc
    }

    /// The environment variable that sets it: `SEEKAUTH_CLIENT_ID`.
    #[must_use]
    pub fn environment_variable(&self) -> String {
        self.variable(DEFAULT_PREFIX)
    }

    /// The environment variable that sets it for programs with a prefix of their own.
    pub(crate) fn variable(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.name.to_ascii_uppercase())
    }

    /// Whether its value may be a secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// The value in the setting's own kind, whatever form it came in.
    pub(crate) fn convert(&self, value: Value) -> Result<Value, Error> {
        let Value::Text(text) = value else {
            return if self.fits(&value) { Ok(value) } else { Err(self.invalid(self.accepts())) };
        };
        Ok(match self.kind {
            SettingKind::Text => Value::Text(text),
            SettingKind::Duration => match text.trim().parse() {
                Ok(seconds) => Value::seconds(&self.mention(), seconds)?,
                Err(_) => return Err(self.invalid(self.accepts())),
            },
            SettingKind::Flag => match text.trim() {
                "true" | "1" => Value::Flag(true),
                "false" | "0" => Value::Flag(false),
                _ => return Err(self.invalid(self.accepts())),
            },
            SettingKind::List => {
                Value::List(text.split_ascii_whitespace().map(str::to_owned).collect())
            }
            SettingKind::Pairs => {
                Value::pairs(url::form_urlencoded::parse(text.as_bytes()).into_owned())
            }
        })
    }

    fn fits(&self, value: &Value) -> bool {
        matches!(
            (self.kind, value),
            (SettingKind::Duration, Value::Duration(_))
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
    pub(crate) fn invalid(&self, problem: impl AsRef<str>) -> Error {
        Error::invalid(format!("{} {}", self.mention(), problem.as_ref()))
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
    fn each_setting_is_found_by_its_name_and_has_one_sentence() {
        for setting in Setting::all() {
            assert_eq!(Setting::named(setting.name()), Some(setting));
            let doc = setting.doc();
            assert!(doc.ends_with('.') && !doc.contains(". ") && doc.len() <= 100, "{doc}");
        }
        assert_eq!(Setting::named("no such setting"), None);
    }

    #[test]
    fn text_is_read_as_the_settings_kind() {
        let read = |setting: Setting, text: &str| setting.convert(Value::text(text));
        assert!(
            matches!(read(TIMEOUT, "1.5"), Ok(Value::Duration(time)) if time.as_millis() == 1_500)
        );
        assert!(read(TIMEOUT, "soon").is_err());
        assert!(matches!(read(STAY_WARM, "true"), Ok(Value::Flag(true))));
        assert!(read(STAY_WARM, "yes").is_err());
        assert!(matches!(read(SCOPES, " a  b\n"), Ok(Value::List(list)) if list == ["a", "b"]));
        assert!(TIMEOUT.convert(Value::Flag(true)).is_err());
    }
}
