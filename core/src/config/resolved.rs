//! A validated configuration: what to ask, where, as whom, and for how long to wait. Everything
//! that differs between the SEEK API, SEEK Pass and any other server is decided here, once.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::config::permissions;
use crate::config::reader::SettingsReader;
use crate::config::setting::{self, Setting};
use crate::config::store::{self, StoreConfig};
use crate::config::{
    AuthMethod, Config, Environment, FallbackAuthorities, Language, Prefix, RequestFormat, Service,
    Value, credentials, spelled,
};
use crate::credentials::CredentialsSource;
use crate::error::Error;
use crate::sys::secret::Secret;
use crate::sys::time_limit::TimeLimit;
use crate::sys::variables::Variables;

const SEEK_TOKEN_URL: &str = "https://auth.seek.com/oauth/token";
const SEEK_API_URL: &str = "https://graphql.seek.com/graphql";
const SEEK_LIVE_AUDIENCE: &str = "https://graphql.seek.com";
const SEEK_PLAYGROUND_AUDIENCE: &str = "https://test.graphql.seek.com";
const PASS_STAGING_URL: &str = "https://app.seekpass-staging.com";
const PASS_TOKEN_PATH: &str = "/api/partner/v1/oauth/token.json";

pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Members of the token request that have a setting of their own.
const RESERVED: [&str; 5] = ["grant_type", "client_id", "client_secret", "scope", "audience"];

/// The one parameter that may be given several times.
const REPEATED: &str = "resource";

/// How connections leave.
#[derive(Debug)]
pub(crate) enum Proxy {
    /// As the environment says.
    System,
    Direct,
    Through(Secret),
}

#[derive(Debug)]
pub(crate) struct ResolvedConfig {
    pub(crate) token_url: Url,
    /// The only place a token may be sent to, where the service or the caller named one.
    pub(crate) api_url: Option<Url>,
    pub(crate) credentials: CredentialsSource,
    pub(crate) auth_method: AuthMethod,
    pub(crate) format: RequestFormat,
    pub(crate) audience: Option<String>,
    pub(crate) extra_parameters: Vec<(String, String)>,
    /// The origin of `api_url`, in ASCII.
    pub(crate) api_origin: Option<String>,
    pub(crate) user_agent: String,
    pub(crate) accept_language: Option<String>,
    pub(crate) allow_non_expiring: bool,
    pub(crate) timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) refresh_margin: Option<Duration>,
    pub(crate) stay_warm: bool,
    pub(crate) ca_file: Option<String>,
    pub(crate) client_certificate_file: Option<String>,
    pub(crate) client_key_file: Option<String>,
    pub(crate) proxy: Proxy,
    pub(crate) store: Option<StoreConfig>,
    pub(crate) language: Option<Language>,
    /// Authorities in PEM form for a system that has none.
    pub(crate) fallback_authorities: Option<FallbackAuthorities>,
    /// What the environment says about proxies and authorities, and what a command runs with.
    pub(crate) variables: Variables,
    pub(crate) warnings: Vec<String>,
    prefix: Prefix,
    service: Service,
    environment: Option<Environment>,
}

impl ResolvedConfig {
    /// The configuration and the scopes of the first handle.
    pub(crate) fn new(config: &Config) -> Result<(Self, Arc<[String]>), Error> {
        let (mut resolved, scopes) = Self::with_marks(config)?;
        for warning in &mut resolved.warnings {
            *warning = spelled(warning, resolved.language);
        }
        Ok((resolved, scopes))
    }

