//! A Redis server (or Valkey, or what speaks like them), as its URL and the settings beside it say.

use std::net::IpAddr;
use std::path::PathBuf;

use url::Url;

use crate::config::login;
use crate::config::reader::SettingsReader;
use crate::config::setting;
use crate::error::Error;
use crate::sys::secret::Secret;

const PORT: u16 = 6379;
const PREFIX: &str = "seekauth";
const SCHEMES: [&str; 3] = ["redis", "rediss", "redis+unix"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RedisServer {
    pub(crate) transport: RedisTransport,
    pub(crate) user: Option<Secret>,
    pub(crate) password: Option<Secret>,
    /// A file that holds it instead.
    pub(crate) password_file: Option<String>,
    pub(crate) database: u32,
    /// The authorities in place of the system's.
    pub(crate) ca_file: Option<String>,
    /// What keys begin with.
    pub(crate) prefix: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RedisTransport {
    Tcp { host: String, port: u16 },
    Tls { host: String, port: u16 },
    Unix(PathBuf),
}

impl RedisTransport {
    /// Whether it is TLS.
    pub(crate) fn is_secured(&self) -> bool {
        matches!(self, Self::Tls { .. })
    }
}

/// Whether a `store` is such a URL.
pub(crate) fn is_meant_by(store: &str) -> bool {
    store.split_once("://").is_some_and(|(scheme, _)| SCHEMES.contains(&scheme))
}

impl RedisServer {
    /// The server at `url`, of which nothing is quoted: it may hold a password.
    pub(crate) fn from_settings(url: &str, reader: &SettingsReader<'_>) -> Result<Self, Error> {
        let setting = setting::STORE;
        if cfg!(not(feature = "redis")) {
            return Err(setting.invalid(
                "names a Redis server, and this build does without; switch the feature redis on",
            ));
        }
        let (scheme, rest) = url.split_once("://").unwrap_or((url, ""));
        // A path may hold an @.
        let (login, address) = match scheme {
            "redis+unix" => (None, rest),
            _ => login::split(rest),
        };
        let (user, password) = login::name_and_password(login.unwrap_or_default());
        let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text).filter(|text| !text.is_empty()).map(Secret::new)),
            Err(_) => Err(setting.invalid("holds bytes that are not UTF-8")),
        };
        let (user, password) = (text(&user)?, text(&password)?);
        let password_file = reader.path(&setting::STORE_PASSWORD_FILE)?;
        if password.is_some() && password_file.is_some() {
            return Err(setting::STORE_PASSWORD_FILE
                .invalid("is given beside a password in `store`; leave one of them out"));
        }
        if user.is_some() && password.is_none() && password_file.is_none() {
            return Err(setting.invalid(
                "has a user without a password; write user:password@, or give `store_password_file`",
            ));
        }
        let (transport, database) = match scheme {
            "redis+unix" => (RedisTransport::Unix(socket(rest)?), 0),
            scheme => tcp(scheme, address)?,
        };
        let ca_file = reader.path(&setting::STORE_CA_FILE)?;
        Ok(Self {
            transport,
            user,
            password,
            password_file,
            database,
            ca_file,
            prefix: prefix(reader)?,
        })
    }

    /// Whether its password travels for others to read.
    pub(crate) fn shows_its_password(&self) -> bool {
        let RedisTransport::Tcp { host, .. } = &self.transport else { return false };
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let is_here = address.map_or(host == "localhost", |address| address.is_loopback());
        !is_here && (self.password.is_some() || self.password_file.is_some())
    }
}

fn form() -> &'static str {
    "must be written as rediss://user:password@host:6379/0, where all but the host may be left out"
}

fn tcp(scheme: &str, address: &str) -> Result<(RedisTransport, u32), Error> {
    let setting = setting::STORE;
    let is_plain =
        !address.contains(|letter: char| letter.is_whitespace() || "?#".contains(letter));
    let url = Url::parse(&format!("{scheme}://{address}")).ok().filter(|_| is_plain);
    let url = url.ok_or_else(|| setting.invalid(form()))?;
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| setting.invalid(form()))?.to_owned();
    let port = url.port().unwrap_or(PORT);
    let database = match url.path().trim_start_matches('/') {
        "" => 0,
        number => number.parse().map_err(|_| setting.invalid(form()))?,
    };
    let transport = match scheme {
        "rediss" => RedisTransport::Tls { host, port },
        _ => RedisTransport::Tcp { host, port },
    };
    Ok((transport, database))
}

