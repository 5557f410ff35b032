//! Everything at once: servers that freeze, go away, refuse and change their certificates all the
//! time.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails there")]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use seekauth::{ErrorKind, blocking};
use seekauth_transport::http2::{Http2Server, NO_ERROR, REFUSED_STREAM, Reaction, Seen};
use seekauth_transport::{Authority, Certificate, ask, config};

const CALLERS: usize = 8;
const LENGTH: Duration = Duration::from_secs(12);
const TIMEOUT: Duration = Duration::from_millis(900);

/// What becomes of a request, the same in every run: each connection has its own end, and on the
/// way there one request in nine is refused.
fn fate(seen: Seen, usual: Reaction, most: usize, frozen: &AtomicUsize) -> Reaction {
    let end = 2 + seen.connection * 7919 % most;
    if seen.nth >= end {
        return if (seen.connection + most).is_multiple_of(3) {
            frozen.fetch_add(1, Ordering::SeqCst);
            Reaction::Freeze
        } else {
            Reaction::GoAwayBefore(NO_ERROR)
        };
    }
    if seen.nth % 9 == 4 { Reaction::Reset(REFUSED_STREAM) } else { usual }
}

/// Another authority every half second, which the file names before the servers use it.
fn rotate(first: Authority, path: &str, servers: [&Http2Server; 2], stop: &AtomicBool) {
    let mut current = first;
    while !stop.load(Ordering::SeqCst) {
        let next = Authority::new();
        let pem = |authority: &Authority| fs::read_to_string(authority.ca_file()).unwrap();
        let beside = format!("{path}.new");
        fs::write(&beside, format!("{}{}", pem(&current), pem(&next))).unwrap();
        fs::rename(&beside, path).unwrap();
        for server in servers {
            server.change_tls(next.server(Certificate::Good, false));
        }
        current = next;
        // A length of time and no condition: this is how often it happens.
        thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn nobody_fails_but_who_waits_on_a_frozen_connection() {
    let authority = Authority::new();
    let frozen: [Arc<AtomicUsize>; 2] = Default::default();
    let server = |usual: Reaction, most, frozen: &Arc<AtomicUsize>| {
        let frozen = Arc::clone(frozen);
        let tls = authority.server(Certificate::Good, false);
        Http2Server::start(tls, move |seen| fate(seen, usual.clone(), most, &frozen))
    };
    // Tokens that live for two seconds, so that they are renewed all the time.
    let tokens = server(Reaction::Lasting(2), 2, &frozen[0]);
    let api = server(Reaction::Respond, 70, &frozen[1]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem").display().to_string();
    fs::copy(authority.ca_file(), &path).unwrap();
    let config = config(&tokens.url("/token"))
        .api_url(api.url("/graphql"))
        .ca_file(&path)
        .request_timeout(Duration::from_millis(300));
    let client = blocking::Client::new(config).unwrap();
    client.get_token(None).unwrap();
    let stop = AtomicBool::new(false);
    let (calls, failures) = thread::scope(|scope| {
        scope.spawn(|| rotate(authority, &path, [&tokens, &api], &stop));
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (client, stop) = (client.clone(), &stop);
                scope.spawn(move || {
                    let (mut calls, mut failures) = (0, Vec::new());
                    while !stop.load(Ordering::SeqCst) {
                        client
                            .get_token(None)
                            .expect("a token lives, and another one is to be had");
                        calls += 1;
                        failures.extend(ask(&client, TIMEOUT).err());
                    }
                    (calls, failures)
                })
            })
            .collect();
        let began = Instant::now();
        while began.elapsed() < LENGTH && callers.iter().all(|caller| !caller.is_finished()) {
            thread::sleep(Duration::from_millis(20));
        }
        stop.store(true, Ordering::SeqCst);
        let results = callers.into_iter().map(|caller| caller.join().unwrap());
        results.fold((0, Vec::new()), |(calls, mut failures), (more_calls, more)| {
            failures.extend(more);
            (calls + more_calls, failures)
        })
    });
    let freezes = frozen[1].load(Ordering::SeqCst);
    println!(
        "{calls} calls, {} failed; {freezes} API connections froze and {} of the token endpoint; {} connections",
        failures.len(),
        frozen[0].load(Ordering::SeqCst),
        api.connections() + tokens.connections(),
    );
    let others: Vec<_> =
        failures.iter().filter(|error| error.kind() != ErrorKind::Timeout).collect();
    assert!(others.is_empty(), "{others:?}");
    // Each caller may have had one request on a connection that froze.
    assert!(freezes > 0 && failures.len() <= freezes * CALLERS, "{} of {freezes}", failures.len());
    assert!(calls > 100 && frozen[0].load(Ordering::SeqCst) > 0, "{calls}");
}
