//! The committed header is the one that the sources make, and its words on errors and settings are the
//! core's. `UPDATE_HEADER=1` writes the header anew.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

use std::path::{Path, PathBuf};
use std::{env, fs};

use cbindgen::{Builder, Config};
use seekauth_core::ErrorKind;
use seekauth_core::binding::{Setting, SettingKind};
use seekauth_core::{Environment, blocking};

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn generate() -> String {
    let config = Config::from_file(file("cbindgen.toml")).unwrap();
    let mut header = Vec::new();
    let builder = Builder::new().with_crate(file("")).with_config(config.clone());
    builder.generate().unwrap().write(&mut header);
    // The pointer types that cbindgen.toml renames leave a space that the others do not have.
    let header = [
        "char",
        "void",
        "seekauth_options",
        "seekauth_header",
        "seekauth_http_request",
        "seekauth_graphql",
        "seekauth_fake_options",
        "seekauth_fake_response",
    ]
    .iter()
    .fold(String::from_utf8(header).unwrap(), |header, to| {
        header.replace(&format!("{to} * "), &format!("{to} *"))
    });
    in_reading_order(&with_version(&header), &config)
}

/// The version macros have Cargo's values.
fn with_version(header: &str) -> String {
    [
        ("@major@", env!("CARGO_PKG_VERSION_MAJOR")),
        ("@minor@", env!("CARGO_PKG_VERSION_MINOR")),
        ("@patch@", env!("CARGO_PKG_VERSION_PATCH")),
        ("@version@", env!("CARGO_PKG_VERSION")),
    ]
    .iter()
    .fold(header.to_owned(), |header, (mark, value)| header.replace(mark, value))
}

/// The header with its declarations in the order of the modules, under the titles that `lib.rs` has.
/// cbindgen's own order is by kind: constants, types, functions.
fn in_reading_order(header: &str, config: &Config) -> String {
    let groups = groups();
    let (mut before, mut declarations, mut after) = (Vec::new(), Vec::new(), Vec::new());
    for paragraph in header.split("\n\n") {
        if let Some((kind, name)) = declared(paragraph) {
            let renamed = config.export.rename.iter().find(|(_, to)| **to == name);
            let item = renamed.map_or(name.as_str(), |(item, _)| item);
            let home = groups.iter().position(|(_, source)| defines(source, item));
            let home = home.unwrap_or_else(|| panic!("no module of lib.rs defines {item}"));
            // Objects come before all groups, for functions of every group take them.
            let group = if kind == Kind::Object { 0 } else { home + 1 };
            declarations.push((group, kind, home, paragraph));
        } else if declarations.is_empty() || paragraph.contains("extern \"C\" {") {
            before.push(paragraph.to_owned());
        } else {
            after.push(paragraph.to_owned());
        }
    }
    declarations.sort_by_key(|(group, kind, home, _)| (*group, *kind, *home));
    let mut paragraphs = before;
    let mut last = None;
    for (group, _, _, declaration) in declarations {
        if last.replace(group) != Some(group) {
            let title = group.checked_sub(1).map_or("Objects", |index| &groups[index].0);
            paragraphs.push(format!("/* {:-<94} */", format!("--- {title} ")));
        }
        paragraphs.push(declaration.to_owned());
    }
    paragraphs.append(&mut after);
    paragraphs.join("\n\n")
}

/// The titles in `lib.rs`, each with the sources of the modules under it.
fn groups() -> Vec<(String, String)> {
    let mut groups: Vec<(String, String)> = Vec::new();
    for line in fs::read_to_string(file("src/lib.rs")).unwrap().lines() {
        let between = |start, end| line.strip_prefix(start)?.strip_suffix(end);
        if let Some(title) = between("// --- ", " ---") {
            groups.push((title.to_owned(), String::new()));
        } else if let Some(module) = between("pub mod ", ";") {
            let source = fs::read_to_string(file(&format!("src/{module}.rs"))).unwrap();
            groups.last_mut().unwrap().1.push_str(&source);
        }
    }
    groups
}

