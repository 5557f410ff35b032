//! Ways out through a proxy: from the setting, from the environment, and not at all.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails there")]

use std::process::{Command, Output};

use seekauth::ErrorKind;
use seekauth_transport::{After, Authority, Certificate, Proxy, SECRET, Server, config, get};

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
        let mut program = Command::new(env!("CARGO_BIN_EXE_seekauth-get"));
        for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE"] {
            program.env_remove(name).env_remove(name.to_ascii_lowercase());
        }
        program
            .env("SEEKAUTH_SERVICE", "oauth")
            .env("SEEKAUTH_TOKEN_URL", self.server.url())
            .env("SEEKAUTH_CLIENT_ID", "transport")
            .env("SEEKAUTH_CLIENT_SECRET", SECRET)
            .env("SEEKAUTH_USER_AGENT", "Transport/1.0")
            .env("SEEKAUTH_CA_FILE", self.authority.ca_file())
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
    let trusted = world.run(&[("SSL_CERT_FILE", &ca_file)]);
    assert!(trusted.status.success(), "{}", String::from_utf8_lossy(&trusted.stdout));
    let unknown = world.run(&[]);
    assert!(String::from_utf8_lossy(&unknown.stdout).starts_with("network: "));
}
