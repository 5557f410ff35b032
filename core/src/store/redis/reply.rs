//! What a server's replies mean. Its own words are not repeated: they may quote what was sent.

use std::time::Duration;

use ::redis::{RedisError, ServerErrorKind, Value};

use crate::store::backend::Trouble;

/// The server that is to be asked instead, if this one belongs to a cluster: host and port. Without a host
/// it is another port of the same.
pub(super) fn moved(value: &Value) -> Option<(String, u16)> {
    let Value::ServerError(error) = value else { return None };
    if error.kind() != Some(ServerErrorKind::Moved) {
        return None;
    }
    let (host, port) = error.details()?.split_ascii_whitespace().nth(1)?.rsplit_once(':')?;
    let port = port.parse().ok()?;
    Some((host.trim_start_matches('[').trim_end_matches(']').to_owned(), port))
}

/// What lies under a key, if anything does. What is no text at all opens no better than any that is not
/// ours, and is overwritten like it.
pub(super) fn sealed(value: &Value) -> Result<Option<Vec<u8>>, Trouble> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(Some(bytes.clone())),
        Value::ServerError(error) if error.code() == "WRONGTYPE" => Ok(Some(Vec::new())),
        Value::ServerError(_) => Err(refusal(value)),
        _ => Err(unexpected()),
    }
}

/// The server's clock in milliseconds, if it tells the time.
pub(super) fn time(value: &Value) -> Option<u64> {
    let Value::Array(parts) = value else { return None };
    let number = |part: &Value| match part {
        Value::BulkString(digits) => std::str::from_utf8(digits).ok()?.parse::<u64>().ok(),
        _ => None,
    };
    let [seconds, microseconds] = parts.as_slice() else { return None };
    number(seconds)?.checked_mul(1_000)?.checked_add(number(microseconds)? / 1_000)
}

/// Whether the server does not do what it was told.
pub(super) fn is_refused(value: &Value) -> bool {
    matches!(value, Value::ServerError(_))
}

/// How long a key stays, if it is there and does not stay for ever, and the server tells.
pub(super) fn time_left(value: &Value) -> Result<Option<Duration>, Trouble> {
    match value {
        Value::Int(milliseconds) => {
            Ok(u64::try_from(*milliseconds).ok().map(Duration::from_millis))
        }
        Value::ServerError(_) => Ok(None),
        _ => Err(unexpected()),
    }
}

/// Whether the key was there that a command was about.
pub(super) fn was_there(value: &Value) -> Result<bool, Trouble> {
    match value {
        Value::Int(count) => Ok(*count > 0),
        Value::ServerError(_) => Err(refusal(value)),
        _ => Err(unexpected()),
    }
}

/// That the command was carried out.
pub(super) fn done(value: &Value) -> Result<(), Trouble> {
    match value {
        Value::Okay | Value::Int(_) => Ok(()),
        Value::ServerError(_) => Err(refusal(value)),
        _ => Err(unexpected()),
    }
}

pub(super) fn unexpected() -> Trouble {
    Trouble(
        "the server responds with what no Redis does; is something else at this address?"
            .to_owned(),
    )
}

/// Why the reading of a reply failed.
pub(super) fn broken(problem: &RedisError) -> Trouble {
    if problem.is_io_error() {
        Trouble("the server ended the connection, or sent far too much".to_owned())
    } else {
        unexpected()
    }
}

fn refusal(value: &Value) -> Trouble {
    let Value::ServerError(error) = value else { return unexpected() };
    let code = error.code();
    let is_code = code.len() <= 16 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    let what = match code {
        "WRONGPASS" | "NOAUTH" => "it wants another user or password; check store",
        "NOPERM" => "its rules do not permit this user the commands or keys of the store",
        "READONLY" => "it is a replica, which takes no writes; name the primary",
        "OOM" => "its memory is full; give it room, or a policy of eviction",
        "MISCONF" => "it cannot save its data and takes no writes",
        "LOADING" => "it is still loading its data",
        "MASTERDOWN" => "it is a replica without its primary",
        "CLUSTERDOWN" | "TRYAGAIN" | "MOVED" | "ASK" => "its cluster is changing",
        "ERR" => "it does not know a command, or does not take it now",
        _ => "see the manual of the server",
    };
    let code = if is_code { code } else { "an error without a code" };
    Trouble(format!("the server responds with {code}: {what}"))
}

/// What the server said to user, password and database.
pub(super) fn greeted(value: &Value) -> Result<(), Trouble> {
    match value {
        Value::ServerError(error) if error.code() == "ERR" => Err(Trouble(
            "the server does not take the password or the number of the database; check store"
                .to_owned(),
        )),
        value => done(value),
    }
}
