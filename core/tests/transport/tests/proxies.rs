//! Ways out through a proxy: from the setting, from the environment, and not at all.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails there")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use seekauth::ErrorKind;
use seekauth_transport::{
    After, Authority, Certificate, OF_THE_MACHINE, Proxy, SECRET, Server, config, get,
};

const LOGIN: &str = "porter:pass%20word";

struct World {
    authority: Authority,
    server: Server,
}

impl World {
    fn new() -> Self {
        let authority = Authority::new();
        let server = Server::start(Some(authority.server(Certificate::Good, false)), After::Keep);
        Self { authority, server }
    }

    fn config(&self) -> seekauth::Config {
        config(&self.server.url()).ca_file(self.authority.ca_file())
    }

    /// The program under test with these variables, and none of this process's own about proxies.
    fn run(&self, variables: &[(&str, &str)]) -> Output {
        let ca_file = self.authority.ca_file();
        self.run_without_ca_file(&[&[("SEEKAUTH_CA_FILE", &*ca_file)], variables].concat())
    }

    fn run_without_ca_file(&self, variables: &[(&str, &str)]) -> Output {
        let mut program = Command::new(env!("CARGO_BIN_EXE_seekauth-get"));
        for name in OF_THE_MACHINE {
            program.env_remove(name).env_remove(name.to_ascii_lowercase());
        }
        program
            .env("SEEKAUTH_SERVICE", "oauth")
            .env("SEEKAUTH_TOKEN_URL", self.server.url())
            .env("SEEKAUTH_CLIENT_ID", "transport")
            .env("SEEKAUTH_CLIENT_SECRET", SECRET)
            .env("SEEKAUTH_USER_AGENT", "Transport/1.0")
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    }
}

#[test]
fn the_settings_proxy_tunnels() {
    let world = World::new();
    let proxy = Proxy::start(Some("porter:pass word"));
    assert!(get(world.config().proxy(proxy.url(Some(LOGIN)))).is_ok());
    assert_eq!(proxy.targets(), [world.server.address().to_string()]);
    assert!(world.server.heads().iter().all(|head| !head.to_lowercase().contains("proxy-")));
}

#[test]
fn a_proxy_that_lets_nobody_in_is_a_network_error_without_its_password() {
    let world = World::new();
    let proxy = Proxy::start(Some("porter:other"));
    let error = get(world.config().proxy(proxy.url(Some(LOGIN)))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(!format!("{error:?}").contains("pass"));
    assert_eq!((proxy.targets().len(), world.server.connections()), (0, 0));
}

#[test]
fn the_environments_proxy_counts_and_can_be_turned_off() {
    let world = World::new();
    let open = Proxy::start(None);
    let url = open.url(None);
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let before = open.targets().len();
        assert!(world.run(&[(variable, &url)]).status.success(), "{variable}");
        assert_eq!(open.targets().len(), before + 1, "{variable}");
    }
    let before = open.targets().len();
    for others in [
        [("NO_PROXY", "127.0.0.1")].as_slice(),
        &[("NO_PROXY", "10.0.0.0/8, 127.0.0.0/8")],
        &[("SEEKAUTH_PROXY", "none")],
    ] {
        let variables = [&[("HTTPS_PROXY", url.as_str())], others].concat();
        assert!(world.run(&variables).status.success(), "{others:?}");
        assert_eq!(open.targets().len(), before, "{others:?}");
    }
}

#[test]
fn the_setting_goes_before_the_environment() {
    let world = World::new();
    let (chosen, other) = (Proxy::start(None), Proxy::start(None));
    let variables = [("SEEKAUTH_PROXY", &*chosen.url(None)), ("HTTPS_PROXY", &*other.url(None))];
    assert!(world.run(&variables).status.success());
    assert_eq!((chosen.targets().len(), other.targets().len()), (1, 0));
}

#[test]
fn what_is_no_proxy_is_refused() {
    for text in ["", "proxy.example:3128", "socks5://a", "ftp://a", "http://", "http://pass word"] {
        let error = get(config("https://127.0.0.1:1/token").proxy(text)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{text}");
        assert!(error.message().starts_with("proxy "), "{text}: {error}");
        assert!(!error.message().contains("pass"), "{text}");
    }
}

#[test]
fn the_systems_authorities_can_be_replaced() {
    let authority = Authority::new();
    let server = Server::start(Some(authority.server(Certificate::Good, false)), After::Keep);
    let world = World { authority: Authority::new(), server };
    let ca_file = authority.ca_file();
    let other = Authority::new().ca_file();
    for variables in [
        &[("SSL_CERT_FILE", &*ca_file)][..],
        &[("CURL_CA_BUNDLE", &ca_file)],
        &[("SSL_CERT_FILE", &ca_file), ("CURL_CA_BUNDLE", &other)],
    ] {
        let trusted = world.run(variables);
        let said = String::from_utf8_lossy(&trusted.stdout);
        assert!(trusted.status.success(), "{variables:?}: {said}");
    }
    let unknown = world.run(&[]);
    assert!(String::from_utf8_lossy(&unknown.stdout).starts_with("network: "));
}

#[test]
fn no_proxy_sees_plain_http() {
    let server = Server::start(None, After::Keep);
    let proxy = Proxy::start(None);
    let (url, authority) = (proxy.url(None), Authority::new());
    let world = World { authority, server };
    for variable in
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "SEEKAUTH_PROXY"]
    {
        let output = world.run(&[(variable, &url), ("REQUEST_METHOD", "")]);
        assert!(output.status.success(), "{variable}");
    }
    assert!(get(config(&world.server.url()).proxy(&url)).is_ok());
    assert_eq!((proxy.targets(), proxy.seen()), (Vec::new(), Vec::new()));
}

