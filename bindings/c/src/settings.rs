//! Settings as C hands them over: one field per setting of the core, in a struct that can grow. Names,
//! defaults and validation are the core's; a test checks that no setting lacks a field.

use std::time::Duration;

use seekauth_core::binding::{Setting, Value, duration_from_milliseconds};
use seekauth_core::{Config, Error, ErrorKind};

use crate::credentials::{CredentialsCallback, FreeCallback, Provider};
use crate::pointer::{Text, UserData};

/// Settings of a client. Start from SEEKAUTH_OPTIONS_INIT and set the fields you need; NULL or 0 in a
/// field means the default. Every text is borrowed for the call that takes the options.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// sizeof(seekauth_options), which is how the library knows the header you compiled with.
    pub struct_size: usize,
    /// The service that issues the tokens: `seek_api`, `seek_pass` or `oauth`. Required. `oauth` is
    /// any other endpoint with RFC 6749 client credentials.
    pub service: Text<'a>,
    /// The environment: `live` or `playground` (SEEK API), `staging` or `production` (SEEK Pass).
    pub environment: Text<'a>,
    /// The client id, as issued for the environment. Required, unless it comes from a file, a
    /// command or a callback.
    pub client_id: Text<'a>,
    /// The client secret, as issued with the client id; keep it in a secret store. Required, unless
    /// it comes from a file, a command or a callback.
    pub client_secret: Text<'a>,
    /// The application, as `name/version`; sent with every request. Required.
    pub user_agent: Text<'a>,
    /// The scopes to ask for; order and repetition do not matter. Separated by single spaces.
    pub scopes: Text<'a>,
    /// The audience to ask for, in place of the environment's own.
    pub audience: Text<'a>,
    /// The address of SEEK Pass, from which token endpoint and API follow. For seek_pass in
    /// production.
    pub base_url: Text<'a>,
    /// The URL of the token endpoint, in place of the environment's own. Required for oauth.
    pub token_url: Text<'a>,
    /// The URL of the API, in place of the environment's own; tokens go to its origin only.
    pub api_url: Text<'a>,
    /// The form of the credentials: `client_secret_post`, `client_secret_basic`, `client_secret_basic_raw`.
    /// For oauth. Default: `client_secret_post`, in the body.
    pub token_endpoint_auth_method: Text<'a>,
    /// The format of the token request: `form` or `json`. For oauth. Default: `form`.
    pub token_request_format: Text<'a>,
    /// The further members of the token request. For oauth; form-encoded, as in "a=1&b=2". Of
    /// its names `resource` alone may be repeated.
    pub extra_parameters: Text<'a>,
    /// Whether a response without a lifetime is accepted, as a token that does not expire. 0 or 1.
    /// With 0 such a response is an error.
    pub allow_non_expiring: u64,
    /// The time that a call waits for a token, or for token and response together. In milliseconds.
    /// Default: 30 s. A call may have a time of its own.
    pub timeout_ms: u64,
    /// The time that one token request may take in all. In milliseconds. Default: 10 s.
    pub request_timeout_ms: u64,
    /// The time that connecting may take. In milliseconds. Default: 5 s.
    pub connect_timeout_ms: u64,
    /// The time before its expiry from which a token counts as used up, at most half its life. In
    /// milliseconds. Default: 60 s, or a tenth of the life of a token that lives for less than ten
    /// minutes.
    pub refresh_margin_ms: u64,
    /// Whether the token is renewed in time even while nobody asks for it. 0 or 1.
    pub stay_warm: u64,
    /// The path of a PEM file of certificate authorities to trust besides the system's.
    pub ca_file: Text<'a>,
    /// The `Accept-Language` of requests to the API that have none of their own, such as `en-AU`.
    pub accept_language: Text<'a>,
    /// The other secret of a rotation, next or previous; tried when the server refuses the first.
    pub client_secret_next: Text<'a>,
    /// The path of a file that holds the client id, read anew for each token request. In place of
    /// `client_id`.
    pub client_id_file: Text<'a>,
    /// The path of a file that holds the client secret, read anew for each token request. In place
    /// of `client_secret`; fit for a mounted Kubernetes or Docker secret.
    pub client_secret_file: Text<'a>,
    /// The path of a file that holds the other secret of a rotation, read for each token request.
    /// Beside `client_secret_file`.
    pub client_secret_next_file: Text<'a>,
    /// The path of a JSON file that holds id and secret, read anew for each token request. Its
    /// members are `client_id`, `client_secret` and perhaps `client_secret_next`. In place of all
    /// settings that hold them.
    pub credentials_file: Text<'a>,
    /// The program, with its arguments, that prints id and secret as JSON for each token request.
    /// Separated by spaces. It runs without a shell, within `request_timeout_ms`, and prints what
    /// `credentials_file` would hold.
    pub credentials_command: Text<'a>,
    /// The path of a PEM file with the certificate to show to servers that ask for one. The
    /// certificate's chain may follow it.
    pub client_certificate_file: Text<'a>,
    /// The path of a PEM file with the private key of the client's certificate. Default: the
    /// certificate's file.
    pub client_key_file: Text<'a>,
    /// The proxy of all requests, such as `http://name:password@proxy.example:3128`, or `none`.
    /// Default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY of the environment.
    pub proxy: Text<'a>,
    /// NULL, or a function that finds the credentials for each token request, in place of all settings
    /// of credentials above.
    pub credentials_callback: CredentialsCallback,
    /// The first argument of credentials_callback. What it points to has to stay until credentials_free
    /// is called with it; without such a function, as long as the process.
    pub credentials_user_data: UserData,
    /// NULL, or called once with credentials_user_data when no more call of credentials_callback can
    /// come: after the last client that shares it is freed, on any thread, and before
    /// seekauth_client_new returns if that fails. Options that this library is too old for are not read,
    /// and then this is not called.
    pub credentials_free: FreeCallback,
    /// The store through which processes share tokens: `none`, `local` or the URL of a Redis server.
    /// `local:/folder` for a folder of the program's own; `rediss://user:password@host:6379/0`,
    /// `redis://…`, `redis+unix:///path`. Default: none.
    pub store: Text<'a>,
    /// The time that one step with the store may take before the process goes on without it. Default:
    /// 250.
    pub store_timeout_ms: u64,
    /// The path of a file whose text seals what is stored, in place of the client secret. At least 32
    /// characters.
    pub store_key_file: Text<'a>,
    /// The path of a file that holds the password of the Redis server, read for each connection.
    pub store_password_file: Text<'a>,
    /// The path of a PEM file of the authorities to trust for `rediss`, in place of the system's.
    pub store_ca_file: Text<'a>,
    /// What the names of all keys on the Redis server begin with. Default: seekauth.
    pub store_prefix: Text<'a>,
}

