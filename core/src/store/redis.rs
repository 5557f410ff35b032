//! A Redis server, or whatever knows its plain commands: Valkey and the services of clouds. Only those that
//! every one of them permits are sent, each can fail by itself, and nothing is remembered between flights:
//! an idle process has no connection.
//!
//! | key | holds |
//! |---|---|
//! | `prefix:1:{name}:t` | the sealed token |
//! | `prefix:1:{name}:l` | the lease |
//! | `prefix:1:{name}:n:note` | the sealed note about one secret |

mod connection;
mod reply;
mod server;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use ::redis::{Cmd, Value, cmd};

use crate::config::{RedisServer, ResolvedConfig};
use crate::store::backend::{Backend, Claim, Found, Names, Reading, Session, Step, Trouble};
use crate::store::record::Stamp;
use crate::store::redis::connection::Connection;
use crate::store::redis::server::Server;
use crate::sys::clock::{Clock, Moment};
use crate::sys::per_process::PerProcess;
use crate::sys::random;

/// Of one process, however many tokens it has.
const CONNECTIONS: usize = 4;
const LEASE: Duration = Duration::from_secs(3);
/// Looks for what another process publishes are so far apart at first, and at last.
const FIRST_POLL: Duration = Duration::from_millis(10);
const LAST_POLL: Duration = Duration::from_millis(100);
/// Processes that are in no hurry come to the server within so long, so that it does not see all at once.
const LONGEST_SPREAD: Duration = Duration::from_secs(1);
/// Commands that look at one place, in the order of [`look_at`].
const LOOKS: usize = 4;

/// A store on a server.
pub(crate) struct Redis {
    server: Arc<Server>,
    links: PerProcess<Mutex<Vec<Weak<Link>>>>,
}

/// A place for one connection, in which the steps of flights take turns.
type Link = tokio::sync::Mutex<Option<Connection>>;

impl Redis {
    /// Opens nothing.
    pub(crate) fn new(
        config: Arc<ResolvedConfig>,
        redis: RedisServer,
        timeout: Duration,
        clock: Clock,
    ) -> Self {
        let server = Arc::new(Server { config, redis, timeout, clock });
        Self { server, links: PerProcess::new() }
    }

    /// A place of its own while there are few, then the one with the fewest users. The last that leaves it
    /// takes the connection along.
    fn link(&self) -> Arc<Link> {
        let links = self.links.get(Mutex::default);
        let mut links = links.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|link| link.strong_count() > 0);
        let fewest = links.iter().min_by_key(|link| link.strong_count()).and_then(Weak::upgrade);
        match fewest {
            Some(link) if links.len() >= CONNECTIONS => link,
            _ => {
                let link = Arc::default();
                links.push(Arc::downgrade(&link));
                link
            }
        }
    }
}

impl Backend for Redis {
    fn kind(&self) -> &'static str {
        "redis"
    }

    fn session(&self, first_step: Duration) -> Arc<dyn Session> {
        let server = Arc::clone(&self.server);
        let first_step = first_step.max(server.timeout);
        Arc::new(Steps { server, link: self.link(), first_step, began: AtomicBool::new(false) })
    }

    fn spread(&self, window: Duration) -> Duration {
        (window / 50).min(LONGEST_SPREAD)
    }

    fn poll_interval(&self, looks: u32) -> Duration {
        let full = FIRST_POLL.saturating_mul(1 << looks.min(8)).min(LAST_POLL);
        full / 2 + (full / 2).mul_f64(random::fraction())
    }
}

/// The steps of one flight.
struct Steps {
    server: Arc<Server>,
    link: Arc<Link>,
    first_step: Duration,
    began: AtomicBool,
}

/// What came back for one write.
struct Replies {
    values: Vec<Value>,
    asked: Moment,
    answered: Moment,
}

impl Steps {
    /// Sends commands in one write and takes all replies. A connection on which that fails is not used
    /// again.
    async fn exchange(&self, commands: &[Cmd]) -> Result<Replies, Trouble> {
        let timeout = self.server.timeout;
        let is_first = !self.began.swap(true, Ordering::Relaxed);
        let allowed = if is_first { self.first_step } else { timeout };
        let exchanging = async {
            let mut link = self.link.lock().await;
            let mut connection = match link.take() {
                Some(connection) => connection,
                None => Connection::open(&self.server, None).await?,
            };
            let mut replies = self.send(&mut connection, commands).await?;
            // Once: who is sent on and on is in a cluster that does not know itself.
            if let Some(node) = replies.values.iter().find_map(reply::moved) {
                connection = Connection::open(&self.server, Some(node)).await?;
                replies = self.send(&mut connection, commands).await?;
            }
            *link = Some(connection).filter(Connection::is_open);
            Ok(replies)
        };
        let late = |_| Err(Trouble("the server did not respond within `store_timeout`".to_owned()));
        tokio::time::timeout(allowed, exchanging).await.unwrap_or_else(late)
    }

    async fn send(&self, to: &mut Connection, commands: &[Cmd]) -> Result<Replies, Trouble> {
        let asked = self.server.clock.now();
        let values = to.exchange(commands).await?;
        Ok(Replies { values, asked, answered: self.server.clock.now() })
    }

    /// One command whose reply says no more than that it was done.
    async fn order(&self, command: Cmd) -> Result<(), Trouble> {
        let replies = self.exchange(&[command]).await?;
        replies.values.first().map_or(Err(reply::unexpected()), reply::done)
    }

