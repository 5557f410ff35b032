//! Names that nobody answers for, and names that lead where they should not.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails there")]

use std::fs;
use std::net::UdpSocket;
use std::process::Command;

use seekauth_transport::{After, Server};

/// The program under test in a world of its own, in which these are the name server and the hosts;
/// nothing on a machine that has no such worlds.
fn run(resolv: &str, hosts: &str, arguments: [&str; 2]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let (resolv_file, hosts_file) = (folder.path().join("resolv"), folder.path().join("hosts"));
    fs::write(&resolv_file, resolv).unwrap();
    fs::write(&hosts_file, hosts).unwrap();
    let script = r#"mount --bind "$1" /etc/resolv.conf && mount --bind "$2" /etc/hosts && shift 2 && echo ready && exec "$@""#;
    let output = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", script, "sh"])
        .args([&resolv_file, &hosts_file])
        .arg(env!("CARGO_BIN_EXE_seekauth-names"))
        .args(arguments)
        .output();
    let text = output.map(|output| String::from_utf8(output.stdout).unwrap()).unwrap_or_default();
    if !text.starts_with("ready") {
        println!("left out: this machine lets nobody mount a file over another");
        return None;
    }
    Some(text)
}

fn number(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap().parse().unwrap()
}

#[test]
fn dead_names_hold_up_no_other_name() {
    // A name server that takes questions and answers none.
    let silent = UdpSocket::bind("127.0.0.153:53");
    let server = Server::start(None, After::Keep);
    let url = format!("http://localhost:{}/token", server.address().port());
    let resolv = "nameserver 127.0.0.153\noptions timeout:30 attempts:3\n";
    let Some(text) = run(resolv, "127.0.0.1 localhost\n", ["dead", &url]) else { return };
    if silent.is_err() {
        println!("left out: port 53 is not to be had");
        return;
    }
    assert!(text.contains("token-1"), "{text}");
    assert!(number(&text, "milliseconds") < 5000, "{text}");
    // One for each dead name; a second one is for names that are stuck for five seconds.
    assert!((3..=6).contains(&number(&text, "threads")), "{text}");
}

#[test]
fn plain_http_goes_to_loopback_whatever_the_name_leads_to() {
    let server = Server::start(None, After::Keep);
    let port = server.address().port();
    let url = format!("http://localhost:{port}/token");
    let elsewhere = "192.0.2.1 localhost\n";
    let Some(text) = run("nameserver 127.0.0.153\n", elsewhere, ["get", &url]) else { return };
    assert!(text.contains("network: ") && text.contains("no loopback address"), "{text}");
    assert_eq!(server.connections(), 0);
    let both = "192.0.2.1 localhost\n127.0.0.1 localhost\n";
    let Some(text) = run("nameserver 127.0.0.153\n", both, ["get", &url]) else { return };
    assert!(text.contains("token-1"), "{text}");
    assert_eq!(server.connections(), 1);
}
