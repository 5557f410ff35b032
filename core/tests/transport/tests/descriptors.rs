//! Programs whose descriptors are few, or whose first three are free.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails there")]

use std::fs;
use std::process::Command;

use seekauth_transport::{After, Authority, Certificate, Server};

fn run(what: &str, url: &str, variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let status = Command::new(env!("CARGO_BIN_EXE_seekauth-descriptors"))
        .args([what, url])
        .arg(&report)
        .env_remove("SSL_CERT_FILE")
        .envs(variables.iter().copied())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    fs::read_to_string(report).unwrap()
}

#[test]
fn nothing_takes_the_place_of_closed_standard_streams() {
    let authority = Authority::new();
    for tls in [None, Some(authority.server(Certificate::Good, false))] {
        let server = Server::start(tls, After::Keep);
        let found = run("free", &server.url(), &[("CA_FILE", &authority.ca_file())]);
        // A connection that is kept is what would stand there.
        assert_eq!(found, "token-1\n");
    }
}

#[test]
fn too_few_descriptors_are_a_passing_failure_and_leave_no_trace() {
    let authority = Authority::new();
    let server = Server::start(Some(authority.server(Certificate::Good, false)), After::Keep);
    let found = run("few", &server.url(), &[("CA_FILE", &authority.ca_file())]);
    check(&found, &["0 left: Err"]);
}

#[test]
fn a_trust_store_that_is_read_in_part_is_a_passing_failure() {
    // The authority lies last in a folder of others.
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    for number in 0..5 {
        let other = fs::read_to_string(Authority::new().ca_file()).unwrap();
        fs::write(folder.path().join(format!("{number:08x}.0")), other).unwrap();
    }
    let own = fs::read_to_string(authority.ca_file()).unwrap();
    fs::write(folder.path().join("ffffffff.0"), own).unwrap();
    let server = Server::start(Some(authority.server(Certificate::Good, false)), After::Keep);
    let folder = folder.path().display().to_string();
    let found = run("few", &server.url(), &[("SSL_CERT_DIR", &folder)]);
    check(&found, &["0 left: Err"]);
}

/// All lines are there, each a token or a failure that passes.
fn check(found: &str, failures: &[&str]) {
    assert_eq!(found.lines().count(), 6, "{found}");
    for line in found.lines() {
        let passes = line.contains(": Ok(") || line.contains("network true");
        // The caller had a second, in which the library has tried again.
        assert!(passes || line.contains("timeout true"), "{found}");
    }
    for failure in failures {
        assert!(found.contains(failure), "{found}");
    }
    assert!(found.contains(": Ok("), "{found}");
}
