//! The rooms of `core/src`: imports go down only, and in no circle.
//!
//! `cargo test -p seekauth --test rooms -- --nocapture` prints how many imports there are;
//! `SEEKAUTH_SOURCES` names another folder to count in, such as that of an older version.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

mod sources;

/// From the ground up. A room imports from those before it and from itself.
const FLOORS: [&str; 17] = [
    "error",
    "sys",
    "events",
    "token",
    "credentials",
    "config",
    "http",
    "token_endpoint",
    "store",
    "cache",
    "client",
    "api",
    "blocking",
    "testing",
    "doctor",
    "binding",
    "lib",
];

/// Which files a file imports from, by their paths below the crate's root without `.rs`.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn imports_go_down_only_and_in_no_circle() {
    let shipped = sources::shipped();
    let folder = std::env::var_os("SEEKAUTH_SOURCES").map(PathBuf::from);
    let imports = resolve(&sources::of(folder.as_deref().unwrap_or(&shipped)));
    let upwards: Vec<String> = imports
        .iter()
        .flat_map(|(file, targets)| targets.iter().map(move |target| (file, target)))
        .filter(|(file, target)| floor(target) > floor(file))
        .map(|(file, target)| format!("{file} imports {target}"))
        .collect();
    let circles = circles(&imports);
    println!(
        "{} files, {} imports, {} circles",
        imports.len(),
        imports.values().map(BTreeSet::len).sum::<usize>(),
        circles.len()
    );
    for circle in &circles {
        println!("circle: {}", circle.join(", "));
    }
    if folder.is_none() {
        println!("{} imports upwards", upwards.len());
        assert_eq!(upwards, Vec::<String>::new());
        assert_eq!(circles, Vec::<Vec<String>>::new());
        let rooms: BTreeSet<&str> = imports.keys().map(|file| room(file)).collect();
        assert!(rooms.len() > 10 && imports.len() > 40, "the sources are read: {rooms:?}");
    }
}

#[test]
fn what_is_imported_is_found_through_braces_and_doors() {
    let sources = [
        ("lib", "mod a;\nmod b;\n"),
        ("a", "mod inner;\npub(crate) use inner::{Deep, Other};\n"),
        ("a/inner", "use crate::b::{self, Thing};\npub(crate) struct Deep;\n"),
        (
            "b",
            "// crate::c is a comment\nuse crate::a::{Deep, nothing};\n#[cfg(test)]\nuse crate::c;\n",
        ),
        ("c", "fn f() { crate::b::g() }\n#[cfg(test)]\nmod tests {\n    use crate::a::Deep;\n}\n"),
    ];
    let sources = sources.map(|(file, text)| (file.to_owned(), text.to_owned())).into();
    let imports = resolve(&sources);
    let of = |file: &str| imports[file].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(of("a"), Vec::<&str>::new());
    assert_eq!(of("a/inner"), ["b"]);
    assert_eq!(of("b"), ["a", "a/inner"]);
    assert_eq!(of("c"), ["b"]);
    assert_eq!(circles(&imports), [["a/inner", "b"]]);
}

fn room(file: &str) -> &str {
    file.split('/').next().unwrap_or(file)
}

fn floor(file: &str) -> usize {
    let floor = FLOORS.iter().position(|name| *name == room(file));
    floor.unwrap_or_else(|| FLOORS.len())
}

fn resolve(sources: &BTreeMap<String, String>) -> Imports {
    let code: BTreeMap<&str, String> =
        sources.iter().map(|(file, text)| (file.as_str(), sources::without_tests(text))).collect();
    let resolved = code.iter().map(|(file, text)| {
        let targets = paths_of(text, "crate::");
        let targets = targets.iter().filter_map(|path| target(path, &code));
        let targets = targets.filter(|target| target != file).collect();
        ((*file).to_owned(), targets)
    });
    resolved.collect()
}

/// The file in which the thing at this path below the crate's root is written.
fn target(path: &[String], code: &BTreeMap<&str, String>) -> Option<String> {
    let longest =
        (1..=path.len()).rev().find(|parts| code.contains_key(&*path[..*parts].join("/")));
    let file = path[..longest?].join("/");
    let Some(name) = path.get(longest?) else { return Some(file) };
    // A door hands on what lives in one of the files behind it.
    for line in code[&*file].split(';').filter(|line| line.contains("use ")) {
        let Some(exported) = line.split("use ").last() else { continue };
        for inner in tree(&exported.replace(char::is_whitespace, "")) {
            let behind = format!("{file}/{}", inner[0]);
            if inner.last() == Some(name) && code.contains_key(&*behind) {
                return Some(behind);
            }
        }
    }
    Some(file)
}

/// All paths that begin with `prefix`, without it, the ones in braces each for itself.
fn paths_of(text: &str, prefix: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for (at, _) in text.match_indices(prefix) {
        let rest = &text[at + prefix.len()..];
        let mut depth = 0_usize;
        let end = rest.find(|letter: char| {
            depth += usize::from(letter == '{');
            let ends = !(letter.is_alphanumeric() || "_:{}".contains(letter))
                && !(depth > 0 && (letter == ',' || letter.is_whitespace()));
            depth = depth.saturating_sub(usize::from(letter == '}'));
            ends
        });
        let path = &rest[..end.unwrap_or(rest.len())];
        paths.extend(tree(&path.replace(char::is_whitespace, "")));
    }
    paths
}

/// The paths of a tree such as `a::{b, c::{d, self}}`, white space removed.
fn tree(text: &str) -> Vec<Vec<String>> {
    let Some((head, braces)) = text.split_once('{') else {
        let parts = text.split("::").filter(|part| !part.is_empty() && *part != "self");
        return vec![parts.map(str::to_owned).collect()];
    };
    let head: Vec<String> =
        head.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let mut paths = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, letter) in braces.char_indices() {
        match letter {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                for inner in tree(&braces[start..at]) {
                    paths.push(head.iter().cloned().chain(inner).collect());
                }
                start = at + 1;
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    paths
}

/// The groups of files that import one another.
fn circles(imports: &Imports) -> Vec<Vec<String>> {
    let reach = |from: &String| {
        let mut seen = BTreeSet::new();
        let mut left: Vec<&String> = imports[from].iter().collect();
        while let Some(file) = left.pop() {
            if seen.insert(file.clone()) {
                left.extend(imports.get(file).into_iter().flatten());
            }
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> =
        imports.keys().map(|file| (file, reach(file))).collect();
    let mut circles = BTreeSet::new();
    for (file, targets) in &reached {
        let circle: Vec<String> = targets
            .iter()
            .filter(|target| reached.get(target).is_some_and(|back| back.contains(*file)))
            .cloned()
            .collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}