/// The kinds of declarations, in their order within a group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Object,
    Constant,
    Type,
    InitialValue,
    Function,
}

/// What a paragraph of the header declares, by its C name; `None` for one without a declaration.
fn declared(paragraph: &str) -> Option<(Kind, String)> {
    let is_comment = |line: &&str| ["//", "/*", " *"].iter().any(|mark| line.starts_with(mark));
    let declaration = paragraph.lines().skip_while(is_comment).collect::<Vec<_>>().join("\n");
    let last_word = |text: &str| {
        let word = text.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
        word.unwrap_or_default().to_owned()
    };
    if let Some(define) = declaration.strip_prefix("#define SEEKAUTH_") {
        let name = define.split(' ').next()?;
        let version = name.starts_with("VERSION").then(|| "seekauth_version".to_owned());
        Some(match (name.strip_suffix("_INIT"), version) {
            (Some(of), _) => (Kind::InitialValue, format!("seekauth_{}", of.to_ascii_lowercase())),
            (None, Some(function)) => (Kind::Constant, function),
            (None, None) => (Kind::Constant, format!("SEEKAUTH_{name}")),
        })
    } else if declaration.starts_with('#') {
        None
    } else if let Some(object) = declaration.strip_prefix("typedef struct ") {
        let kind = if object.contains('{') { Kind::Type } else { Kind::Object };
        Some((kind, object.split(' ').next()?.to_owned()))
    } else if declaration.starts_with("typedef ") {
        Some((Kind::Type, last_word(declaration.split(')').next()?)))
    } else {
        let (before, _) = declaration.split_once('(')?;
        Some((Kind::Function, last_word(before)))
    }
}

/// Whether the source defines the item.
fn defines(source: &str, item: &str) -> bool {
    ["const", "struct", "type", "fn"].iter().any(|keyword| {
        let definition = format!("pub {keyword} {item}");
        let function = format!("pub extern \"C\" {keyword} {item}");
        [definition, function].iter().any(|start| {
            source.match_indices(start).any(|(at, _)| {
                let next = source[at + start.len()..].chars().next();
                next.is_some_and(|next| !next.is_ascii_alphanumeric() && next != '_')
            })
        })
    })
}

/// The comment over the line of the header that begins so, on one line.
fn comment_over(header: &str, declaration: &str) -> String {
    let lines: Vec<&str> = header.lines().collect();
    let at = lines.iter().position(|line| line.trim_start().starts_with(declaration));
    let at = at.unwrap_or_else(|| panic!("the header has no {declaration}"));
    let above = lines[..at].iter().rev().map_while(|line| line.trim_start().strip_prefix("///"));
    let comment: Vec<&str> = above.collect();
    let words: Vec<&str> =
        comment.iter().rev().flat_map(|line| line.split_ascii_whitespace()).collect();
    words.join(" ")
}

#[test]
fn the_header_is_not_stale() {
    let path = file("../../include/seekauth.h");
    let generated = generate();
    if env::var_os("UPDATE_HEADER").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == generated, "include/seekauth.h is stale: run `make header` and commit it");
}

