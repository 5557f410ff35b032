//! Events for programs that log with the crate `tracing`, under the target `seekauth`, as long as a
//! subscriber of the whole process wants them.

use tracing::{Level, enabled, event};

use crate::events::event::{Event, EventLevel, FieldValue};

/// Whether the program's subscriber wants events of this level.
pub(super) fn is_wanted(level: EventLevel) -> bool {
    match level {
        EventLevel::Debug => enabled!(target: "seekauth", Level::DEBUG),
        EventLevel::Info => enabled!(target: "seekauth", Level::INFO),
        EventLevel::Warning => enabled!(target: "seekauth", Level::WARN),
        EventLevel::Error => enabled!(target: "seekauth", Level::ERROR),
    }
}

/// Hands it to the program's subscriber.
pub(super) fn forward(told: &Event) {
    let fields = told.fields();
    let field = |name| fields.iter().find(|(given, _)| *given == name).map(|(_, value)| value);
    let text = |name| match field(name) {
        Some(FieldValue::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let seconds = |name| match field(name) {
        Some(FieldValue::Seconds(seconds)) => Some(*seconds),
        _ => None,
    };
    let count = |name| match field(name) {
        Some(FieldValue::Count(count)) => Some(*count),
        _ => None,
    };
    // tracing wants level and names of the fields when it is compiled.
    macro_rules! emit {
        ($level:expr) => {
            event!(
                target: "seekauth",
                $level,
                event = told.name(),
                client = count("client"),
                service = text("service"),
                environment = text("environment"),
                scopes = told.subject.scopes.join(" "),
                reason = text("reason"),
                result = text("result"),
                failure = text("failure"),
                status = count("status"),
                server_code = text("server_code"),
                duration = seconds("duration"),
                retry_in = seconds("retry_in"),
                life_left = seconds("life_left"),
                lifetime = seconds("lifetime"),
                count = count("count"),
                "{told}"
            )
        };
    }
    match told.level {
        EventLevel::Debug => emit!(Level::DEBUG),
        EventLevel::Info => emit!(Level::INFO),
        EventLevel::Warning => emit!(Level::WARN),
        EventLevel::Error => emit!(Level::ERROR),
    }
}