#[test]
fn a_tunnel_is_all_that_a_proxy_sees() {
    let world = World::new();
    let proxy = Proxy::start(None);
    assert!(get(world.config().proxy(proxy.url(None))).is_ok());
    let seen = String::from_utf8_lossy(&proxy.seen()).into_owned();
    assert!(seen.starts_with("CONNECT ") && !seen.contains(SECRET), "{seen}");
}

#[test]
fn a_password_may_hold_what_urls_reserve() {
    let world = World::new();
    let proxy = Proxy::start(Some("user:p@ss"));
    let address = proxy.url(None).replace("http://", "");
    for url in [
        format!("http://user:p@ss@{address}"),
        format!("user:p@ss@{address}"),
        format!("http://user:p%40ss@{address}"),
    ] {
        assert!(world.run(&[("HTTPS_PROXY", &url)]).status.success(), "{url}");
    }
}

#[test]
fn the_small_variable_goes_first_and_an_empty_one_is_none() {
    let world = World::new();
    let (small, large) = (Proxy::start(None), Proxy::start(None));
    let (small_url, large_url) = (small.url(None), large.url(None));
    assert!(
        world.run(&[("https_proxy", &small_url), ("HTTPS_PROXY", &large_url)]).status.success()
    );
    assert_eq!((small.targets().len(), large.targets().len()), (1, 0));
    assert!(world.run(&[("https_proxy", ""), ("HTTPS_PROXY", &large_url)]).status.success());
    assert_eq!((small.targets().len(), large.targets().len()), (1, 1));
}

#[test]
fn no_proxy_is_read_as_by_others() {
    let world = World::new();
    let proxy = Proxy::start(None);
    let url = proxy.url(None);
    let port = world.server.address().port();
    for (direct, text) in [
        (true, "*".to_owned()),
        (true, format!("127.0.0.1:{port}")),
        (true, format!("a.example 127.0.0.1:{port}")),
        (false, "127.0.0.1:1".to_owned()),
        (false, "*.0.0.1".to_owned()),
    ] {
        let before = proxy.targets().len();
        for variable in ["HTTPS_PROXY", "SEEKAUTH_PROXY"] {
            assert!(world.run(&[(variable, &url), ("NO_PROXY", &text)]).status.success(), "{text}");
        }
        assert_eq!(proxy.targets().len() == before, direct, "{text}");
    }
}

#[test]
fn socks_is_said_to_be_unsupported() {
    let world = World::new();
    for (variable, url) in
        [("ALL_PROXY", "socks5://user:s3cret@127.0.0.1:1"), ("https_proxy", "socks4a://h")]
    {
        let output = world.run(&[(variable, url)]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.starts_with("invalid_argument: ") && text.contains(variable), "{text}");
        assert!(text.contains("SOCKS") && !text.contains("s3cret"), "{text}");
    }
}

/// A proxy that responds like this to each CONNECT; its address, and how many came.
fn refusing(response: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(response.as_bytes());
        }
    });
    (address, count)
}

#[test]
fn a_proxys_refusal_is_told_as_its_own() {
    for (response, status, is_final) in [
        ("HTTP/1.1 401 Unauthorized\r\n\r\n", 401, true),
        ("HTTP/1.1 403 Forbidden\r\ncontent-length: 3\r\n\r\nno.", 403, true),
        ("HTTP/1.0 407 Proxy Authentication Required\r\n\r\n", 407, true),
        ("HTTP/1.1 407 Torn\r\nproxy-auth", 407, true),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", 502, false),
        ("HTTP/1.1 503 Service Unavailable\r\n\r\n", 503, false),
    ] {
        let world = World::new();
        let (address, asked) = refusing(response);
        let error = get(world.config().proxy(format!("http://porter:word@{address}"))).unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Network, Some(status)), "{error}");
        assert_eq!(error.retryable(), !is_final, "{error}");
        let says = format!("the proxy {address} responded {status}");
        assert!(error.message().contains(&says), "{error}");
        assert!(!format!("{error:?}").contains("word"), "{error:?}");
        assert_eq!(asked.load(Ordering::SeqCst), if is_final { 1 } else { 3 }, "{status}");
        assert_eq!(world.server.connections(), 0);
    }
}

#[test]
fn a_proxy_that_speaks_something_else_or_nothing_is_named() {
    for response in ["", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 200 OK\r\nendless"] {
        let world = World::new();
        let (address, _) = refusing(response);
        let error = get(world.config().proxy(format!("http://{address}"))).unwrap_err();
        assert_eq!((error.kind(), error.retryable()), (ErrorKind::Network, true), "{error}");
        assert!(error.message().contains(&format!("the proxy {address} ")), "{error}");
    }
}

#[test]
fn a_system_without_authorities_is_told_what_to_install() {
    let world = World::new();
    let own = world.authority.ca_file();
    let none = [("SSL_CERT_FILE", "/nonexistent/bundle.pem")];
    let run = |more: &[(&str, &str)]| {
        let output = world.run_without_ca_file(&[&none[..], more].concat());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let text = run(&[]);
    assert!(text.starts_with("network: "), "{text}");
    assert!(text.contains("ca-certificates") && text.contains("ca_file"), "{text}");
    assert_eq!(world.server.connections(), 0);
    assert!(run(&[("SEEKAUTH_CA_FILE", &own)]).starts_with("token-1"));
    // What a binding brings along counts there, and nowhere else.
    assert!(run(&[("FALLBACK_AUTHORITIES", &own)]).starts_with("token-2"));
    let stranger = Authority::new();
    let text = run(&[("SSL_CERT_FILE", &stranger.ca_file()), ("FALLBACK_AUTHORITIES", &own)]);
    assert!(text.contains("UnknownIssuer"), "{text}");
}
