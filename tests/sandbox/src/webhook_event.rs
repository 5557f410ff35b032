//! The events of webhooks, made where a test gives none of its own.

use std::time::Duration;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::webhook::{Webhook, WebhookService};

/// An event of the order's type, that happened at `at`, a time since 1970.
pub(crate) fn made(order: &Webhook, at: Duration) -> Value {
    match order.service {
        WebhookService::SeekApi => seek_api(order, at),
        WebhookService::SeekPass => json!({
            "event_id": unique(),
            "request_id": unique(),
            "type": order.event_type.as_deref().unwrap_or("vwsp_request.verified"),
            "created_at": written(at, 6),
        }),
    }
}

fn seek_api(order: &Webhook, at: Duration) -> Value {
    let kind = order.event_type.as_deref().unwrap_or("CandidateApplicationCreated");
    let hirer_id = order.hirer_id.as_deref().unwrap_or("seekAnz:organization:seek:93WyyF1h");
    let mut event = Map::new();
    let mut put = |name: &str, value: String| event.insert(name.to_owned(), Value::String(value));
    put("id", identifier("event"));
    put("type", kind.to_owned());
    put("createDateTime", written(at, 3));
    put("hirerId", hirer_id.to_owned());
    let objects: &[(&str, &str)] = match kind {
        "CandidateApplicationCreated" => {
            &[("candidateApplicationProfileId", "candidateProfile"), ("candidateId", "candidate")]
        }
        "PositionProfilePosted" | "PositionProfileUpdated" | "PositionProfileClosed" => {
            &[("positionProfileId", "positionProfile")]
        }
        _ => &[],
    };
    for (name, kind) in objects {
        put(name, identifier(kind));
    }
    Value::Object(event)
}

/// The id of an event that a test gave or the sandbox made.
pub(crate) fn id_of(event: &Value) -> Option<&str> {
    event.get("id").or_else(|| event.get("event_id"))?.as_str()
}

fn identifier(kind: &str) -> String {
    format!("seekAnz:{kind}:seek:{}", unique())
}

/// A version 4 UUID.
pub(crate) fn unique() -> String {
    let bits = (fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{bits:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// A moment as ISO 8601 writes it, with so many digits of a second's fraction.
fn written(at: Duration, digits: usize) -> String {
    let seconds = i64::try_from(at.as_secs()).unwrap_or(0);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let fraction = &format!("{:09}", at.subsec_nanos())[..digits];
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{fraction}Z",
        moment.year(),
        u8::from(moment.month()),
        moment.day(),
        moment.hour(),
        moment.minute(),
        moment.second(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_ids_are_written_as_those_of_seek() {
        let at = Duration::new(1_709_164_799, 7_000_000);
        assert_eq!(written(at, 3), "2024-02-28T23:59:59.007Z");
        assert_eq!(written(at, 6), "2024-02-28T23:59:59.007000Z");
        for _ in 0..100 {
            let id = unique();
            let parts: Vec<&str> = id.split('-').collect();
            assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
            assert!(parts[2].starts_with('4') && "89ab".contains(&parts[3][..1]), "{id}");
        }
    }
}
