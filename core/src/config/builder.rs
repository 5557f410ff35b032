//! The settings as asked for, before they are validated. Rust programs use the typed constructors and
//! setters, bindings and the environment go through [`Config::set`]; both end in the same place,
//! and [`crate::Client::new`] judges the whole.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::config::setting::{self, Setting};
use crate::config::{
    AuthMethod, Environment, Language, Prefix, RequestFormat, Service, Value, spelled_as_variables,
};
use crate::credentials::{CallbackProvider, CredentialProvider, Credentials};
use crate::error::Error;
use crate::sys::variables::Variables;

/// Settings for a [`crate::Client`]. Nothing is validated until the client is made, and then all
/// of it is.
#[derive(Clone, Default)]
pub struct Config {
    values: BTreeMap<&'static str, Value>,
    provider: Option<Arc<dyn CredentialProvider>>,
    language: Option<Language>,
    fallback_authorities: Option<FallbackAuthorities>,
    prefix: Prefix,
    variables: Variables,
    warnings: Vec<String>,
}

/// Gives certificate authorities in PEM form, if it has any; asked where the system has none.
#[derive(Clone)]
pub(crate) struct FallbackAuthorities(Arc<dyn Fn() -> Option<Arc<[u8]>> + Send + Sync>);

impl FallbackAuthorities {
    /// May block.
    pub(crate) fn pem(&self) -> Option<Arc<[u8]>> {
        (self.0)()
    }
}

impl fmt::Debug for FallbackAuthorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FallbackAuthorities")
    }
}

impl Config {
    /// No settings at all; `service` is the first to give.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The SEEK API.
    #[must_use]
    pub fn seek_api(environment: Environment) -> Self {
        Self::new()
            .put(&setting::SERVICE, Value::Service(Service::SeekApi))
            .put(&setting::ENVIRONMENT, Value::Environment(environment))
    }

    /// SEEK Pass. It also needs [`scopes`](Self::scopes).
    #[must_use]
    pub fn seek_pass(environment: Environment) -> Self {
        Self::new()
            .put(&setting::SERVICE, Value::Service(Service::SeekPass))
            .put(&setting::ENVIRONMENT, Value::Environment(environment))
    }

    /// Any token endpoint that speaks the client-credentials grant of RFC 6749.
    #[must_use]
    pub fn oauth(token_url: impl Into<String>) -> Self {
        Self::new()
            .put(&setting::SERVICE, Value::Service(Service::OAuth))
            .text(&setting::TOKEN_URL, token_url)
    }

