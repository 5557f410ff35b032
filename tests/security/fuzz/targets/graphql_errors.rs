//! The `errors` of a GraphQL response: where a strict reader takes the response, they are what it read,
//! and where it does not, they are objects, or the response is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seekauth::fuzzing::graphql_errors;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let found = graphql_errors(&text);
    if let Ok(errors) = &found {
        assert!(errors.iter().all(Value::is_object), "{text}");
    }
    let Ok(Value::Object(members)) = serde_json::from_str(&text) else { return };
    let (data, errors) = (members.get("data"), members.get("errors"));
    match &found {
        Ok(found) => {
            let read = errors.and_then(Value::as_array);
            assert_eq!(found.as_slice(), read.map_or(&[][..], Vec::as_slice), "{text}");
        }
        // A member that comes twice has no meaning, and its name may be written in escapes.
        Err(_) if text.contains('\\') || text.matches("\"data\"").count() > 1 => {}
        Err(_) if text.matches("\"errors\"").count() > 1 => {}
        Err(_) => {
            let is_shaped = data.is_none_or(|data| data.is_object() || data.is_null())
                && errors.is_none_or(|errors| {
                    errors.is_null()
                        || errors.as_array().is_some_and(|all| all.iter().all(Value::is_object))
                });
            assert!(!is_shaped || (data.is_none() && errors.is_none()), "{text}");
        }
    }
});
