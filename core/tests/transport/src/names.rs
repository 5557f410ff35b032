//! What names lead to, for a test that gives this program an `/etc/hosts` and an `/etc/resolv.conf`
//! of its own. First argument: `dead`, many callers want names that no name server answers for, and
//! one wants a token of the URL in the second argument. Or `get`: the token of that URL.

use std::fs;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use seekauth::blocking;
use seekauth_transport::{config, get};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (what, url) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    if what == "dead" {
        for number in 0..3 {
            let url = format!("https://name-{number}.dead.example/token");
            let Ok(client) = blocking::Client::new(config(&url)) else { return ExitCode::FAILURE };
            for _ in 0..10 {
                let client = client.clone();
                // They go with the program.
                thread::spawn(move || {
                    loop {
                        let _ = client.get_token(Some(Duration::from_millis(300)));
                    }
                });
            }
        }
        // Until each of the names is being looked up.
        while threads() < 3 {
            thread::yield_now();
        }
    }
    let began = Instant::now();
    let result = get(config(&url).timeout(Duration::from_secs(20)));
    println!("threads: {}", threads());
    println!("milliseconds: {}", began.elapsed().as_millis());
    match result {
        Ok(token) => println!("{token}"),
        Err(error) => println!("{}: {error}", error.kind()),
    }
    ExitCode::SUCCESS
}

/// The threads of this process that look names up.
fn threads() -> usize {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return 0 };
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("seekauth-dns")).count()
}
