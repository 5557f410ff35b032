//! What becomes of the client where descriptors are few, or the first three are free. The first
//! argument says which, the second is the URL of a token endpoint, the third a file for what was
//! found: standard output may be closed.

use std::fs::{self, File};
use std::os::fd::AsRawFd as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, setrlimit};
use seekauth::{Config, blocking};
use seekauth_transport::config;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, url, report] = arguments.as_slice() else { return ExitCode::FAILURE };
    let found = match what.as_str() {
        "free" => free(url),
        "few" => few(url),
        _ => return ExitCode::FAILURE,
    };
    match fs::write(report, found) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What stands at 0 to 2 after they were closed and a token was got.
fn free(url: &str) -> String {
    for descriptor in 0..3 {
        let _ = nix::unistd::close(descriptor);
    }
    let client = match blocking::Client::new(settings(url)) {
        Ok(client) => client,
        Err(error) => return error.to_string(),
    };
    let token = client.get_token(None).map(|token| token.value().to_owned());
    let standing = (0..3).filter_map(|descriptor| {
        let target = fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()?;
        Some(format!("{descriptor}: {}\n", target.display()))
    });
    let standing: String = standing.collect();
    format!("{}\n{standing}", token.unwrap_or_else(|error| error.to_string()))
}

/// What calls meet with so many descriptors left, and after there are enough again.
fn few(url: &str) -> String {
    // The worker has its own by now.
    let warm = blocking::Client::new(config("http://127.0.0.1:1/token"));
    let _ = warm.map(|client| client.get_token(Some(Duration::from_millis(50))));
    let mut report = String::new();
    for left in 0..6 {
        let mut held = Vec::new();
        let Ok(first) = File::open("/dev/null") else { return "no descriptor at all".to_owned() };
        let limit = u64::try_from(first.as_raw_fd()).unwrap_or(0) + 40;
        if setrlimit(Resource::RLIMIT_NOFILE, limit, 4096).is_err() {
            return "no limit".to_owned();
        }
        held.push(first);
        while let Ok(file) = File::open("/dev/null") {
            held.push(file);
        }
        held.truncate(held.len() - left);
        let made = blocking::Client::new(settings(url));
        let got = made.as_ref().map_err(Clone::clone).and_then(|client| {
            client.get_token(Some(Duration::from_secs(1))).map(|token| token.value().to_owned())
        });
        let got = got.map_err(|error| format!("{} {} {error}", error.kind(), error.retryable()));
        drop(held);
        // The same client where there is one: what it could not read is not held against it.
        let began = Instant::now();
        let client = match made {
            Ok(client) => client,
            Err(_) => match blocking::Client::new(settings(url)) {
                Ok(client) => client,
                Err(error) => return error.to_string(),
            },
        };
        while let Err(error) = client.get_token(None) {
            if began.elapsed() > Duration::from_secs(20) {
                return error.to_string();
            }
        }
        client.close();
        report.extend([format!("{left} left: {got:?}\n")]);
    }
    report
}

fn settings(url: &str) -> Config {
    match std::env::var("CA_FILE") {
        Ok(path) => config(url).ca_file(path),
        Err(_) => config(url),
    }
}