    /// The same, with the settings in its warnings between backticks.
    pub(crate) fn with_marks(config: &Config) -> Result<(Self, Arc<[String]>), Error> {
        let reader = SettingsReader(config);
        let service = reader.service()?;
        let environment = reader.environment(service)?;
        reader.only_for(&setting::BASE_URL, service == Service::SeekPass, "seek_pass")?;
        let oauth = service == Service::OAuth;
        reader.only_for(&setting::AUTH_METHOD, oauth, "oauth")?;
        reader.only_for(&setting::REQUEST_FORMAT, oauth, "oauth")?;
        reader.only_for(&setting::EXTRA_PARAMETERS, oauth, "oauth")?;

        reader.only_with(&setting::CLIENT_KEY_FILE, &setting::CLIENT_CERTIFICATE_FILE)?;

        let (token_url, api_url) = reader.endpoints(service, environment)?;
        let request_timeout = reader.wait(&setting::REQUEST_TIMEOUT)?.unwrap_or(REQUEST_TIMEOUT);
        let connect_timeout = reader.wait(&setting::CONNECT_TIMEOUT)?.unwrap_or(CONNECT_TIMEOUT);
        let credentials = credentials::from_settings(&reader, request_limit(request_timeout))?;
        let store = store::from_settings(&reader)?;
        let warnings = [
            config.warnings(),
            &permissions::warnings(&reader, connect_timeout)?,
            &store::warnings(store.as_ref(), &reader)?,
        ]
        .concat();
        let resolved = Self {
            token_url,
            api_origin: api_url.as_ref().map(|url| url.origin().ascii_serialization()),
            api_url,
            credentials,
            auth_method: reader.auth_method()?,
            format: match service {
                Service::SeekApi => RequestFormat::Json,
                Service::SeekPass => RequestFormat::Form,
                Service::OAuth => reader.request_format()?,
            },
            audience: reader.audience(service, environment)?,
            extra_parameters: reader.extra_parameters()?,
            user_agent: reader.user_agent()?,
            accept_language: reader.accept_language()?,
            allow_non_expiring: reader.flag(&setting::ALLOW_NON_EXPIRING),
            timeout: reader.wait(&setting::TIMEOUT)?.unwrap_or(TIMEOUT),
            request_timeout,
            connect_timeout,
            refresh_margin: reader.duration(&setting::REFRESH_MARGIN)?,
            stay_warm: reader.flag(&setting::STAY_WARM),
            ca_file: reader.path(&setting::CA_FILE)?,
            client_certificate_file: reader.path(&setting::CLIENT_CERTIFICATE_FILE)?,
            client_key_file: reader.path(&setting::CLIENT_KEY_FILE)?,
            proxy: reader.proxy()?,
            store,
            language: config.host_language(),
            fallback_authorities: config.given_fallback_authorities(),
            variables: config.given_variables().clone(),
            warnings,
            prefix: config.prefix().clone(),
            service,
            environment,
        };
        let scopes = resolved.scopes(reader.list(&setting::SCOPES))?;
        Ok((resolved, scopes))
    }

    /// An error that says what is missing and how to give it.
    pub(crate) fn missing(&self, setting: &Setting, hint: &str) -> Error {
        self.prefix.missing(setting, hint)
    }

    /// How long a call waits that names no time of its own.
    pub(crate) fn time_limit(&self) -> TimeLimit {
        TimeLimit::of_setting(setting::TIMEOUT.name(), self.timeout)
    }

    /// How long a call waits that may name a time of its own.
    pub(crate) fn time_limit_of_call(&self, own: Option<Duration>) -> TimeLimit {
        own.map_or_else(|| self.time_limit(), TimeLimit::of_call)
    }

    /// How long one token request may take.
    pub(crate) fn request_limit(&self) -> TimeLimit {
        request_limit(self.request_timeout)
    }

    /// How long connecting may take.
    pub(crate) fn connect_limit(&self) -> TimeLimit {
        TimeLimit::of_setting(setting::CONNECT_TIMEOUT.name(), self.connect_timeout)
    }

    /// The names of service and environment.
    pub(crate) fn names(&self) -> (&'static str, Option<&'static str>) {
        (self.service.name(), self.environment.map(Environment::name))
    }

    /// What in the configuration does not go together, where an API rejects the tokens.
    pub(crate) fn mismatch(&self) -> Option<String> {
        let environment = self.environment.map_or("", Environment::name);
        let (audience, api_url, token_url) =
            (setting::AUDIENCE.mention(), setting::API_URL.mention(), setting::TOKEN_URL.mention());
        if self.service == Service::SeekApi {
            let (own, other) = match self.environment {
                Some(Environment::Playground) => {
                    (SEEK_PLAYGROUND_AUDIENCE, (SEEK_LIVE_AUDIENCE, Environment::Live))
                }
                _ => (SEEK_LIVE_AUDIENCE, (SEEK_PLAYGROUND_AUDIENCE, Environment::Playground)),
            };
            return match self.audience.as_deref() {
                Some(given) if given == other.0 => Some(format!(
                    "{audience} is that of {}, and {} is {environment}",
                    other.1.name(),
                    setting::ENVIRONMENT.mention()
                )),
                Some(given) if given != own => {
                    Some(format!("{audience} is not that of {environment}, so look there first"))
                }
                _ if self
                    .api_origin
                    .as_deref()
                    .is_some_and(|origin| !SEEK_API_URL.starts_with(origin)) =>
                {
                    Some(format!("{api_url} is not that of {environment}, so look there first"))
                }
                _ => None,
            };
        }
        let token_origin = self.token_url.origin().ascii_serialization();
        let is_apart = self.api_origin.as_ref().is_some_and(|origin| *origin != token_origin);
        (self.service == Service::SeekPass && is_apart)
            .then(|| format!("{api_url} has another host than {token_url}, so look there first"))
    }