/// The path of a socket.
fn socket(path: &str) -> Result<PathBuf, Error> {
    let setting = setting::STORE;
    if !path.starts_with('/') || path.len() < 2 {
        return Err(setting.invalid("must name a socket by its whole path: redis+unix:///path"));
    }
    if cfg!(unix) {
        Ok(PathBuf::from(path))
    } else {
        Err(setting.invalid("redis+unix is for Unix systems"))
    }
}

fn prefix(reader: &SettingsReader<'_>) -> Result<String, Error> {
    let setting = setting::STORE_PREFIX;
    let Some(prefix) = reader.text(&setting)? else { return Ok(PREFIX.to_owned()) };
    // What stands in braces decides in which part of a cluster a key lies.
    let is_legal = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}');
    if prefix.bytes().all(is_legal) {
        Ok(prefix.to_owned())
    } else {
        Err(setting.invalid("must be visible ASCII without braces"))
    }
}

#[cfg(feature = "redis")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(config: &Config) -> Result<RedisServer, Error> {
        let reader = SettingsReader(config);
        let Some(crate::config::Value::Text(url)) = config.value(&setting::STORE) else { panic!() };
        RedisServer::from_settings(url.as_str(), &reader)
    }

    fn at(url: &str) -> RedisServer {
        read(&Config::new().store(url)).unwrap()
    }

    #[test]
    fn all_but_the_host_may_be_left_out() {
        let server = at("rediss://cache.example");
        let host = "cache.example".to_owned();
        assert_eq!(server.transport, RedisTransport::Tls { host, port: 6379 });
        assert_eq!((server.user, server.password, server.database), (None, None, 0));
        assert_eq!(server.prefix, "seekauth");
        let server = at("redis://me:p%40ss%2Fword@[::1]:7000/3");
        let host = "[::1]".to_owned();
        assert_eq!(server.transport, RedisTransport::Tcp { host, port: 7000 });
        assert_eq!(server.password, Some(Secret::new("p@ss/word")));
        assert_eq!((server.user, server.database), (Some(Secret::new("me")), 3));
        assert_eq!(at("redis://:p@ss/w?rd#@h").password, Some(Secret::new("p@ss/w?rd#")));
        assert_eq!(at("redis://:only@h").user, None);
        let socket = RedisTransport::Unix("/run/redis.sock".into());
        assert_eq!(at("redis+unix:///run/redis.sock").transport, socket);
        let odd = at("redis+unix:///run/a:b@c");
        assert_eq!(odd.transport, RedisTransport::Unix("/run/a:b@c".into()));
        assert_eq!((odd.user, odd.password), (None, None));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_and_not_quoted() {
        for url in [
            "redis://",
            "rediss:///0",
            "redis://me@h",
            "redis://:s3cret@h/zero",
            "redis://:s3cret@h:port",
            "redis://:s3cret@h/0?db=1",
            "redis://:s3cret@h h",
            "redis://:s3cret@",
            "redis://:%ff@h",
            "redis+unix://h/path",
            "redis+unix:///",
        ] {
            let error = read(&Config::new().store(url)).unwrap_err();
            assert!(!error.message().contains("s3c"), "{error}");
        }
        let both = Config::new().store("redis://:s3cret@h").store_password_file("/f");
        assert!(read(&both).is_err());
        assert!(read(&Config::new().store("redis://h").store_prefix("a{b}")).is_err());
    }

    #[test]
    fn a_password_is_shown_where_others_are_on_the_way() {
        for (url, shown) in [
            ("redis://:p@cache.example", true),
            ("redis://cache.example", false),
            ("rediss://:p@cache.example", false),
            ("redis://:p@localhost", false),
            ("redis://:p@[::1]:7000", false),
            ("redis://:p@127.0.0.1", false),
        ] {
            assert_eq!(at(url).shows_its_password(), shown, "{url}");
        }
    }
}
