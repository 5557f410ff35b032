//! Delivery: in order, bounded, by nobody's thread but the library's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use super::delivery::{Events, is_delivering, wait_for_delivery};
use super::{Event, EventKind, EventLevel, FieldValue, Reason, Subject, Subscription, TokenFrom};
use crate::error::ErrorKind;
use crate::sys::clock::Clock;

const LONG: Duration = Duration::from_secs(60);

fn events() -> Arc<Events> {
    Arc::new(Events::new(Clock::System, ("seek_api", Some("live"))))
}

fn tell(events: &Arc<Events>, level: EventLevel, pause: u64) {
    let kind = || EventKind::Throttled { pause: Duration::from_secs(pause) };
    events.tell(level, &["a.b".to_owned()].into(), kind);
}

#[test]
fn events_arrive_in_order_and_from_the_level_on_that_is_wanted() {
    let events = events();
    let (sender, arrived) = mpsc::channel();
    let listening = events.listen(EventLevel::Warning, move |batch: &[Event]| {
        for event in batch {
            sender.send(event.clone()).unwrap();
        }
    });
    for number in 0..100 {
        tell(&events, EventLevel::Info, 1_000);
        tell(&events, EventLevel::Error, number);
    }
    for number in 0..100 {
        let event = arrived.recv_timeout(LONG).unwrap();
        assert_eq!(event.kind, EventKind::Throttled { pause: Duration::from_secs(number) });
    }
    drop(listening);
    assert_eq!(arrived.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn one_that_is_detached_hears_the_last_and_goes_with_the_client() {
    let events = events();
    let (sender, arrived) = mpsc::channel();
    let listen = move |batch: &[Event]| sender.send(batch.len()).unwrap();
    events.listen(EventLevel::Info, listen).detach();
    tell(&events, EventLevel::Info, 1);
    drop(events);
    assert_eq!(arrived.recv_timeout(LONG), Ok(1));
    assert_eq!(arrived.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn nothing_is_made_while_nobody_listens() {
    let events = events();
    let is_made = AtomicBool::new(false);
    let kind = || {
        is_made.store(true, Ordering::SeqCst);
        EventKind::Closed
    };
    events.tell(EventLevel::Error, &[].into(), kind);
    assert!(!is_made.load(Ordering::SeqCst));
    let _subscription = Subscription::new(&events, EventLevel::Info);
    let kind = || {
        is_made.store(true, Ordering::SeqCst);
        EventKind::Closed
    };
    events.tell(EventLevel::Debug, &[].into(), kind);
    assert!(!is_made.load(Ordering::SeqCst));
}

#[test]
fn a_slow_listener_holds_up_nobody_and_learns_what_it_missed() {
    let events = events();
    let holds = Arc::new(Mutex::new(()));
    let hold = holds.lock().unwrap();
    let (sender, arrived) = mpsc::channel();
    let gate = Arc::clone(&holds);
    let _listening = events.listen(EventLevel::Debug, move |batch: &[Event]| {
        drop(gate.lock());
        for event in batch {
            if let EventKind::Dropped { count } = event.kind {
                sender.send(count).unwrap();
            }
        }
    });
    for number in 0..100_000 {
        tell(&events, EventLevel::Info, number);
    }
    drop(hold);
    let dropped = events.dropped();
    let mut told = 0;
    while told < dropped {
        told += arrived.recv_timeout(LONG).unwrap();
    }
    assert_eq!(told, dropped);
    assert!((100_000 - 3 * 1_024..100_000).contains(&dropped), "{dropped}");
}

#[test]
fn a_wait_ends_when_all_is_told() {
    let events = events();
    assert!(events.wait(Some(Instant::now())));
    let holds = Arc::new(Mutex::new(()));
    let hold = holds.lock().unwrap();
    let (gate, told) = (Arc::clone(&holds), Arc::new(Mutex::new(0)));
    let count = Arc::clone(&told);
    let _listening = events.listen(EventLevel::Debug, move |batch: &[Event]| {
        assert!(is_delivering());
        drop(gate.lock());
        *count.lock().unwrap() += batch.len();
    });
    for number in 0..10 {
        tell(&events, EventLevel::Info, number);
    }
    assert!(!events.wait(Some(Instant::now())) && !is_delivering());
    drop(hold);
    assert!(events.wait(Some(Instant::now() + LONG)));
    assert_eq!(*told.lock().unwrap(), 10);
}

#[test]
fn a_level_is_read_by_its_name() {
    assert_eq!(EventLevel::parse("warning").ok(), Some(EventLevel::Warning));
    let error = EventLevel::parse("WARNING").unwrap_err();
    assert_eq!(error.message(), "level has to be one of debug, info, warning, error");
}

#[test]
fn one_that_panics_keeps_the_others_from_nothing() {
    let events = events();
    let (sender, arrived) = mpsc::channel();
    let _panics = events.listen(EventLevel::Debug, |_: &[Event]| panic!("scripted"));
    let _hears =
        events.listen(EventLevel::Debug, move |batch: &[Event]| sender.send(batch.len()).unwrap());
    tell(&events, EventLevel::Info, 1);
    assert_eq!(arrived.recv_timeout(LONG).unwrap(), 1);
    tell(&events, EventLevel::Info, 2);
    assert_eq!(arrived.recv_timeout(LONG).unwrap(), 1);
}

#[test]
fn a_listener_that_was_detached_hears_all_that_is_told_and_its_end_can_be_waited_for() {
    let events = events();
    let holds = Arc::new(Mutex::new(()));
    let hold = holds.lock().unwrap();
    let (sender, arrived) = mpsc::channel();
    let gate = Arc::clone(&holds);
    let listen = move |batch: &[Event]| {
        drop(gate.lock());
        sender.send(batch.len()).unwrap();
    };
    events.listen(EventLevel::Debug, listen).detach();
    tell(&events, EventLevel::Info, 1);
    drop(events);
    assert!(!wait_for_delivery(Instant::now()));
    drop(hold);
    assert_eq!(arrived.recv_timeout(LONG).unwrap(), 1);
    assert!(wait_for_delivery(Instant::now() + LONG));
    assert_eq!(arrived.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
}

#[tokio::test]
async fn a_subscription_gives_what_came_and_ends_with_its_client() {
    let events = events();
    let mut subscription = Subscription::new(&events, EventLevel::Info);
    tell(&events, EventLevel::Warning, 7);
    let event = subscription.next().await.unwrap();
    assert_eq!(
        (event.name(), event.level, event.subject.service),
        ("throttled", EventLevel::Warning, "seek_api")
    );
    assert_eq!(event.to_string(), "the token endpoint asks to be left alone for 7 s");
    let fields = event.fields();
    assert!(fields.contains(&("environment", FieldValue::Text("live".to_owned()))));
    assert!(fields.contains(&("scopes", FieldValue::List(vec!["a.b".to_owned()]))));
    assert!(fields.contains(&("pause", FieldValue::Seconds(7.0))));
    drop(events);
    assert_eq!(subscription.next().await, None);
}

#[test]
fn the_names_of_all_events_are_listed() {
    let (at, span, failure) = (SystemTime::UNIX_EPOCH, Duration::ZERO, ErrorKind::Network);
    let request = EventKind::TokenRequest {
        reason: Reason::First,
        attempt: 1,
        started_at: at,
        duration: span,
        failure: None,
        status: None,
        server_code: None,
        retry_in: None,
        life_left: None,
    };
    let kinds = [
        request,
        EventKind::TokenObtained { lifetime: span, attempts: 1, from: TokenFrom::Server },
        EventKind::ServingStale { life_left: span, failure },
        EventKind::Throttled { pause: span },
        EventKind::Refused { failure, remembered_for: span },
        EventKind::TokenRejected { is_renewed: true },
        EventKind::CredentialsChanged { is_next: true, source: "file" },
        EventKind::ClockJumped { step: span, is_backward: false },
        EventKind::StoreFailed { store: "redis", pause: Some(span) },
        EventKind::StoreRecovered { store: "redis" },
        EventKind::Closed,
        EventKind::Dropped { count: 1 },
    ];
    let subject = Subject { client: 1, service: "oauth", environment: None, scopes: [].into() };
    let events =
        kinds.map(|kind| Event { at, level: EventLevel::Debug, subject: subject.clone(), kind });
    assert_eq!(events.map(|event| event.name()), Event::NAMES);
}
