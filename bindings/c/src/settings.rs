//! The settings as C hands them over: one field per setting of the core, in a struct that can grow.
//! Names, defaults and validation are the core's; a test checks that no setting lacks a field.

use std::time::Duration;

use seekauth_core::{Config, Error, ErrorKind, Setting, Value};

use crate::credentials::{CredentialsCallback, FreeCallback, Provider};
use crate::pointer::{Text, UserData};

/// Settings of a client. Start from SEEKAUTH_OPTIONS_INIT and set the fields you need; NULL or 0 in a
/// field means the default. Every text is borrowed for the call that takes the options.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// sizeof(seekauth_options), which is how the library knows the header you compiled with.
    pub struct_size: usize,
    /// Required. "seek_api", "seek_pass", or "oauth" for any other endpoint with RFC 6749 client
    /// credentials.
    pub service: Text<'a>,
    /// "live" or "playground" for seek_api, "staging" or "production" for seek_pass.
    pub environment: Text<'a>,
    /// Required. The client id you were issued.
    pub client_id: Text<'a>,
    /// Required. The client secret you were issued.
    pub client_secret: Text<'a>,
    /// Required. Your product, as "name/version"; sent with every request.
    pub user_agent: Text<'a>,
    /// Scopes to ask for, separated by single spaces.
    pub scopes: Text<'a>,
    /// Audience to ask for. seek_api knows its own by the environment.
    pub audience: Text<'a>,
    /// Base URL of SEEK Pass, for seek_pass in production.
    pub base_url: Text<'a>,
    /// URL of the token endpoint. Required for oauth; overrides the built-in one otherwise.
    pub token_url: Text<'a>,
    /// URL of the API that the tokens are for. Overrides the service's own.
    pub api_url: Text<'a>,
    /// How oauth sends the credentials: "client_secret_post", in the body, or "client_secret_basic",
    /// as HTTP Basic. Default: in the body.
    pub token_endpoint_auth_method: Text<'a>,
    /// How oauth writes the request: "form" or "json". Default: form.
    pub token_request_format: Text<'a>,
    /// Further parameters of the token request of oauth, form-encoded: "a=1&b=2".
    pub extra_parameters: Text<'a>,
    /// 1 to accept a reply without a lifetime, as a token that does not expire. Otherwise such a reply
    /// is an error.
    pub allow_non_expiring: u64,
    /// How long a call waits for a token, in milliseconds, unless the call says otherwise. Default:
    /// 30 s.
    pub timeout_ms: u64,
    /// How long one request to the token endpoint may take, in milliseconds. Default: 10 s.
    pub request_timeout_ms: u64,
    /// How long connecting may take, in milliseconds. Default: 5 s.
    pub connect_timeout_ms: u64,
    /// How long before its expiry a token counts as used up, in milliseconds, at most half its life.
    /// Default: 60 s, or a tenth of the life of a token that lives for less than ten minutes.
    pub refresh_margin_ms: u64,
    /// 1 to renew the token ahead of its expiry even while nobody asks for it.
    pub stay_warm: u64,
    /// Path of a PEM file with certificate authorities to trust in addition to the system's.
    pub ca_file: Text<'a>,
    /// Languages of the texts that the API answers with, such as "en-AU": the Accept-Language of
    /// requests that have none of their own.
    pub accept_language: Text<'a>,
    /// The other secret of a rotation, the next or the previous one: tried when the server refuses the first.
    pub client_secret_next: Text<'a>,
    /// Path of a file that holds the client id, in place of `client_id`; read anew for each token request.
    pub client_id_file: Text<'a>,
    /// Path of a file that holds the client secret, such as a mounted Kubernetes or Docker secret, in place of
    /// `client_secret`; read anew for each token request.
    pub client_secret_file: Text<'a>,
    /// Path of a file that holds the other secret of a rotation, beside `client_secret_file`.
    pub client_secret_next_file: Text<'a>,
    /// Path of a JSON file with `client_id`, `client_secret` and perhaps `client_secret_next`, in place of all
    /// these; read anew for each token request.
    pub credentials_file: Text<'a>,
    /// A program and its arguments, separated by spaces, that prints such JSON; run without a shell for each
    /// token request, within `request_timeout_ms`.
    pub credentials_command: Text<'a>,
    /// Path of a PEM file with the certificate, and its chain, that the client shows to servers that ask.
    pub client_certificate_file: Text<'a>,
    /// Path of a PEM file with that certificate's private key. Default: the certificate's file.
    pub client_key_file: Text<'a>,
    /// The proxy for all requests, such as "http://name:password@proxy.example:3128", or "none". Default: what
    /// the environment's HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say.
    pub proxy: Text<'a>,
    /// A function that finds the credentials for each token request, in place of all settings of
    /// credentials above; or NULL.
    pub credentials_callback: CredentialsCallback,
    /// What credentials_callback gets back as its first argument. It has to stay until
    /// credentials_free is called with it; without such a function, as long as the process.
    pub credentials_user_data: UserData,
    /// NULL, or called once with credentials_user_data when no more call of credentials_callback can
    /// come: after the last client that shares it is freed, on any thread, and before
    /// seekauth_client_new returns if that fails. Options that this library is too old for are not read,
    /// and then this is not called.
    pub credentials_free: FreeCallback,
}