    async fn look(&self, places: &[Names]) -> Result<Option<Reading>, Trouble> {
        let mut reading = None;
        for place in places {
            let replies = self.exchange(&self.look_at(place)).await?;
            reading = Some(and_also(reading, &replies, 0)?);
        }
        Ok(reading)
    }

    /// A write for each place: in a cluster they may lie on different servers. The time that is left to a
    /// token is asked for before the token: whatever replaces it in between has more.
    fn look_at(&self, place: &Names) -> [Cmd; LOOKS] {
        [
            with_key("PTTL", self.token_key(place)),
            with_key("GET", self.token_key(place)),
            cmd("TIME"),
            with_key("GET", self.note_key(place)),
        ]
    }

    fn token_key(&self, place: &Names) -> String {
        self.key(place, "t")
    }

    fn lease_key(&self, place: &Names) -> String {
        self.key(place, "l")
    }

    fn note_key(&self, place: &Names) -> String {
        self.key(place, &format!("n:{}", place.note))
    }

    /// What stands in braces decides on which server of a cluster it lies, so all of one place is on one.
    fn key(&self, place: &Names, what: &str) -> String {
        format!("{}:1:{{{}}}:{what}", self.server.redis.prefix, place.token)
    }
}

impl Session for Steps {
    fn read<'a>(&'a self, places: &'a [Names]) -> Step<'a, Reading> {
        Box::pin(async move {
            self.look(places).await?.ok_or_else(|| Trouble("there is nothing to read".to_owned()))
        })
    }

    fn claim<'a>(&'a self, places: &'a [Names]) -> Step<'a, Claim> {
        Box::pin(async move {
            let Some((first, others)) = places.split_first() else { return Ok(Claim::Taken) };
            let mut commands = vec![
                with_key("SET", self.lease_key(first))
                    .arg(fastrand::u128(..).to_be_bytes().as_slice())
                    .arg("NX")
                    .arg("PX")
                    .arg(milliseconds(LEASE))
                    .take(),
            ];
            commands.extend(self.look_at(first));
            let replies = self.exchange(&commands).await?;
            let claimed = replies.values.first().ok_or_else(reply::unexpected)?;
            if matches!(claimed, Value::Nil) {
                return Ok(Claim::Taken);
            }
            reply::done(claimed)?;
            // The lease is there, whatever is wrong with the rest.
            let mut reading = and_also(None, &replies, 1).ok();
            for place in others {
                let Ok(replies) = self.exchange(&self.look_at(place)).await else {
                    return Ok(Claim::Won(None));
                };
                reading = and_also(reading, &replies, 0).ok();
            }
            Ok(Claim::Won(reading))
        })
    }

    fn lease_lasts(&self) -> Option<Duration> {
        Some(LEASE)
    }

    fn extend<'a>(&'a self, place: &'a Names) -> Step<'a, bool> {
        Box::pin(async move {
            let mut command = with_key("PEXPIRE", self.lease_key(place));
            let replies = self.exchange(&[command.arg(milliseconds(LEASE)).take()]).await?;
            replies.values.first().map_or(Err(reply::unexpected()), reply::was_there)
        })
    }

    fn release<'a>(&'a self, place: &'a Names) -> Step<'a, ()> {
        Box::pin(self.order(with_key("DEL", self.lease_key(place))))
    }

    fn publish<'a>(&'a self, place: &'a Names, token: Vec<u8>, life: Duration) -> Step<'a, ()> {
        Box::pin(self.order(set(self.token_key(place), &token, life)))
    }

    fn note<'a>(&'a self, place: &'a Names, note: Vec<u8>, life: Duration) -> Step<'a, ()> {
        Box::pin(self.order(set(self.note_key(place), &note, life)))
    }
}

/// What the replies to [`Steps::look_at`] say, from the one at `start`, after what is known of other places.
fn and_also(known: Option<Reading>, replies: &Replies, start: usize) -> Result<Reading, Trouble> {
    let Some([left, token, time, note]) = replies.values.get(start..start + LOOKS) else {
        return Err(reply::unexpected());
    };
    let token = reply::sealed(token)?;
    let time = reply::time(time);
    if time.is_none() && reply::is_refused(left) {
        return Err(Trouble("the server permits neither TIME nor PTTL".to_owned()));
    }
    let left = reply::time_left(left)?;
    // One that stays for ever, where nobody tells the time, could be of any age.
    let token = token.filter(|_| time.is_some() || left.is_some());
    let found = Found { token, token_stays: left, note: reply::sealed(note)? };
    let wall_ms = replies.answered.wall / 1_000_000;
    let now = match time {
        Some(at_ms) => Stamp { clock: "redis".to_owned(), at_ms, wall_ms },
        None => Stamp { clock: String::new(), at_ms: 0, wall_ms },
    };
    let mut all = known.map_or_else(Vec::new, |known| known.found);
    all.push(found);
    let (asked, answered) = (replies.asked, replies.answered);
    Ok(Reading { found: all, now, asked, answered })
}

fn with_key(name: &str, key: String) -> Cmd {
    cmd(name).arg(key).take()
}

fn set(key: String, value: &[u8], life: Duration) -> Cmd {
    with_key("SET", key).arg(value).arg("PX").arg(milliseconds(life)).take()
}

/// At least one, for the server takes no less.
fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1)
}
