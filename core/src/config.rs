//! What can be set: the settings, how they are read from text and from the environment, their
//! defaults and their validation.

mod builder;
mod credentials;
pub(crate) mod login;
mod permissions;
mod prefix;
mod reader;
mod redis_server;
mod resolved;
pub(crate) mod setting;
mod spelling;
mod store;
mod value;

pub use builder::Config;
pub(crate) use builder::FallbackAuthorities;
pub use setting::{Setting, SettingKind, camel_case};
pub use spelling::message_in;
pub(crate) use spelling::{spelled, spelled_as_variables};
pub(crate) use value::Service;
pub use value::{
    AuthMethod, Environment, Language, RequestFormat, Value, duration_from_milliseconds,
    duration_from_seconds,
};

pub(crate) use prefix::Prefix;
pub(crate) use reader::is_loopback;
#[cfg(feature = "redis")]
pub(crate) use redis_server::{RedisServer, RedisTransport};
pub(crate) use resolved::{Proxy, ResolvedConfig, TIMEOUT};
pub(crate) use store::{SHORTEST_SECRET, StoreConfig, StorePlace};
