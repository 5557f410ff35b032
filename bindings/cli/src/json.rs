//! What programs read.

use seekauth::Error;
use seekauth::doctor::{Fact, Stage};
use serde_json::{Map, Value};

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

pub(crate) fn examination(stages: &[Stage], exit_code: u8) -> Value {
    object([
        ("version", seekauth::VERSION.into()),
        ("exit_code", exit_code.into()),
        ("stages", stages.iter().map(stage).collect()),
    ])
}

fn stage(stage: &Stage) -> Value {
    let fact =
        |fact: &Fact| object([("name", (*fact.name).into()), ("value", (*fact.value).into())]);
    object([
        ("name", stage.name.into()),
        ("host", stage.host.as_deref().into()),
        ("outcome", stage.outcome.name().into()),
        ("facts", stage.facts.iter().map(fact).collect()),
        ("advice", stage.advice.as_deref().into()),
        ("ms", u64::try_from(stage.duration.as_millis()).unwrap_or(u64::MAX).into()),
    ])
}

/// Facts whose names are there once.
pub(crate) fn facts(facts: &[Fact]) -> Value {
    let member = |fact: &Fact| (fact.name.replace(' ', "_"), Value::from(&*fact.value));
    Value::Object(facts.iter().map(member).collect::<Map<_, _>>())
}

pub(crate) fn error(error: &Error) -> Value {
    object([
        ("error", error.kind().name().into()),
        ("message", error.message().into()),
        ("status", error.status().into()),
        ("server_code", error.server_code().into()),
    ])
}
