//! How costs grow: with threads, with keys, with clients, with callers.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use seekauth::Client;

use crate::{CALLS, Problem, client_at, lend, list, own_time, per_call};

const ROUNDS: usize = 9;

/// The threads' own time, which does not rise when they have to share the processors; it does when they share a lock.
pub(crate) async fn threads(client: &Client, count: u32) -> Result<String, Problem> {
    client.authorization().await?;
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        one.push(in_threads(client, 1)?);
        many.push(in_threads(client, count)?);
    }
    Ok(format!("{{\"one\": {}, \"ns\": {}}}", list(&one), list(&many)))
}

fn in_threads(client: &Client, count: u32) -> Result<f64, Problem> {
    let start = Arc::new(Barrier::new(count as usize));
    let threads: Vec<_> = (0..count)
        .map(|_| {
            let (client, start) = (client.clone(), Arc::clone(&start));
            std::thread::spawn(move || {
                start.wait();
                let began = own_time();
                for _ in 0..CALLS {
                    lend(&client);
                }
                per_call(began, CALLS)
            })
        })
        .collect();
    let mut sum = 0.0;
    for thread in threads {
        sum += thread.join().map_err(|_| "a thread panicked")?;
    }
    Ok(sum / f64::from(count))
}

pub(crate) async fn keys(client: &Client, count: u32) -> Result<String, Problem> {
    client.authorization().await?;
    let before = resident()?;
    let mut handles = Vec::new();
    for index in 0..count {
        let handle = client.with_scopes([format!("s{index}")])?;
        handle.authorization().await?;
        handles.push(handle);
    }
    let bytes = (resident()? - before) / f64::from(count);
    let repeats = (CALLS / count).max(1);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let began = own_time();
        for _ in 0..repeats {
            for handle in &handles {
                lend(handle).ok_or("a token is not fresh")?;
            }
        }
        rounds.push(per_call(began, repeats * count));
    }
    Ok(format!("{{\"ns\": {}, \"bytes_per_key\": {bytes:.0}}}", list(&rounds)))
}

pub(crate) fn clients(place: &str, count: u32) -> Result<String, Problem> {
    let mut idle = vec![client_at(place)?];
    let before = resident()?;
    for _ in 1..count {
        idle.push(client_at(place)?);
    }
    let bytes = (resident()? - before) / f64::from(count - 1);
    Ok(format!("{{\"bytes_per_client\": {bytes:.0}}}"))
}

pub(crate) async fn burst(client: &Client, callers: u32) -> Result<String, Problem> {
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let began = Instant::now();
                let outcome = client.get_token_within(Duration::from_mins(2)).await;
                (began.elapsed().as_secs_f64() * 1e3, outcome.is_ok())
            })
        })
        .collect();
    let (mut waited, mut failed, mut blocked) = (0.0_f64, 0, 0);
    for task in tasks {
        let (each, succeeded) = task.await?;
        waited = waited.max(each);
        failed += u32::from(!succeeded);
        blocked += u32::from(each > 200.0);
    }
    Ok(format!("{{\"longest_ms\": {waited:.3}, \"failed\": {failed}, \"blocked\": {blocked}}}"))
}

pub(crate) async fn left(client: &Client, seconds: u32) -> Result<String, Problem> {
    client.authorization().await?;
    let mut ahead = [0_u8; 16];
    ahead[..8].copy_from_slice(&u64::from(seconds).to_ne_bytes());
    std::fs::OpenOptions::new()
        .write(true)
        .open(std::env::var("LATER")?)
        .and_then(|mut file| std::io::Write::write_all(&mut file, &ahead))?;
    burst(client, 50).await
}

/// Bytes of memory that this process has in use.
fn resident() -> Result<f64, Problem> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let pages: f64 = pages.split(' ').nth(1).ok_or("no resident pages")?.parse()?;
    Ok(pages * 4096.0)
}
