//! The slot as it ships, in thousands of interleavings of the threads that use it.

mod bench;

use std::sync::Arc;
use std::time::Duration;

use shuttle::sync::atomic::{AtomicU64, Ordering};
use shuttle::thread::JoinHandle;

use super::Action;
use crate::error::{Error, ErrorKind};
use crate::sync::explore::explore;
use crate::sync::turn;
use bench::{Bench, LIFETIME, join, on_thread, readers};

/// A thread that comes by twice to see what is to do, and does not do it.
fn visitor(bench: &Arc<Bench>) -> JoinHandle<()> {
    on_thread(bench, |bench| {
        for _ in 0..2 {
            drop(bench.slot.consult(bench.now(), bench.now()));
        }
    })
}

#[test]
fn nobody_reads_a_token_that_was_rejected_or_replaced_before() {
    explore(|| {
        let bench = &Bench::new();
        bench.accept(LIFETIME);
        let readers = readers(bench);
        let visitor = visitor(bench);
        let rejecter = on_thread(bench, |bench| {
            for _ in 0..2 {
                if let Some(token) = bench.slot.live(bench.now()) {
                    let _ = bench.reject(&token);
                }
            }
        });
        let writer = on_thread(bench, |bench| {
            bench.accept(LIFETIME);
            bench.accept(LIFETIME);
        });
        join(readers);
        join([visitor, rejecter, writer]);
        let live = bench.slot.live(bench.now()).map_or(0, |token| token.generation());
        assert_eq!(bench.slot.fresh_generation(&bench.clock()), live);
    });
}

#[test]
fn nobody_reads_a_token_that_had_expired_before() {
    explore(|| {
        let bench = &Bench::new();
        bench.accept(LIFETIME);
        let readers = readers(bench);
        let visitor = visitor(bench);
        // Its whole life lies within the time in which nobody need look at the first one.
        let writer = on_thread(bench, |bench| {
            bench.accept(10);
        });
        let time = on_thread(bench, |bench| {
            for _ in 0..4 {
                turn();
                bench.pass(Duration::from_secs(10));
            }
        });
        join(readers);
        join([visitor, writer, time]);
    });
}

#[test]
fn a_hundred_rejections_of_a_token_act_once_and_never_on_the_next() {
    explore(|| {
        let bench = &Bench::new();
        let first = bench.accept(LIFETIME);
        let acted = Arc::new(AtomicU64::new(0));
        let rejecters = [(); 4].map(|()| {
            let first = Arc::clone(&first);
            let acted = Arc::clone(&acted);
            on_thread(bench, move |bench| {
                for _ in 0..25 {
                    if bench.reject(&first) {
                        acted.fetch_add(1, Ordering::SeqCst);
                    }
                }
            })
        });
        let second = bench.accept(LIFETIME);
        for _ in 0..10 {
            let live = bench.slot.live(bench.now());
            assert!(live.is_some_and(|live| live.value() == second.value()));
        }
        join(rejecters);
        assert!(acted.load(Ordering::SeqCst) <= 1);
        assert_eq!(bench.slot.fresh_generation(&bench.clock()), second.generation());
    });
}

#[test]
fn a_late_failure_takes_no_live_token_away() {
    explore(|| {
        let bench = &Bench::new();
        let first = bench.accept(LIFETIME);
        bench.pass(first.windows().refresh_at.remaining(bench.now()));
        let step = bench.slot.consult(bench.now(), bench.now());
        let progress = step.launch.expect("a renewal ahead of the margin");
        let failing = [ErrorKind::Unavailable, ErrorKind::InvalidCredentials].map(|kind| {
            on_thread(bench, move |bench| {
                for attempts in 1..=4 {
                    let _ = bench.slot.fail(Error::new(kind, "scripted"), attempts, bench.now());
                }
            })
        });
        let ending = on_thread(bench, move |bench| {
            let _ = bench.slot.before_attempt(bench.now());
            let _ = bench.slot.abandon(&progress, bench.now());
            bench.slot.pass_through(&Error::new(ErrorKind::Unavailable, "scripted"), bench.now());
        });
        let rejecter = on_thread(bench, move |bench| {
            let _ = bench.reject(&first);
        });
        let second = bench.accept(LIFETIME);
        for _ in 0..4 {
            let served = bench.slot.consult(bench.now(), bench.now()).action;
            assert!(matches!(served, Action::Serve(token) if token.value() == second.value()));
        }
        join(failing);
        join([ending, rejecter]);
        assert_eq!(bench.slot.fresh_generation(&bench.clock()), second.generation());
    });
}
