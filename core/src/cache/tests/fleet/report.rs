//! What the large fleet showed, as a page and its plots.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::expected::{Expected, seconds};
use super::plot::{self, Panel, between};
use super::sharing::{LIFETIME, Shared};
use super::{CALL_EVERY, HOUR, LATENCY, MINUTE, Measured, Nanos, ROLL_OUT, SECOND, TIMEOUT, ns};

pub(super) fn write(folder: &Path, fleets: &[[Measured; 2]; 2], shared: &[Shared]) {
    fs::create_dir_all(folder.join("img")).unwrap();
    for pair in fleets {
        fs::write(folder.join(plot_name(pair)), plots(pair)).unwrap();
    }
    fs::write(folder.join("fleet.md"), page(fleets) + &sharing(shared)).unwrap();
}

fn total(requests: &[u32]) -> u32 {
    requests.iter().sum()
}

fn mean(requests: &[u32]) -> f64 {
    f64::from(total(requests)) / count(requests.len())
}

fn busiest_second(requests: &[u32]) -> f64 {
    f64::from(requests.iter().copied().max().unwrap_or_default())
}

fn busiest_minute(requests: &[u32]) -> f64 {
    requests.windows(60).map(mean).fold(0.0, f64::max)
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

fn plot_name([fleet, _]: &[Measured; 2]) -> String {
    format!("img/fleet-{}.svg", fleet.scenario.lifetime.as_secs())
}

fn plots([with, without]: &[Measured; 2]) -> String {
    let scenario = &with.scenario;
    let outage = &scenario.outage;
    let title = format!(
        "Token requests of {} processes, tokens of {}",
        figure(count(scenario.processes)),
        lifetime(with),
    );
    let panels = [
        Panel {
            title: "Two days: the busiest second of every three minutes",
            span: 0..scenario.end,
            step: 3 * MINUTE,
            fold: busiest_second,
            axis: "hours since the start",
            unit: HOUR,
            zero: 0,
            labels: 4 * HOUR,
            marks: vec![(outage.start, "outage"), (scenario.deploy, "deploy")],
        },
        Panel {
            title: "After the start: means of 20 seconds",
            span: 0..ns(scenario.lifetime) * 16 / 5,
            step: 20 * SECOND,
            fold: mean,
            axis: "minutes since the start",
            unit: MINUTE,
            zero: 0,
            labels: 20 * MINUTE,
            marks: Vec::new(),
        },
        Panel {
            title: "Around the outage: means of 5 seconds",
            span: outage.start - 5 * MINUTE..outage.end + 10 * MINUTE,
            step: 5 * SECOND,
            fold: mean,
            axis: "minutes since the outage began",
            unit: MINUTE,
            zero: outage.start,
            labels: 5 * MINUTE,
            marks: vec![(outage.start, "outage begins"), (outage.end, "outage ends")],
        },
    ];
    plot::draw(&title, &with.run.requests, &without.run.requests, &panels)
}

/// A number with its thousands apart; a small one with one decimal place.
fn figure(value: f64) -> String {
    if value < 10.0 {
        return format!("{value:.1}");
    }
    let mut figure = format!("{value:.0}");
    for place in (1..figure.len()).rev().skip(2).step_by(3) {
        figure.insert(place, ',');
    }
    figure
}

fn percent(share: f64) -> String {
    if share == 0.0 { "none".into() } else { format!("{:.1} %", 100.0 * share) }
}

fn clock(at: Nanos) -> String {
    format!("{}:{:02}", at / HOUR, at % HOUR / MINUTE)
}

const JITTER: [&str; 2] = ["with", "without"];

fn page(fleets: &[[Measured; 2]; 2]) -> String {
    let scenario = &fleets[0][0].scenario;
    let processes = figure(count(scenario.processes));
    let outage = &scenario.outage;
    let minutes = (outage.end - outage.start) / MINUTE;
    let mut page = format!(
        "\
# A fleet of {processes} processes

`make fleet` writes this page and its plots anew.

A token endpoint sees all processes that use the same credentials. These figures show what it sees of {processes}
of them over two days, and what an outage of the endpoint does to their callers, with tokens of two lifetimes.
*With jitter* is seekauth as shipped: each process draws its own point for the next renewal, and half of each
pause after a failure. *Without jitter* all processes draw the same number, the mean of all draws.

The simulation runs the code that ships: every process has its slot and its policy, and only the refresher's
timers and tasks are replaced by events in simulated time. Each process calls for a token once a second and
waits {} s at most. The endpoint responds after {} ms; during an outage with status 503, without
`Retry-After`. All processes start within a minute at 0:00 and are restarted within a minute at {}; the
endpoint is away from {} to {}. All draws follow from one seed.
",
        TIMEOUT / SECOND,
        LATENCY * 1_000 / SECOND,
        clock(scenario.deploy),
        clock(outage.start),
        clock(outage.end),
    );
    page.push_str(
        "
## Token requests

The mean is what the fleet needs in the long run: its size over the mean age at which a token is renewed.
Minutes tell more than seconds: chance alone makes some second of a quiet day a multiple of the mean.
",
    );
    for pair in fleets {
        requests(&mut page, pair);
    }
    write!(
        page,
        "
A start and a deploy need one token for each process, jitter or not: nothing is kept between runs of a
process. Without jitter that minute comes back with every renewal, for ever. With jitter the first renewals
spread over the refresh-ahead window, and each further one spreads them more.

## How long an outage no caller notices

A token serves its callers until it ends, so an outage stays unnoticed in a process for as long as its token
has left when the outage begins.

- *On paper*: from the policy alone, for a fleet spread evenly over the ages of its tokens.
- *At any moment*: what the tokens of the simulated fleet have left, each minute from {} to {}.
- *In an endless outage*: at {} the endpoint goes away for good, and each process runs until a caller gets
  an error. Without jitter the whole fleet is about equally far from its renewals, so the moment makes this
  good or bad for all at once.

| lifetime | jitter | how | shortest in the fleet | median | longest |
|---|---|---|---|---|---|
",
        clock(scenario.settled),
        clock(outage.start),
        clock(scenario.end),
    )
    .unwrap();
    for (fleet, jitter) in rows(fleets) {
        unnoticed(&mut page, fleet, jitter);
    }
    write!(
        page,
        "
## What callers see of an outage of {minutes} minutes

Errors are seen where the token ends before the outage does. *At any moment* is the share of such processes
had the outage begun in another minute from {} to {}: the mean of all minutes, and the worst of them.

| lifetime | jitter | on paper | processes with errors | failed calls | last error after the end | at any moment: mean | worst |
|---|---|---|---|---|---|---|---|
",
        clock(scenario.settled),
        clock(outage.start),
    )
    .unwrap();
    for (fleet, jitter) in rows(fleets) {
        errors(&mut page, fleet, jitter);
    }
    page.push_str(
        "
Calls that failed are counted among all that were made during the outage. An error after its end comes from a
pause that was still in force, which is a minute at most.
",
    );
    page
}

/// What a store makes of the same fleet.
fn sharing(fleets: &[Shared]) -> String {
    let alone = Expected::new(LIFETIME, true).interval();
    let processes = count(fleets[0].processes);
    let mut page = format!(
        "
## With a store

The same fleet with [one token for all](sharing.md), tokens of {} s, and a store that goes away just before
all processes renew and comes back as long after that. Here the engines run as they ship, on simulated time.
*Mean* is what this fleet asks for without a store, {:.2} requests per second.

| store away for | requests before that | for tokens | extra requests | busiest second | ÷ mean | asked over | failed calls |
|---|---|---|---|---|---|---|---|
",
        figure(LIFETIME.as_secs_f64()),
        processes / alone,
    );
    for fleet in fleets {
        let first = fleet.during.iter().position(|seen| *seen > 0).unwrap_or_default();
        let last = fleet.during.iter().rposition(|seen| *seen > 0).unwrap_or_default();
        writeln!(
            page,
            "| {} s | {} | {} | {} | {} | {} | {} s | {} |",
            fleet.away,
            fleet.before,
            fleet.renewals + 1,
            figure(f64::from(fleet.extra())).trim_end_matches(".0"),
            fleet.peak(),
            figure(f64::from(fleet.peak()) / (processes / alone)),
            last - first + 1,
            fleet.disturbed,
        )
        .unwrap();
    }
    page.push_str(
        "
While the token is good, a renewal that finds no store is put off to a random moment in the second half of
what is left of the token's life. Whoever finds it still away then asks for itself.
",
    );
    page
}

fn rows(fleets: &[[Measured; 2]; 2]) -> impl Iterator<Item = (&Measured, &'static str)> {
    fleets.iter().flat_map(|pair| pair.iter().zip(JITTER))
}

fn lifetime(fleet: &Measured) -> String {
    format!("{} s", figure(fleet.scenario.lifetime.as_secs_f64()))
}

fn requests(page: &mut String, pair: &[Measured; 2]) {
    let scenario = &pair[0].scenario;
    let (outage, deploy, end) = (&scenario.outage, scenario.deploy, scenario.end);
    let length = ns(scenario.lifetime);
    let needed = count(scenario.processes) / Expected::new(scenario.lifetime, true).interval();
    let spans = [
        ("start, one minute", 0..ROLL_OUT),
        ("first renewals, one lifetime", ROLL_OUT..ROLL_OUT + length),
        ("settled, up to the outage", scenario.settled..outage.start),
        ("outage", outage.clone()),
        ("after it, ten minutes", outage.end..outage.end + 10 * MINUTE),
        ("deploy, one minute", deploy..deploy + ROLL_OUT),
        ("first renewals, one lifetime", deploy + ROLL_OUT..deploy + ROLL_OUT + length),
        ("everything", 0..end),
    ];
    write!(
        page,
        "
### Tokens of {}: {needed:.2} requests per second on average

![Token requests per second over time]({})

| from | what | jitter | requests | mean per second | busiest minute, per second | ÷ mean | busiest second | ÷ mean |
|---|---|---|---|---|---|---|---|---|
",
        lifetime(&pair[0]),
        plot_name(pair),
    )
    .unwrap();
    for (what, span) in spans {
        for (fleet, jitter) in pair.iter().zip(JITTER) {
            let seen = between(&fleet.run.requests, span.clone());
            let (minute, second) = (busiest_minute(seen), busiest_second(seen));
            writeln!(
                page,
                "| {} | {what} | {jitter} | {} | {} | {} | {} | {} | {} |",
                clock(span.start),
                figure(f64::from(total(seen))),
                figure(mean(seen)),
                figure(minute),
                figure(minute / needed),
                figure(second),
                figure(second / needed),
            )
            .unwrap();
        }
    }
}

fn unnoticed(page: &mut String, fleet: &Measured, jitter: &str) {
    let Measured { scenario, run } = fleet;
    let notices = run.notices.iter();
    let mut spans: Vec<f64> = notices.map(|(_, notice)| seconds(notice - scenario.end)).collect();
    spans.sort_unstable_by(f64::total_cmp);
    let found = [
        ("on paper", Expected::new(scenario.lifetime, scenario.has_jitter).life_left()),
        ("at any moment", run.life_left()),
        ("in an endless outage", [spans[0], spans[spans.len() / 2], spans[spans.len() - 1]]),
    ];
    for (how, spans) in found {
        let [shortest, median, longest] = spans.map(figure);
        let lifetime = lifetime(fleet);
        writeln!(
            page,
            "| {lifetime} | {jitter} | {how} | {shortest} s | {median} s | {longest} s |"
        )
        .unwrap();
    }
}

fn errors(page: &mut String, fleet: &Measured, jitter: &str) {
    let Measured { scenario, run } = fleet;
    let length = seconds(scenario.outage.end - scenario.outage.start);
    let processes = count(scenario.processes);
    let calls = processes * length / seconds(CALL_EVERY);
    let last = run.last_error.map_or("none".into(), |error| {
        format!("{} s", figure(seconds(error.saturating_sub(scenario.outage.end))))
    });
    writeln!(
        page,
        "| {} | {jitter} | {} | {} | {} | {last} | {} | {} |",
        lifetime(fleet),
        percent(Expected::new(scenario.lifetime, scenario.has_jitter).exposed(length)),
        percent(count(run.first_errors.iter().flatten().count()) / processes),
        percent(f64::from(run.errors) / calls),
        percent(mean(&run.exposed) / processes),
        percent(busiest_second(&run.exposed) / processes),
    )
    .unwrap();
}
