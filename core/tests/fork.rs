//! What a forked child must not inherit: a lock that a thread of the parent may hold, a thread that
//! the child does not have, a socket that both would speak on. Each sits in a `PerProcess` cell.

use std::collections::BTreeSet;

mod sources;

/// Types that hold a lock, a thread or a socket.
const GUARDED: [&str; 14] = [
    "Mutex",
    "RwLock",
    "Condvar",
    "Notify",
    "Semaphore",
    "OnceCell",
    "OnceLock",
    "LazyLock",
    "Lazy",
    "Runtime",
    "TcpStream",
    "UnixStream",
    "JoinHandle",
    "Child",
];

/// Where such a type stands for a reason of its own.
const EXCEPTIONS: [(&str, &str); 15] = [
    // The program that runs belongs to the call that waits for it, and a child waits for none.
    ("credentials/command", "Child"),
    // Parts of the connections, which are per process as a whole.
    ("http/client", "Mutex"),
    ("http/trust", "Mutex"),
    ("http/trust", "OnceCell"),
    // Part of one request.
    ("http/interim", "Notify"),
    // What uses it holds it per process.
    ("sys/shared_work", "Semaphore"),
    ("sys/count", "Mutex"),
    ("sys/count", "Condvar"),
    // Belongs to the thread that waits, and a child has none of its parent's.
    ("sys/channel", "Mutex"),
    ("sys/channel", "Condvar"),
    // Parts of the list of threads, which is per process as a whole.
    ("sys/thread", "Mutex"),
    ("sys/thread", "JoinHandle"),
    // For systems that do not fork.
    ("sys/clock", "OnceLock"),
    // No release contains it.
    ("sys/clock/process", "OnceLock"),
    // Of a test, which does not fork while another of its threads asks.
    ("testing/fake", "Mutex"),
];

/// Where threads are started: with the signals blocked, and on systems that do not fork.
const THREADS: [&str; 2] = ["sys/thread", "sys/child/elsewhere"];

#[test]
fn locks_threads_and_sockets_are_per_process() {
    let mut found = BTreeSet::new();
    let mut cells = 0;
    for (file, text) in sources::of(&sources::shipped()) {
        for line in sources::without_tests(&text).lines() {
            cells += usize::from(line.contains("PerProcess<"));
            let is_exception = |name| EXCEPTIONS.contains(&(file.as_str(), name));
            for name in guarded(line).filter(|name| !is_exception(name)) {
                found.insert(format!("{file}: {name} outside PerProcess: {}", line.trim()));
            }
            if starts_a_thread(line) && !THREADS.contains(&file.as_str()) {
                found.insert(format!("{file}: a thread: {}", line.trim()));
            }
        }
    }
    assert!(cells > 5, "the sources are read");
    assert_eq!(found, BTreeSet::new());
}

#[test]
fn what_is_looked_for_is_found() {
    for line in [
        "refused: Mutex<Refused>,",
        "pub(crate) static KEYS: Lazy<RandomState> = Lazy::new(RandomState::new);",
        "state: Arc<tokio::sync::Mutex<()>>,",
        "struct Running(Child);",
    ] {
        assert_eq!(guarded(line).count(), 1, "{line}");
    }
    for line in [
        "refused: PerProcess<Mutex<Refused>>,",
        "static FREE: PerProcess<Arc<Semaphore>> = PerProcess::new();",
        "fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {",
        "let refused = self.refused.get(Mutex::default);",
        "use std::sync::{Mutex, PoisonError};",
    ] {
        assert_eq!(guarded(line).count(), 0, "{line}");
    }
    assert!(starts_a_thread("std::thread::spawn(work);"));
    assert!(!starts_a_thread("runtime.spawn(work);"));
}

/// Guarded types in the declaration of a field or a static.
fn guarded(line: &str) -> impl Iterator<Item = &'static str> {
    let line = line.trim();
    let declared = line.split_once(": ").or_else(|| line.split_once('(')).filter(|(left, _)| {
        let words = left.replace("pub(crate)", "").replace("pub", "");
        let mut words = words.split_whitespace();
        let name = words.next_back().unwrap_or_default();
        let is_name = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        is_name && words.all(|word| ["static", "struct"].contains(&word))
    });
    let text = declared.map_or(String::new(), |(_, right)| {
        right.split(" = ").next().unwrap_or_default().to_owned()
    });
    let is_declaration =
        line.ends_with(',') || line.contains("static ") || line.starts_with("struct");
    GUARDED.into_iter().filter(move |name| {
        let mut words = text.split(|letter: char| !letter.is_alphanumeric());
        is_declaration && !text.contains("PerProcess<") && words.any(|word| word == *name)
    })
}

fn starts_a_thread(line: &str) -> bool {
    ["std::thread::spawn", "thread::Builder", "thread::scope", "new_multi_thread"]
        .iter()
        .any(|call| line.contains(call))
}