    /// Host and port of the token endpoint.
    pub(crate) fn token_server(&self) -> (&str, u16) {
        server(&self.token_url)
    }

    /// Host and port of the API.
    pub(crate) fn api_server(&self) -> Option<(&str, u16)> {
        self.api_url.as_ref().map(server)
    }

    /// Whether the API's responses are GraphQL, where a rejected token is not told by the status.
    pub(crate) fn speaks_graphql(&self) -> bool {
        self.service == Service::SeekApi
    }

    /// Scopes in canonical form (sorted, each once), or the error that says what is wrong with
    /// them for this service.
    pub(crate) fn scopes(&self, wanted: Option<Vec<String>>) -> Result<Arc<[String]>, Error> {
        let setting = setting::SCOPES;
        let is_given = wanted.is_some();
        let mut scopes = wanted.unwrap_or_default();
        match self.service {
            Service::SeekApi if is_given => {
                return Err(setting.invalid(
                    "do not apply to seek_api: a partner token has no scopes; leave them out",
                ));
            }
            Service::SeekPass if !is_given => {
                return Err(
                    self.missing(&setting, "SEEK Pass needs at least one, such as write.education")
                );
            }
            _ if is_given && scopes.is_empty() => {
                return Err(setting.invalid("must hold at least one scope"));
            }
            _ => {}
        }
        // RFC 6749, appendix A.4.
        let legal = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if scopes.iter().any(|scope| scope.is_empty() || !scope.bytes().all(legal)) {
            return Err(setting.invalid(
                "must each be visible ASCII without spaces, quotes or backslashes, and not empty",
            ));
        }
        scopes.sort_unstable();
        scopes.dedup();
        Ok(scopes.into())
    }
}