/// What a field holds, as the header says.
enum Field<'a> {
    Text(Text<'a>),
    Milliseconds(u64),
    Flag(u64),
}

impl<'a> Options<'a> {
    /// The configuration that the fields make. It fails on the first field that is not what the header
    /// says; the core judges the rest when the client is made. The user data of the callback is owned
    /// from now on, also after a failure.
    pub(crate) fn config(self) -> Result<Config, Error> {
        let mut config = Config::new();
        let (callback, user_data) = (self.credentials_callback, self.credentials_user_data);
        if let Some(provider) = Provider::new(callback, user_data, self.credentials_free) {
            config = config.credentials_from_blocking(move || provider.ask());
        }
        for (name, field) in self.fields() {
            if let (Some(setting), Some(value)) = (Setting::named(name), field.value(name)?) {
                config.set(setting, value)?;
            }
        }
        Ok(config)
    }

    /// Each field but the size and the callback, under the name of its setting. A test compares this
    /// with the core's table.
    fn fields(&self) -> [(&'static str, Field<'a>); 36] {
        [
            ("service", Field::Text(self.service)),
            ("environment", Field::Text(self.environment)),
            ("client_id", Field::Text(self.client_id)),
            ("client_secret", Field::Text(self.client_secret)),
            ("user_agent", Field::Text(self.user_agent)),
            ("scopes", Field::Text(self.scopes)),
            ("audience", Field::Text(self.audience)),
            ("base_url", Field::Text(self.base_url)),
            ("token_url", Field::Text(self.token_url)),
            ("api_url", Field::Text(self.api_url)),
            ("token_endpoint_auth_method", Field::Text(self.token_endpoint_auth_method)),
            ("token_request_format", Field::Text(self.token_request_format)),
            ("extra_parameters", Field::Text(self.extra_parameters)),
            ("allow_non_expiring", Field::Flag(self.allow_non_expiring)),
            ("timeout", Field::Milliseconds(self.timeout_ms)),
            ("request_timeout", Field::Milliseconds(self.request_timeout_ms)),
            ("connect_timeout", Field::Milliseconds(self.connect_timeout_ms)),
            ("refresh_margin", Field::Milliseconds(self.refresh_margin_ms)),
            ("stay_warm", Field::Flag(self.stay_warm)),
            ("ca_file", Field::Text(self.ca_file)),
            ("accept_language", Field::Text(self.accept_language)),
            ("client_secret_next", Field::Text(self.client_secret_next)),
            ("client_id_file", Field::Text(self.client_id_file)),
            ("client_secret_file", Field::Text(self.client_secret_file)),
            ("client_secret_next_file", Field::Text(self.client_secret_next_file)),
            ("credentials_file", Field::Text(self.credentials_file)),
            ("credentials_command", Field::Text(self.credentials_command)),
            ("client_certificate_file", Field::Text(self.client_certificate_file)),
            ("client_key_file", Field::Text(self.client_key_file)),
            ("proxy", Field::Text(self.proxy)),
            ("store", Field::Text(self.store)),
            ("store_timeout", Field::Milliseconds(self.store_timeout_ms)),
            ("store_key_file", Field::Text(self.store_key_file)),
            ("store_password_file", Field::Text(self.store_password_file)),
            ("store_ca_file", Field::Text(self.store_ca_file)),
            ("store_prefix", Field::Text(self.store_prefix)),
        ]
    }
}