    /// The settings whose environment variable is set: `SEEKAUTH_SERVICE`, `SEEKAUTH_CLIENT_ID`
    /// and so on, one for each setting. Lengths of time are in seconds, flags `true` or `false`,
    /// scopes separated by spaces. More may be set afterwards; what is missing is named when the
    /// client is made. A variable that looks like a misspelt one is among its
    /// [`warnings`](crate::Client::warnings).
    ///
    /// # Errors
    ///
    /// `invalid_argument` when a variable is not UTF-8 or not of its setting's kind.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(None, Variables::of_process())
    }

    /// [`from_env`](Self::from_env) with another beginning of the variables' names than `SEEKAUTH_`,
    /// for a program with several clients: with `PASS_`, the client id is in `PASS_CLIENT_ID`.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env); `invalid_argument` for a prefix that does not end with an
    /// underscore, or is not made of ASCII letters, digits and underscores.
    pub fn from_env_with_prefix(prefix: &str) -> Result<Self, Error> {
        Self::from_variables(Some(prefix), Variables::of_process())
    }

    /// The same from other variables than the process's, for bindings; they count for proxies,
    /// certificate authorities and the credentials command too.
    ///
    /// # Errors
    ///
    /// As [`from_env_with_prefix`](Self::from_env_with_prefix).
    #[doc(hidden)]
    pub fn from_variables(prefix: Option<&str>, variables: Variables) -> Result<Self, Error> {
        let prefix = prefix.map_or_else(|| Ok(Prefix::default()), Prefix::new)?;
        let mut config = Self::new();
        for setting in Setting::all() {
            let variable = prefix.variable(setting);
            match variables.get(&variable).map(OsString::into_string) {
                Some(Ok(text)) => config.set(setting, Value::text(text)).map_err(|error| {
                    let message = spelled_as_variables(error.marked(), &prefix);
                    error.with_message(message)
                })?,
                Some(Err(_)) => return Err(Error::invalid(format!("{variable} is not UTF-8"))),
                None => {}
            }
        }
        config.warnings = prefix.misspelt(&variables);
        config.prefix = prefix;
        Ok(config.variables(variables))
    }

    /// For bindings: the environment variables to look at for proxies, certificate authorities and the
    /// credentials command. Default: the process's.
    #[doc(hidden)]
    #[must_use]
    pub fn variables(mut self, variables: Variables) -> Self {
        self.variables = variables;
        self
    }

    /// Sets one setting by the core's own table, for bindings; a later value replaces an earlier one.
    ///
    /// # Errors
    ///
    /// `invalid_argument` when the value is not of the setting's kind.
    #[doc(hidden)]
    pub fn set(&mut self, setting: &Setting, value: Value) -> Result<(), Error> {
        self.values.insert(setting.name(), setting.convert(value)?);
        Ok(())
    }

    /// The client id and secret that SEEK issued. Keep the secret in a secret store.
    #[must_use]
    pub fn credentials(
        self,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        self.text(&setting::CLIENT_ID, client_id).text(&setting::CLIENT_SECRET, client_secret)
    }

    /// The other secret of a rotation, the next or the previous one: it is tried when the server
    /// refuses the first.
    #[must_use]
    pub fn client_secret_next(self, secret: impl Into<String>) -> Self {
        self.text(&setting::CLIENT_SECRET_NEXT, secret)
    }

    /// Credentials from a provider of the program's own, asked with each token request. It stands
    /// in place of [`credentials`](Self::credentials).
    #[must_use]
    pub fn credentials_from(mut self, provider: impl CredentialProvider + 'static) -> Self {
        self.provider = Some(Arc::new(provider));
        self
    }

    /// [`credentials_from`](Self::credentials_from) for a function that blocks. It is called on a
    /// thread of its own, once at a time; what it fails with is not shown to callers.
    #[must_use]
    pub fn credentials_from_blocking(
        self,
        ask: impl Fn() -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.credentials_from(CallbackProvider::new(ask))
    }

    /// The client secret from a file, such as a mounted Kubernetes or Docker secret, read anew for
    /// each token request. The id comes from [`client_id`](Self::client_id) or
    /// [`client_id_file`](Self::client_id_file).
    #[must_use]
    pub fn client_secret_file(self, path: impl Into<String>) -> Self {
        self.text(&setting::CLIENT_SECRET_FILE, path)
    }

    /// The other secret of a rotation from a file, beside
    /// [`client_secret_file`](Self::client_secret_file).
    #[must_use]
    pub fn client_secret_next_file(self, path: impl Into<String>) -> Self {
        self.text(&setting::CLIENT_SECRET_NEXT_FILE, path)
    }

    /// The client id from a file, read as [`client_secret_file`](Self::client_secret_file) is.
    #[must_use]
    pub fn client_id_file(self, path: impl Into<String>) -> Self {
        self.text(&setting::CLIENT_ID_FILE, path)
    }

    /// The client id, for clients whose secret comes from a file.
    #[must_use]
    pub fn client_id(self, client_id: impl Into<String>) -> Self {
        self.text(&setting::CLIENT_ID, client_id)
    }

    /// A JSON file with `client_id`, `client_secret` and perhaps `client_secret_next`, read anew
    /// for each token request.
    #[must_use]
    pub fn credentials_file(self, path: impl Into<String>) -> Self {
        self.text(&setting::CREDENTIALS_FILE, path)
    }

    /// A program and its arguments that print such JSON, run without a shell for each token
    /// request, within `request_timeout`. What it writes to its error output is thrown away.
    #[must_use]
    pub fn credentials_command<I, S>(self, command: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        let words = command.into_iter().map(Into::into).collect();
        self.put(&setting::CREDENTIALS_COMMAND, Value::List(words))
    }

    /// Who is calling, as `name/version`; sent with every request.
    #[must_use]
    pub fn user_agent(self, user_agent: impl Into<String>) -> Self {
        self.text(&setting::USER_AGENT, user_agent)
    }

    /// The scopes to ask for. Order and repetition do not matter.
    #[must_use]
    pub fn scopes<I, S>(self, scopes: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.put(&setting::SCOPES, Value::List(scopes.into_iter().map(Into::into).collect()))
    }

    /// The audience to ask for, in place of the environment's own.
    #[must_use]
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.text(&setting::AUDIENCE, audience)
    }

    /// Where SEEK Pass is; token endpoint and API follow from it.
    #[must_use]
    pub fn base_url(self, url: impl Into<String>) -> Self {
        self.text(&setting::BASE_URL, url)
    }

    /// The token endpoint, in place of the environment's own.
    #[must_use]
    pub fn token_url(self, url: impl Into<String>) -> Self {
        self.text(&setting::TOKEN_URL, url)
    }

    /// The only origin that tokens may be sent to, in place of the environment's own.
    #[must_use]
    pub fn api_url(self, url: impl Into<String>) -> Self {
        self.text(&setting::API_URL, url)
    }

    /// How an `oauth` client proves who it is. Default: in the body.
    #[must_use]
    pub fn token_endpoint_auth_method(self, method: AuthMethod) -> Self {
        self.put(&setting::AUTH_METHOD, Value::AuthMethod(method))
    }

    /// How an `oauth` client writes its request. Default: form.
    #[must_use]
    pub fn token_request_format(self, format: RequestFormat) -> Self {
        self.put(&setting::REQUEST_FORMAT, Value::RequestFormat(format))
    }

    /// Further members of an `oauth` client's token request.
    #[must_use]
    pub fn extra_parameters<I, N, V>(self, parameters: I) -> Self
    where
        I: IntoIterator<Item = (N, V)>,
        N: Into<String>,
        V: Into<String>,
    {
        let pairs = parameters.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.put(&setting::EXTRA_PARAMETERS, Value::pairs(pairs))
    }

    /// Accepts a response without `expires_in` as a token that does not expire. Default: it is an
    /// error, because a lifetime must never be guessed.
    #[must_use]
    pub fn allow_non_expiring(self, allow: bool) -> Self {
        self.put(&setting::ALLOW_NON_EXPIRING, Value::Flag(allow))
    }

    /// How long a call waits for a token. Default: 30 s.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.duration(&setting::TIMEOUT, timeout)
    }

    /// How long one token request may take in all. Default: 10 s.
    #[must_use]
    pub fn request_timeout(self, timeout: Duration) -> Self {
        self.duration(&setting::REQUEST_TIMEOUT, timeout)
    }

    /// How long connecting may take. Default: 5 s.
    #[must_use]
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.duration(&setting::CONNECT_TIMEOUT, timeout)
    }

    /// How long before its expiry a token counts as used up, at most half its life. Default:
    /// 60 s, or a tenth of the life of a token that lives for less than ten minutes.
    #[must_use]
    pub fn refresh_margin(self, margin: Duration) -> Self {
        self.duration(&setting::REFRESH_MARGIN, margin)
    }

    /// Renews tokens in time even while nobody asks for them. Default: an idle client does
    /// nothing.
    #[must_use]
    pub fn stay_warm(self, warm: bool) -> Self {
        self.put(&setting::STAY_WARM, Value::Flag(warm))
    }

    /// A PEM file of certificate authorities to trust besides the system's.
    #[must_use]
    pub fn ca_file(self, path: impl Into<String>) -> Self {
        self.text(&setting::CA_FILE, path)
    }

    /// The `Accept-Language` of requests to the API that have none of their own, such as `en-AU`.
    /// Default: none is sent.
    #[must_use]
    pub fn accept_language(self, languages: impl Into<String>) -> Self {
        self.text(&setting::ACCEPT_LANGUAGE, languages)
    }

    /// A PEM file with the certificate that the client shows to servers that ask for one (mutual
    /// TLS), and its chain.
    #[must_use]
    pub fn client_certificate_file(self, path: impl Into<String>) -> Self {
        self.text(&setting::CLIENT_CERTIFICATE_FILE, path)
    }

    /// A PEM file with that certificate's private key. Default: the certificate's file holds it.
    #[must_use]
    pub fn client_key_file(self, path: impl Into<String>) -> Self {
        self.text(&setting::CLIENT_KEY_FILE, path)
    }

    /// The proxy for all requests, such as `http://name:password@proxy.example:3128`, or `none`.
    /// Hosts that `NO_PROXY` names are reached without it all the same. Default: what `HTTPS_PROXY`
    /// and `ALL_PROXY` say.
    #[must_use]
    pub fn proxy(self, proxy: impl Into<String>) -> Self {
        self.text(&setting::PROXY, proxy)
    }

    /// The store through which processes share tokens: `local` for those of this machine and user,
    /// `local:/folder` for a folder of the program's own; with the feature `redis`
    /// `rediss://name:password@host:6380/0`, `redis://…` and `redis+unix:///path`; `none`. It may hold a
    /// password: keep it in a secret store.
    #[must_use]
    pub fn store(self, store: impl Into<String>) -> Self {
        self.text(&setting::STORE, store)
    }

    /// The time that one step with the store may take before the process goes on without it.
    #[must_use]
    pub fn store_timeout(self, timeout: Duration) -> Self {
        self.duration(&setting::STORE_TIMEOUT, timeout)
    }

    /// A file whose text seals what is stored, in place of the client secret: at least 32 characters, the
    /// same for all processes.
    #[must_use]
    pub fn store_key_file(self, path: impl Into<String>) -> Self {
        self.text(&setting::STORE_KEY_FILE, path)
    }

    /// A file that holds the password of the Redis server, read anew for each connection: where passwords
    /// last for minutes only.
    #[must_use]
    pub fn store_password_file(self, path: impl Into<String>) -> Self {
        self.text(&setting::STORE_PASSWORD_FILE, path)
    }

    /// A PEM file of the certificate authorities to trust for `rediss://`, in place of the system's; or the
    /// server's own certificate.
    #[must_use]
    pub fn store_ca_file(self, path: impl Into<String>) -> Self {
        self.text(&setting::STORE_CA_FILE, path)
    }

    /// What the names of all keys on the Redis server begin with, as its access rules may ask for. Default:
    /// `seekauth`.
    #[must_use]
    pub fn store_prefix(self, prefix: impl Into<String>) -> Self {
        self.text(&setting::STORE_PREFIX, prefix)
    }

    /// For bindings: the language that the client is used from. Default: none of these.
    #[doc(hidden)]
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        self.language = Some(language);
        self
    }

    /// For bindings: certificate authorities in PEM form, trusted where the system has none at all, as
    /// in a slim container. Default: such a system is told what to install.
    #[doc(hidden)]
    #[must_use]
    pub fn fallback_authorities(self, pem: impl Into<Arc<[u8]>>) -> Self {
        let pem = pem.into();
        self.fallback_authorities_from(move || Some(Arc::clone(&pem)))
    }

    /// The same from a function, which is asked only where the system has none, on a thread of its
    /// own; it may block for a while.
    #[doc(hidden)]
    #[must_use]
    pub fn fallback_authorities_from(
        mut self,
        pem: impl Fn() -> Option<Arc<[u8]>> + Send + Sync + 'static,
    ) -> Self {
        self.fallback_authorities = Some(FallbackAuthorities(Arc::new(pem)));
        self
    }

    pub(crate) fn given_fallback_authorities(&self) -> Option<FallbackAuthorities> {
        self.fallback_authorities.clone()
    }

    pub(crate) fn given_variables(&self) -> &Variables {
        &self.variables
    }

    pub(crate) fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// What was found questionable in the settings so far.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    pub(crate) fn host_language(&self) -> Option<Language> {
        self.language
    }

    pub(crate) fn provider(&self) -> Option<&Arc<dyn CredentialProvider>> {
        self.provider.as_ref()
    }

    pub(crate) fn value(&self, setting: &Setting) -> Option<&Value> {
        self.values.get(setting.name())
    }

    fn text(self, setting: &Setting, text: impl Into<String>) -> Self {
        self.put(setting, Value::text(text))
    }

    fn duration(self, setting: &Setting, span: Duration) -> Self {
        self.put(setting, Value::Duration(span))
    }

    fn put(mut self, setting: &Setting, value: Value) -> Self {
        self.values.insert(setting.name(), value);
        self
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Which settings are given helps; the values may be secrets, and the errors say enough.
        f.debug_struct("Config").field("settings", &self.values.keys()).finish_non_exhaustive()
    }
}
