//! Hosts that lack something: descriptors, threads, news of their children. Each test runs another
//! one, which is ignored otherwise, in a process of that kind.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command as Program;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crate::credentials::{ClientId, Command, Files, Named, SettingPath};
use crate::error::{Error, ErrorKind};
use crate::sys::child::{Child, Interrupted};
use crate::sys::variables::Variables;

const LONG: Duration = Duration::from_secs(60);

fn run_in(host: &[&str], test: &str) {
    let binary = std::env::current_exe().unwrap();
    let name = format!("tests::hosts::{test}");
    let mut program = Program::new(host[0]);
    program.args(&host[1..]).arg(binary);
    program.args(["--exact", &name, "--ignored", "--test-threads=1"]);
    let output = program.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

fn command(script: &str) -> Command {
    let arguments = vec!["-c".to_owned(), script.to_owned()];
    Command::new("/bin/sh".to_owned(), arguments, LONG.into(), Variables::of_process())
}

fn file(path: PathBuf) -> Files {
    let client_secret = SettingPath { setting: "client_secret_file", path };
    let client_id = ClientId::Known("id".to_owned());
    Files::new(Named::Each { client_id, client_secret, next: None }, LONG.into())
}

fn names_the_limit(error: &Error, limit: &str) {
    assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable);
    assert!(error.retryable() && error.message().contains(limit), "{error}");
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_host_that_forgets_its_children() {
    run_in(&["env", "--ignore-signal=CHLD"], "forgetful");
}

#[test]
#[ignore = "for a host that ignores SIGCHLD"]
fn forgetful() {
    assert_eq!(block_on(command("printf '{}'").run()).unwrap().expose(), "{}");
    let child = Child::start("true", &[], &Variables::of_process()).unwrap();
    let finished = child.finish(64, Instant::now() + LONG, &AtomicBool::new(false)).unwrap();
    // It was gone by then, and nobody was sent a signal.
    assert!(finished.status.is_none());
    let child = Child::start("sleep", &["600".to_owned()], &Variables::of_process()).unwrap();
    let began = Instant::now();
    let end = child.finish(64, began + Duration::from_millis(100), &AtomicBool::new(false));
    assert_eq!(end.unwrap_err(), Interrupted::TooLong);
    assert!(began.elapsed() < LONG / 2, "it was ended and not waited for");
}

#[test]
fn a_host_without_descriptors() {
    run_in(&["sh", "-c", r#"ulimit -n 32; exec "$0" "$@""#], "crowded");
}

#[test]
#[ignore = "for a host with few descriptors"]
fn crowded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, "secret").unwrap();
    let (command, file) = (command("printf '{}'"), file(path));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut held: Vec<File> = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        held.push(file);
    }
    // With each descriptor more, starting a program gets one step further.
    for _ in 0..5 {
        let started = runtime.block_on(command.run());
        if let Err(error) = started {
            names_the_limit(&error, "RLIMIT_NOFILE");
        }
        held.pop();
    }
    while let Ok(file) = File::open("/dev/null") {
        held.push(file);
    }
    names_the_limit(&runtime.block_on(file.read()).unwrap_err(), "RLIMIT_NOFILE");
    held.clear();
    assert!(runtime.block_on(command.run()).is_ok() && runtime.block_on(file.read()).is_ok());
}

#[test]
fn a_host_without_threads() {
    let limited = ["prlimit", "--nproc=1"];
    // Root has no such limit.
    if rustix::process::geteuid().is_root() {
        let nobody = ["setpriv", "--reuid=65534", "--clear-groups"];
        run_in(&[&nobody[..], &limited].concat(), "single");
    } else {
        run_in(&limited, "single");
    }
}

#[test]
#[ignore = "for a host that may have no thread more"]
fn single() {
    let failures = [
        block_on(command("printf '{}'").run()).map(|_| ()).unwrap_err(),
        block_on(file("/etc/hostname".into()).read()).map(|_| ()).unwrap_err(),
    ];
    for error in failures {
        names_the_limit(&error, "RLIMIT_NPROC");
    }
}

#[test]
fn a_host_without_standard_descriptors() {
    run_in(&["sh", "-c", r#"exec "$0" "$@" <&- 2>&-"#], "bare");
}

#[test]
#[ignore = "for a host that has closed its input and its errors"]
fn bare() {
    let output = block_on(command("echo lost >&2; cat; printf '{}'").run()).unwrap();
    assert_eq!(output.expose(), "{}");
}