impl Default for Options<'_> {
    fn default() -> Self {
        let unset = Text::lend(None);
        Self {
            struct_size: size_of::<Self>(),
            service: unset,
            environment: unset,
            client_id: unset,
            client_secret: unset,
            user_agent: unset,
            scopes: unset,
            audience: unset,
            base_url: unset,
            token_url: unset,
            api_url: unset,
            token_endpoint_auth_method: unset,
            token_request_format: unset,
            extra_parameters: unset,
            allow_non_expiring: 0,
            timeout_ms: 0,
            request_timeout_ms: 0,
            connect_timeout_ms: 0,
            refresh_margin_ms: 0,
            stay_warm: 0,
            ca_file: unset,
            accept_language: unset,
            client_secret_next: unset,
            client_id_file: unset,
            client_secret_file: unset,
            client_secret_next_file: unset,
            credentials_file: unset,
            credentials_command: unset,
            client_certificate_file: unset,
            client_key_file: unset,
            proxy: unset,
            credentials_callback: None,
            credentials_user_data: UserData::none(),
            credentials_free: None,
        }
    }
}

/// What a field holds, as the header says.
enum Field<'a> {
    Text(Text<'a>),
    Milliseconds(u64),
    Flag(u64),
}

impl<'a> Options<'a> {
    /// The configuration that the fields make, which owns the user data of the callback from now on,
    /// even if this fails: on the first field that is not what the header says. The core judges the rest
    /// when the client is made.
    pub(crate) fn config(self) -> Result<Config, Error> {
        let mut config = Config::new();
        let (callback, user_data) = (self.credentials_callback, self.credentials_user_data);
        if let Some(provider) = Provider::new(callback, user_data, self.credentials_free) {
            config = config.credentials_from_blocking(move || provider.ask());
        }
        for (name, field) in self.fields() {
            let setting = Setting::all().iter().find(|setting| setting.name() == name);
            if let (Some(setting), Some(value)) = (setting, field.value(name)?) {
                config.set(setting, value)?;
            }
        }
        Ok(config)
    }

    /// Each field but the size and the callback, under the name of its setting. A test compares this with the
    /// core's table.
    fn fields(&self) -> [(&'static str, Field<'a>); 30] {
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
        ]
    }
}

impl Field<'_> {
    /// The value to set, or `None` where the default is asked for.
    fn value(&self, name: &str) -> Result<Option<Value>, Error> {
        Ok(match *self {
            Self::Text(text) => text.read(name)?.map(|text| Value::Text(text.to_owned())),
            Self::Milliseconds(0) | Self::Flag(0) => None,
            Self::Milliseconds(count) => {
                Some(Value::Seconds(Duration::from_millis(count).as_secs_f64()))
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

#[cfg(test)]
mod tests {
    use seekauth_core::SettingKind;

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
