//! The committed header is the one that the sources make, and its constants are the core's error
//! table. `UPDATE_HEADER=1` writes the header anew.
#![expect(clippy::unwrap_used, reason = "a test may stop where it fails")]

use std::path::Path;
use std::{env, fs};

use cbindgen::{Builder, Config};
use seekauth_core::ErrorKind;

fn generate() -> String {
    let directory = env!("CARGO_MANIFEST_DIR");
    let config = Config::from_file(format!("{directory}/cbindgen.toml")).unwrap();
    let mut header = Vec::new();
    Builder::new().with_crate(directory).with_config(config).generate().unwrap().write(&mut header);
    let header = String::from_utf8(header).unwrap();
    // The pointer types that cbindgen.toml renames leave a space that the others do not have.
    [
        "char",
        "void",
        "seekauth_options",
        "seekauth_header",
        "seekauth_http_request",
        "seekauth_graphql",
    ]
    .iter()
    .fold(header, |header, to| header.replace(&format!("{to} * "), &format!("{to} *")))
}

#[test]
fn the_header_is_not_stale() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../include/seekauth.h");
    let generated = generate();
    if env::var_os("UPDATE_HEADER").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == generated, "include/seekauth.h is stale: run `make header` and commit it");
}

#[test]
fn the_constants_are_the_error_table() {
    let header = generate();
    let constants: Vec<&str> = header
        .lines()
        .filter_map(|line| line.strip_prefix("#define SEEKAUTH_"))
        .filter(|define| define.split(' ').nth(1).is_some_and(|value| value.parse::<i32>().is_ok()))
        .collect();
    let kinds = ErrorKind::ALL
        .iter()
        .map(|kind| format!("{} {}", kind.name().to_ascii_uppercase(), kind.code()));
    let table: Vec<String> = std::iter::once("OK 0".to_owned()).chain(kinds).collect();
    assert_eq!(constants, table);
}