#[test]
fn the_version_macros_have_cargos_values() {
    let committed = fs::read_to_string(file("../../include/seekauth.h")).unwrap();
    let value = |name: &str| {
        let start = format!("#define SEEKAUTH_{name} ");
        let mut values = committed.lines().filter_map(|line| line.strip_prefix(&start));
        values.next().unwrap_or_else(|| panic!("the header has no {name}")).to_owned()
    };
    let numbers = ["VERSION_MAJOR", "VERSION_MINOR", "VERSION_PATCH"].map(value);
    assert_eq!(numbers.join("."), env!("CARGO_PKG_VERSION").split(['-', '+']).next().unwrap());
    assert_eq!(value("VERSION"), format!("{:?}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn no_error_can_be_lost_in_silence() {
    let header = generate().replace("SEEKAUTH_NODISCARD\n", "SEEKAUTH_NODISCARD ");
    let fallible: Vec<&str> =
        header.lines().filter(|line| line.contains("struct seekauth_error *seekauth_")).collect();
    assert!(fallible.len() > 20, "{fallible:?}");
    for line in fallible {
        assert!(line.starts_with("SEEKAUTH_NODISCARD "), "{line}");
    }
}

#[test]
fn the_constants_are_the_error_table() {
    let header = generate();
    let constants: Vec<&str> = header
        .lines()
        .filter_map(|line| line.strip_prefix("#define SEEKAUTH_"))
        .filter(|define| !define.starts_with("VERSION_"))
        .filter(|define| define.split(' ').nth(1).is_some_and(|value| value.parse::<i32>().is_ok()))
        .collect();
    let kinds = ErrorKind::ALL
        .iter()
        .map(|kind| format!("{} {}", kind.name().to_ascii_uppercase(), kind.code()));
    let table: Vec<String> = std::iter::once("OK 0".to_owned()).chain(kinds).collect();
    assert_eq!(constants, table);
}

#[test]
fn error_codes_are_described_in_the_words_of_the_core() {
    let header = generate();
    for kind in ErrorKind::ALL {
        let name = kind.name().to_ascii_uppercase();
        let comment = comment_over(&header, &format!("#define SEEKAUTH_{name} "));
        let (first, rest) = kind.meaning().split_at(1);
        let sentence = format!("{}{rest}.", first.to_ascii_uppercase());
        assert!(comment.starts_with(&sentence), "{name}: {comment:?}, not {sentence:?}");
    }
}

#[test]
fn settings_are_described_in_the_words_of_the_core() {
    let header = generate();
    let options = header.split_once("typedef struct seekauth_options {").unwrap().1;
    for setting in Setting::all() {
        let field = match setting.kind() {
            SettingKind::Duration => format!("uint64_t {}_ms;", setting.name()),
            SettingKind::Flag => format!("uint64_t {};", setting.name()),
            SettingKind::Text | SettingKind::List | SettingKind::Pairs => {
                format!("const char *{};", setting.name())
            }
        };
        let comment = comment_over(options, &field);
        assert!(comment.starts_with(setting.doc()), "{field} {comment:?}, not {:?}", setting.doc());
    }
}

#[test]
fn the_cpp_header_describes_settings_in_the_same_words() {
    let header = fs::read_to_string(file("../../include/seekauth.hpp")).unwrap();
    let options = header.split_once("struct Options {").unwrap().1;
    for setting in Setting::all() {
        let field = match setting.kind() {
            SettingKind::Duration => format!("milliseconds {}{{}};", setting.name()),
            SettingKind::Flag => format!("bool {} = false;", setting.name()),
            SettingKind::Text | SettingKind::List | SettingKind::Pairs => {
                format!("Text {}{{}};", setting.name())
            }
        };
        let comment = comment_over(options, &field);
        assert!(comment.starts_with(setting.doc()), "{field} {comment:?}, not {:?}", setting.doc());
    }
}

#[test]
fn each_count_of_the_core_has_its_name_in_both_headers() {
    let config = seekauth_core::Config::seek_api(Environment::Playground)
        .credentials("id", "secret")
        .user_agent("header/1.0");
    let client = blocking::Client::new(config).unwrap();
    let header = generate();
    let comment = comment_over(&header, "uint64_t seekauth_stats_count(");
    let cpp = fs::read_to_string(file("../../include/seekauth.hpp")).unwrap();
    for (name, _) in client.stats().counts() {
        assert!(comment.contains(&format!("(\"{name}\")")), "{comment:?} lacks {name}");
        let read = format!("stats.{name} = count(\"{name}\");");
        assert!(cpp.contains(&read), "seekauth.hpp lacks {read}");
    }
}
