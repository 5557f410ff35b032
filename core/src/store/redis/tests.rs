//! What is sent and what becomes of replies, against a server that a test scripts line by line. Real servers
//! are in tests/process/redis.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::Redis;
use crate::config::{Config, ResolvedConfig, StorePlace};
use crate::store::backend::{Backend as _, Claim, Names, Session};
use crate::sys::clock::Clock;

const NOTHING: &str = ":-2\r\n$-1\r\n*2\r\n$1\r\n7\r\n$6\r\n250999\r\n$-1\r\n";

/// A server that takes a connection for each of these lists, and says one entry after each write.
async fn server(scripts: Vec<Vec<String>>) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let mut heard = Vec::new();
        for script in scripts {
            let (mut stream, _) = listener.accept().await.unwrap();
            for reply in script {
                let mut bytes = vec![0; 8_192];
                let length = stream.read(&mut bytes).await.unwrap();
                heard.push(words(&bytes[..length]));
                stream.write_all(reply.as_bytes()).await.unwrap();
            }
            // Whoever is done with it says so.
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            assert_eq!(rest, b"");
        }
        heard
    });
    (port, served)
}

/// The arguments of commands, without their lengths.
fn words(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let words = text.split("\r\n").filter(|line| !line.starts_with(['*', '$']) && !line.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

fn plain() -> Config {
    let config = Config::oauth("http://127.0.0.1/token").user_agent("Test/1");
    config.credentials("id", "a secret that is long enough")
}

fn session(store: &str) -> Arc<dyn Session> {
    session_with(&plain().store(store).store_timeout(Duration::from_secs(30)))
}

fn session_with(store: &Config) -> Arc<dyn Session> {
    redis(store).session(Duration::ZERO)
}

fn redis(store: &Config) -> Redis {
    let (config, _) = ResolvedConfig::new(store).unwrap();
    let store = config.store.clone().unwrap();
    let StorePlace::Redis(server) = store.place else { panic!() };
    Redis::new(Arc::new(config), server, store.timeout, Clock::System)
}

fn place() -> Vec<Names> {
    vec![Names { token: "a1".to_owned(), note: "b2".to_owned() }]
}

fn replies(lists: &[&[&str]]) -> Vec<Vec<String>> {
    let owned = |list: &&[&str]| list.iter().map(|&reply| reply.to_owned()).collect();
    lists.iter().map(owned).collect()
}

#[tokio::test]
async fn a_flight_sends_plain_commands_in_one_write_each_and_says_goodbye() {
    let claimed = format!("+OK\r\n{NOTHING}");
    let script = ["+OK\r\n+OK\r\n", "+OK\r\n", ":1\r\n", "+OK\r\n", "+OK\r\n", ":1\r\n"];
    let mut script = replies(&[&script]);
    script[0][0].push_str(NOTHING);
    script[0][1] = claimed;
    let (port, served) = server(script).await;
    let session = session(&format!("redis://me:p%20w@127.0.0.1:{port}/5"));
    let reading = session.read(&place()).await.unwrap();
    assert_eq!((reading.now.clock.as_str(), reading.now.at_ms), ("redis", 7_250));
    assert!(reading.found[0].token.is_none() && reading.found[0].token_stays.is_none());
    assert!(matches!(session.claim(&place()).await.unwrap(), Claim::Won(Some(_))));
    assert!(session.extend(&place()[0]).await.unwrap());
    session.publish(&place()[0], b"sealed".to_vec(), Duration::from_millis(1_500)).await.unwrap();
    session.note(&place()[0], b"refused".to_vec(), Duration::from_nanos(1)).await.unwrap();
    session.release(&place()[0]).await.unwrap();
    drop(session);
    let look = "PTTL seekauth:1:{a1}:t GET seekauth:1:{a1}:t TIME GET seekauth:1:{a1}:n:b2";
    let heard = served.await.unwrap();
    assert_eq!(heard[0], format!("AUTH me p w SELECT 5 {look}"));
    let claim = heard[1].strip_prefix("SET seekauth:1:{a1}:l ").unwrap();
    assert!(claim.ends_with(&format!("NX PX 3000 {look}")), "{claim}");
    assert_eq!(
        heard[2..],
        [
            "PEXPIRE seekauth:1:{a1}:l 3000",
            "SET seekauth:1:{a1}:t sealed PX 1500",
            "SET seekauth:1:{a1}:n:b2 refused PX 1",
            "DEL seekauth:1:{a1}:l",
        ]
    );
}

#[tokio::test]
async fn who_does_not_tell_the_time_tells_what_is_left() {
    let time = "-NOPERM s3cret\r\n";
    let (port, served) = server(replies(&[&[&format!(":900\r\n$2\r\nab\r\n{time}$-1\r\n")]])).await;
    let session = session(&format!("redis://127.0.0.1:{port}"));
    let reading = session.read(&place()).await.unwrap();
    assert_eq!(reading.found[0].token_stays, Some(Duration::from_millis(900)));
    assert_eq!(reading.found[0].token.as_deref(), Some(b"ab".as_slice()));
    assert_eq!(reading.now.clock, "");
    drop(session);
    served.await.unwrap();

    // Whether there is a token or not: what is put there would be of no use to anybody.
    for token in ["$2\r\nab\r\n", "$-1\r\n"] {
        let (port, _) = server(replies(&[&[&format!("{time}{token}{time}$-1\r\n")]])).await;
        let trouble = self::session(&format!("redis://127.0.0.1:{port}")).read(&place()).await;
        assert!(trouble.unwrap_err().to_string().contains("TIME"));
    }

    let (port, _) = server(replies(&[&[&format!(":-1\r\n$2\r\nab\r\n{time}$-1\r\n")]])).await;
    let session = self::session(&format!("redis://127.0.0.1:{port}"));
    let reading = session.read(&place()).await.unwrap();
    assert!(reading.found[0].token.is_none(), "it stays for ever, and nobody knows how old it is");
}

#[tokio::test]
async fn what_is_no_text_is_there_and_does_not_open() {
    let other = "-WRONGTYPE s3cret\r\n";
    let reply = format!(":-1\r\n{other}*2\r\n$1\r\n7\r\n$6\r\n250999\r\n{other}");
    let (port, _) = server(replies(&[&[&reply]])).await;
    let session = session(&format!("redis://127.0.0.1:{port}"));
    let reading = session.read(&place()).await.unwrap();
    let found = &reading.found[0];
    assert_eq!(
        (found.token.as_deref(), found.note.as_deref()),
        (Some([].as_slice()), Some([].as_slice()))
    );
}

#[tokio::test]
async fn what_is_too_long_is_as_good_as_nothing() {
    let long = format!(":-1\r\n$200000\r\n{}\r\n", "x".repeat(200_000));
    let (port, served) = server(replies(&[&[&long], &["+OK\r\n"]])).await;
    let session = session(&format!("redis://127.0.0.1:{port}"));
    let reading = session.read(&place()).await.unwrap();
    assert!(reading.found[0].token.is_none() && reading.found[0].note.is_none());
    session.publish(&place()[0], b"sealed".to_vec(), Duration::from_secs(9)).await.unwrap();
    drop(session);
    let heard = served.await.unwrap();
    assert_eq!(heard.len(), 2, "what is left of the reply is not taken for another: {heard:?}");
}

#[tokio::test]
async fn a_cluster_names_the_right_server_once() {
    let (right, served) = server(replies(&[&[NOTHING]])).await;
    let moved = |port: u16| format!("-MOVED 7 127.0.0.1:{port}\r\n").repeat(2);
    let says = |port: u16| format!("{}+OK\r\n{}", moved(port), moved(port));
    let (wrong, _) = server(vec![vec![says(right)]]).await;
    session(&format!("redis://127.0.0.1:{wrong}")).read(&place()).await.unwrap();
    assert_eq!(served.await.unwrap().len(), 1);

    let (second, _) = server(vec![vec![says(1)]]).await;
    let (first, _) = server(vec![vec![says(second)]]).await;
    let trouble = session(&format!("redis://127.0.0.1:{first}")).read(&place()).await.unwrap_err();
    assert!(trouble.to_string().contains("cluster"), "{trouble}");
}

#[tokio::test]
async fn the_servers_words_are_not_repeated() {
    for (reply, said) in [
        ("-WRONGPASS s3cret\r\n", "password"),
        ("-NOAUTH s3cret\r\n", "password"),
        ("-ERR invalid s3cret\r\n", "ERR"),
        ("-LOADING s3cret\r\n", "loading"),
        ("-CLUSTERDOWN s3cret\r\n", "cluster"),
        ("-s3cret\r\n", "without a code"),
        ("+s3cret\r\n", "no Redis"),
        ("HTTP/1.1 400 s3cret\r\n\r\n", "no Redis"),
    ] {
        let all = reply.repeat(4);
        let (port, _) = server(vec![vec![all]]).await;
        let session = session(&format!("redis://127.0.0.1:{port}"));
        let trouble = session.read(&place()).await.unwrap_err().to_string();
        assert!(trouble.contains(said) && !trouble.contains("s3cret"), "{reply:?}: {trouble}");
    }
}

#[tokio::test]
async fn replies_without_bounds_are_cut_off() {
    let long = format!("$200000\r\n{}", "x".repeat(200_000));
    for reply in [
        long.as_str(),
        "*2147483647\r\n",
        "*9223372036854775807\r\n:1\r\n",
        "$9223372036854775807\r\nx",
        "%9223372036854775807\r\n",
        "~4611686018427387904\r\n+a\r\n",
        ">4611686018427387904\r\n+a\r\n",
        "|-9\r\n",
        "=9223372036854775807\r\nx",
        &"*1\r\n".repeat(50_000),
    ] {
        let (port, _) = server(vec![vec![reply.to_owned()]]).await;
        let config = plain().store(format!("redis://127.0.0.1:{port}"));
        let session = session_with(&config.store_timeout(Duration::from_millis(300)));
        let began = std::time::Instant::now();
        assert!(session.read(&place()).await.is_err(), "{:?}", &reply[..reply.len().min(40)]);
        assert!(began.elapsed() < Duration::from_secs(20));
    }
}

#[tokio::test]
async fn a_password_is_read_for_each_connection() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    let mut heard = Vec::new();
    for password in ["first", "second"] {
        std::fs::write(&file, format!("{password}\n")).unwrap();
        let (port, served) = server(vec![vec![format!("+OK\r\n{NOTHING}")]]).await;
        let store = plain().store(format!("redis://127.0.0.1:{port}"));
        let session = session_with(&store.store_password_file(file.to_str().unwrap()));
        session.read(&place()).await.unwrap();
        drop(session);
        heard.extend(served.await.unwrap());
    }
    assert!(heard[0].starts_with("AUTH first PTTL") && heard[1].starts_with("AUTH second PTTL"));
}

#[tokio::test]
async fn flights_share_four_connections() {
    let redis = redis(&plain().store("redis://127.0.0.1:1"));
    let links: Vec<_> = (0..12).map(|_| redis.link()).collect();
    let own = |at: usize| links.iter().filter(|link| Arc::ptr_eq(link, &links[at])).count();
    assert_eq!((0..4).map(own).collect::<Vec<_>>(), [3, 3, 3, 3]);
    drop(links);
    assert_eq!(Arc::strong_count(&redis.link()), 1, "none is kept for later");
}
