//! The slot as it ships, in thousands of interleavings of the threads that use it.

use std::sync::Arc;
use std::time::Duration;

use shuttle::sync::atomic::{AtomicU64, Ordering};
use shuttle::thread::JoinHandle;

use crate::cache::slot::Action;
use crate::cache::sync::switch_point;
use crate::cache::tests::shuttle_explore::explore;
use crate::cache::tests::shuttle_harness::{Harness, LIFETIME, join, on_thread, readers};
use crate::error::{Error, ErrorKind};

/// The age from which the rejection of a token counts.
const TRUSTED: Duration = Duration::from_secs(2);

/// A thread that comes by twice to see what is to do, and does not do it.
fn visitor(harness: &Arc<Harness>) -> JoinHandle<()> {
    on_thread(harness, |harness| {
        for _ in 0..2 {
            drop(harness.slot.decide(harness.now(), harness.now()));
        }
    })
}

#[test]
fn nobody_reads_a_token_that_was_rejected_or_replaced_before() {
    explore(|| {
        let harness = &Harness::new();
        harness.accept(LIFETIME);
        harness.pass(TRUSTED);
        let readers = readers(harness);
        let visitor = visitor(harness);
        let rejecter = on_thread(harness, |harness| {
            for _ in 0..2 {
                if let Some(token) = harness.slot.live(harness.now()) {
                    let _ = harness.reject(&token);
                }
            }
        });
        let writer = on_thread(harness, |harness| {
            harness.accept(LIFETIME);
            harness.accept(LIFETIME);
        });
        join(readers);
        join([visitor, rejecter, writer]);
        let live = harness.slot.cached(harness.now()).map_or(0, |token| token.generation());
        assert_eq!(harness.slot.fresh_generation(&harness.clock()), live);
    });
}

#[test]
fn nobody_reads_a_token_that_had_expired_before() {
    explore(|| {
        let harness = &Harness::new();
        harness.accept(LIFETIME);
        let readers = readers(harness);
        let visitor = visitor(harness);
        // Its whole life lies within the time in which nobody need look at the first one.
        let writer = on_thread(harness, |harness| {
            harness.accept(10);
        });
        let time = on_thread(harness, |harness| {
            for _ in 0..4 {
                switch_point();
                harness.pass(Duration::from_secs(10));
            }
        });
        join(readers);
        join([visitor, writer, time]);
    });
}

#[test]
fn a_hundred_rejections_of_a_token_act_once_and_never_on_the_next() {
    explore(|| {
        let harness = &Harness::new();
        let first = harness.accept(LIFETIME);
        harness.pass(TRUSTED);
        let acted = Arc::new(AtomicU64::new(0));
        let rejecters = [(); 4].map(|()| {
            let first = Arc::clone(&first);
            let acted = Arc::clone(&acted);
            on_thread(harness, move |harness| {
                for _ in 0..25 {
                    if harness.reject(&first) {
                        acted.fetch_add(1, Ordering::SeqCst);
                    }
                }
            })
        });
        let second = harness.accept(LIFETIME);
        for _ in 0..10 {
            let live = harness.slot.live(harness.now());
            assert!(live.is_some_and(|live| live.value() == second.value()));
        }
        join(rejecters);
        assert!(acted.load(Ordering::SeqCst) <= 1);
        assert_eq!(harness.slot.fresh_generation(&harness.clock()), second.generation());
    });
}

#[test]
fn a_late_failure_takes_no_live_token_away() {
    explore(|| {
        let harness = &Harness::new();
        let first = harness.accept(LIFETIME);
        harness.pass(first.windows().refresh_at.remaining(harness.now()));
        let step = harness.slot.decide(harness.now(), harness.now());
        let progress = step.start_flight.expect("a renewal ahead of the margin");
        let failing = [ErrorKind::Unavailable, ErrorKind::InvalidCredentials].map(|kind| {
            on_thread(harness, move |harness| {
                for attempts in 1..=4 {
                    let _ = harness.slot.record_failure(
                        Error::new(kind, "scripted"),
                        attempts,
                        harness.now(),
                    );
                }
            })
        });
        let ending = on_thread(harness, move |harness| {
            let _ = harness.slot.pause_before_attempt(harness.now());
            let _ = harness.slot.abandon(&progress, harness.now());
            harness.slot.serve_once(&Error::new(ErrorKind::Unavailable, "scripted"), harness.now());
        });
        let rejecter = on_thread(harness, move |harness| {
            let _ = harness.reject(&first);
        });
        let second = harness.accept(LIFETIME);
        for _ in 0..4 {
            let served = harness.slot.decide(harness.now(), harness.now()).action;
            assert!(matches!(served, Action::Serve(token) if token.value() == second.value()));
        }
        join(failing);
        join([ending, rejecter]);
        assert_eq!(harness.slot.fresh_generation(&harness.clock()), second.generation());
    });
}
