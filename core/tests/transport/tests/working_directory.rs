//! A program that changes its working directory after it has made its client, as daemons do. The
//! only test of this file: a process has one such directory.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use seekauth::blocking;
use seekauth_transport::{After, Authority, Certificate, SECRET, Server, config};

#[test]
fn relative_paths_are_those_of_the_folder_in_which_the_client_was_made() {
    let folder = tempfile::tempdir().unwrap();
    env::set_current_dir(folder.path()).unwrap();
    let authority = Authority::new();
    fs::copy(authority.ca_file(), "ca.pem").unwrap();
    fs::write("secret", SECRET).unwrap();
    let document = format!(r#"{{"client_id":"transport","client_secret":"{SECRET}"}}"#);
    fs::write("document", &document).unwrap();
    fs::write("print", format!("#!/bin/sh\necho '{document}'\n")).unwrap();
    fs::set_permissions("print", fs::Permissions::from_mode(0o755)).unwrap();
    symlink("secret", "link").unwrap();
    let server = Server::start(Some(authority.server(Certificate::Good, false)), After::Keep);
    let plain = seekauth::Config::oauth(server.url()).user_agent("Transport/1.0").ca_file("ca.pem");
    let clients = [
        plain.clone().client_id("transport").client_secret_file("secret"),
        plain.clone().client_id("transport").client_secret_file("./link"),
        plain.clone().credentials_file("document"),
        plain.clone().credentials_command(["./print"]),
        config(&server.url()).ca_file("./ca.pem"),
    ]
    .map(|config| blocking::Client::new(config).unwrap());
    env::set_current_dir("/").unwrap();
    for client in clients {
        client.get_token(None).unwrap();
    }
}