impl SettingsReader<'_> {
    fn service(&self) -> Result<Service, Error> {
        let setting = setting::SERVICE;
        if let Some(Value::Service(service)) = self.0.value(&setting) {
            return Ok(*service);
        }
        match self.text(&setting)? {
            Some("seek_api") => Ok(Service::SeekApi),
            Some("seek_pass") => Ok(Service::SeekPass),
            Some("oauth") => Ok(Service::OAuth),
            Some(_) => Err(setting.invalid("must be seek_api, seek_pass or oauth")),
            None => Err(self.missing(&setting, "give seek_api, seek_pass or oauth")),
        }
    }

    fn environment(&self, service: Service) -> Result<Option<Environment>, Error> {
        let setting = setting::ENVIRONMENT;
        let (choices, names): (&[Environment], _) = match service {
            Service::SeekApi => {
                (&[Environment::Live, Environment::Playground], "live or playground")
            }
            Service::SeekPass => {
                (&[Environment::Staging, Environment::Production], "staging or production")
            }
            Service::OAuth => {
                self.only_for(&setting, false, "seek_api and seek_pass")?;
                return Ok(None);
            }
        };
        let asked = |choice: &&Environment| match self.0.value(&setting) {
            Some(Value::Environment(environment)) => *environment == **choice,
            Some(Value::Text(text)) => choice.name() == text.as_str(),
            _ => false,
        };
        match choices.iter().find(asked) {
            Some(choice) => Ok(Some(*choice)),
            None if self.has(&setting) => {
                self.text(&setting)?;
                Err(setting.invalid(format!("must be {names}")))
            }
            None => Err(self.missing(&setting, &format!("give {names}"))),
        }
    }

    fn auth_method(&self) -> Result<AuthMethod, Error> {
        let setting = setting::AUTH_METHOD;
        if let Some(Value::AuthMethod(method)) = self.0.value(&setting) {
            return Ok(*method);
        }
        let choices = [
            AuthMethod::ClientSecretPost,
            AuthMethod::ClientSecretBasic,
            AuthMethod::ClientSecretBasicRaw,
        ];
        self.one_of(&setting, &choices, AuthMethod::name)
    }

    fn request_format(&self) -> Result<RequestFormat, Error> {
        let setting = setting::REQUEST_FORMAT;
        if let Some(Value::RequestFormat(format)) = self.0.value(&setting) {
            return Ok(*format);
        }
        self.one_of(&setting, &[RequestFormat::Form, RequestFormat::Json], RequestFormat::name)
    }

    fn endpoints(
        &self,
        service: Service,
        environment: Option<Environment>,
    ) -> Result<(Url, Option<Url>), Error> {
        let token_url = self.url(&setting::TOKEN_URL)?;
        let api_url = self.url(&setting::API_URL)?;
        let base_url = self.url(&setting::BASE_URL)?;
        match service {
            Service::SeekApi => Ok((
                token_url.map_or_else(|| built_in(SEEK_TOKEN_URL), Ok)?,
                Some(api_url.map_or_else(|| built_in(SEEK_API_URL), Ok)?),
            )),
            Service::SeekPass => {
                let base_url = match (base_url, environment) {
                    (None, Some(Environment::Staging)) => Some(built_in(PASS_STAGING_URL)?),
                    (base_url, _) => base_url,
                };
                let token_url = match (token_url, &base_url) {
                    (Some(url), _) => url,
                    (None, Some(base)) => under(base, PASS_TOKEN_PATH),
                    (None, None) => {
                        return Err(self.missing(
                            &setting::BASE_URL,
                            "SEEK Pass production has no public address; give the one SEEK told you",
                        ));
                    }
                };
                Ok((token_url, api_url.or(base_url)))
            }
            Service::OAuth => match token_url {
                Some(url) => Ok((url, api_url)),
                None => Err(self.missing(&setting::TOKEN_URL, "give the server's token endpoint")),
            },
        }
    }

    fn audience(
        &self,
        service: Service,
        environment: Option<Environment>,
    ) -> Result<Option<String>, Error> {
        let setting = setting::AUDIENCE;
        self.only_for(&setting, service != Service::SeekPass, "seek_api and oauth")?;
        let audience = self.visible(&setting)?.map(str::to_owned);
        Ok(match (service, environment) {
            (Service::SeekApi, Some(Environment::Playground)) => {
                Some(audience.unwrap_or_else(|| SEEK_PLAYGROUND_AUDIENCE.to_owned()))
            }
            (Service::SeekApi, _) => {
                Some(audience.unwrap_or_else(|| SEEK_LIVE_AUDIENCE.to_owned()))
            }
            _ => audience,
        })
    }

    fn proxy(&self) -> Result<Proxy, Error> {
        let setting = setting::PROXY;
        let text = match self.text(&setting)? {
            None => return Ok(Proxy::System),
            Some("none") => return Ok(Proxy::Direct),
            Some(text) => text,
        };
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                Ok(Proxy::Through(Secret::new(text)))
            }
            _ => Err(setting.invalid(
                "must be an http or https URL, such as http://proxy.example:3128, or none",
            )),
        }
    }

    fn user_agent(&self) -> Result<String, Error> {
        let setting = setting::USER_AGENT;
        let Some(text) = self.text(&setting)? else {
            return Err(
                self.missing(&setting, "give your application as name/version, such as Acme/1.2.3")
            );
        };
        let product = text.split(' ').next().unwrap_or_default();
        let is_product = product
            .split_once('/')
            .is_some_and(|(name, version)| is_http_token(name) && is_http_token(version));
        if is_product && text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
            Ok(text.to_owned())
        } else {
            Err(setting
                .invalid("must begin with name/version, such as Acme/1.2.3, in visible ASCII"))
        }
    }

    fn accept_language(&self) -> Result<Option<String>, Error> {
        let setting = setting::ACCEPT_LANGUAGE;
        match self.text(&setting)? {
            // RFC 9110, 12.5.4.
            Some(text)
                if text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-*,;=. ".contains(&byte)) =>
            {
                Ok(Some(text.to_owned()))
            }
            Some(_) => Err(setting.invalid("must be a list of languages, such as en-AU, en;q=0.8")),
            None => Ok(None),
        }
    }

    fn extra_parameters(&self) -> Result<Vec<(String, String)>, Error> {
        let setting = setting::EXTRA_PARAMETERS;
        let Some(Value::Pairs(pairs)) = self.0.value(&setting) else { return Ok(Vec::new()) };
        for (index, (name, _)) in pairs.iter().enumerate() {
            if name.is_empty() {
                return Err(setting.invalid("must not hold an empty name"));
            }
            if RESERVED.contains(&name.as_str()) {
                return Err(
                    setting.invalid(format!("must not hold {name}, which has its own setting"))
                );
            }
            if name != REPEATED && pairs[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(setting.invalid(format!(
                    "must hold each name once (RFC 6749, 3.2), but for {REPEATED} (RFC 8707)"
                )));
            }
        }
        Ok(pairs.iter().map(|(name, value)| (name.clone(), value.to_string())).collect())
    }
}

const fn request_limit(length: Duration) -> TimeLimit {
    TimeLimit::of_setting(setting::REQUEST_TIMEOUT.name(), length)
}

fn built_in(url: &str) -> Result<Url, Error> {
    Url::parse(url)
        .map_err(|problem| Error::new(crate::ErrorKind::Internal, format!("{url}: {problem}")))
}

/// Host and port, as metrics name a server.
fn server(url: &Url) -> (&str, u16) {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (host, url.port_or_known_default().unwrap_or_default())
}

/// `path` below a base URL that may have a path of its own.
fn under(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}

/// A token in the sense of RFC 9110, 5.6.2.
fn is_http_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
