//! Whether a response of the SEEK API rejects the token: a slow second reading of whole bodies says
//! the same, and the chunks in which a body arrives do not matter. The first line of an input has
//! the status and the lengths of the chunks.
#![no_main]

use std::fmt;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use seekauth::{AuthFlow, Client, Config, Environment, Verdict};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

static FLOW: LazyLock<AuthFlow> = LazyLock::new(|| {
    let config = Config::seek_api(Environment::Live).credentials("an-id", "a-secret");
    let client = Client::new(config.user_agent("Fuzz/1.0")).expect("good settings");
    client.auth_flow("https://graphql.seek.com/graphql", true).expect("the API's own address")
});

fuzz_target!(|data: &[u8]| {
    let cut = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let line = String::from_utf8_lossy(&data[..cut]);
    let body = data.get(cut + 1..).unwrap_or_default();
    let mut numbers = line.split_ascii_whitespace().map(|word| word.parse::<usize>().unwrap_or(7));
    let status = numbers.next().and_then(|status| u16::try_from(status).ok()).unwrap_or(200);

    let mut whole = FLOW.inspect(status, None);
    let early = whole.feed(body);
    let verdict = whole.finish();
    assert_ne!(verdict, Verdict::Undecided);
    assert!(early == Verdict::Undecided || early == verdict, "a verdict changed");

    let mut chunks = FLOW.inspect(status, None);
    let mut rest = body;
    for length in numbers {
        let (chunk, behind) = rest.split_at(length.min(rest.len()));
        let so_far = chunks.feed(chunk);
        assert!(so_far == Verdict::Undecided || so_far == verdict, "{line}: chunks matter");
        assert_eq!(chunks.verdict(), so_far);
        rest = behind;
    }
    chunks.feed(rest);
    assert_eq!(chunks.finish(), verdict, "{line}: chunks matter");

    if let Ok(body) = serde_json::from_slice::<Body>(body) {
        let by_status = if status == 401 { Verdict::Rejected } else { Verdict::Accepted };
        let expected = match body.reading() {
            Reading::Rejects => Verdict::Rejected,
            Reading::Graphql => Verdict::Accepted,
            Reading::Foreign => by_status,
        };
        assert_eq!(verdict, expected, "{line}: {}", String::from_utf8_lossy(data));
    }
});

/// A body with the order and the repetitions of its members kept, which `Value` would lose.
enum Body {
    Object(Vec<(String, Body)>),
    Array(Vec<Body>),
    Text(String),
    Other,
}

#[derive(PartialEq)]
enum Reading {
    Rejects,
    Graphql,
    Foreign,
}

impl Body {
    fn reading(&self) -> Reading {
        match self {
            Self::Object(members) => read_object(members, false),
            Self::Array(responses) => read_array(responses),
            Self::Text(_) | Self::Other => Reading::Foreign,
        }
    }
}

fn read_object(members: &[(String, Body)], in_batch: bool) -> Reading {
    let mut errors = members.iter().filter(|(name, _)| name == "errors").map(|(_, value)| value);
    let rejects = if in_batch {
        errors.any(rejects)
    } else {
        // Nothing behind the first counts: reading may have ended there.
        errors.next().is_some_and(rejects)
    };
    let graphql = members.iter().any(|(name, _)| name == "data" || name == "errors");
    match (rejects, graphql) {
        (true, _) => Reading::Rejects,
        (false, true) => Reading::Graphql,
        (false, false) => Reading::Foreign,
    }
}

fn read_array(responses: &[Body]) -> Reading {
    let mut all = Reading::Foreign;
    for response in responses {
        let reading = match response {
            Body::Object(members) => read_object(members, true),
            Body::Array(responses) => read_array(responses),
            Body::Text(_) | Body::Other => Reading::Foreign,
        };
        match reading {
            Reading::Rejects => return Reading::Rejects,
            Reading::Graphql => all = Reading::Graphql,
            Reading::Foreign => {}
        }
    }
    all
}

/// Whether an entry has the code, in any of its members of that name.
fn rejects(errors: &Body) -> bool {
    let Body::Array(errors) = errors else { return false };
    errors.iter().flat_map(|error| named(error, "extensions")).any(|extensions| {
        named(extensions, "code")
            .any(|code| matches!(code, Body::Text(code) if code == "UNAUTHENTICATED"))
    })
}

fn named<'a>(body: &'a Body, name: &'a str) -> impl Iterator<Item = &'a Body> {
    let members = match body {
        Body::Object(members) => members.as_slice(),
        _ => &[],
    };
    members.iter().filter(move |(own, _)| own == name).map(|(_, value)| value)
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BodyVisitor)
    }
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Body::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Body, A::Error> {
        let mut responses = Vec::new();
        while let Some(response) = seq.next_element()? {
            responses.push(response);
        }
        Ok(Body::Array(responses))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Body, E> {
        Ok(Body::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Body, E> {
        Ok(Body::Other)
    }
}