impl Field<'_> {
    /// The value to set, or `None` where the default is asked for.
    fn value(&self, name: &str) -> Result<Option<Value>, Error> {
        Ok(match *self {
            Self::Text(text) => text.read(name)?.map(Value::text),
            Self::Milliseconds(0) | Self::Flag(0) => None,
            Self::Milliseconds(count) => {
                Some(Value::milliseconds(&format!("{name}_ms"), as_number(count))?)
            }
            Self::Flag(1) => Some(Value::Flag(true)),
            Self::Flag(other) => {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("{name} is {other}; it has to be 0 or 1"),
                ));
            }
        })
    }
}

/// How long a call waits, or `None` for the client's own setting.
pub(crate) fn timeout(milliseconds: u64) -> Result<Option<Duration>, Error> {
    if milliseconds == 0 {
        return Ok(None);
    }
    duration_from_milliseconds("timeout_ms", as_number(milliseconds)).map(Some)
}

/// What is too large for 32 bits is too long a time anyway.
fn as_number(milliseconds: u64) -> f64 {
    u32::try_from(milliseconds).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use seekauth_core::binding::SettingKind;

    use super::*;

    #[test]
    fn every_setting_has_a_field_of_its_kind() {
        let options = Options::default();
        let fields = options.fields().map(|(name, field)| match field {
            Field::Text(_) => format!("{name} text"),
            Field::Milliseconds(_) => format!("{name} milliseconds"),
            Field::Flag(_) => format!("{name} flag"),
        });
        let settings: Vec<String> = Setting::all()
            .iter()
            .map(|setting| {
                let kind = match setting.kind() {
                    SettingKind::Duration => "milliseconds",
                    SettingKind::Flag => "flag",
                    SettingKind::Text | SettingKind::List | SettingKind::Pairs => "text",
                };
                format!("{} {kind}", setting.name())
            })
            .collect();
        assert_eq!(fields.as_slice(), settings);
    }

    #[test]
    fn every_byte_of_the_struct_is_a_field() {
        let fields = Options::default().fields().map(|(_, field)| match field {
            Field::Text(_) => size_of::<Text>(),
            Field::Milliseconds(_) | Field::Flag(_) => size_of::<u64>(),
        });
        let callback = 3 * size_of::<UserData>();
        let size = size_of::<usize>() + fields.iter().sum::<usize>() + callback;
        assert_eq!(size_of::<Options>(), size, "padding could hide a field that a caller set");
    }
}
