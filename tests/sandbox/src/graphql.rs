//! Plays the GraphQL endpoint: who a token belongs to, a hiring organisation, and a mutation that posts a position once.
//! The token's audience decides between live and Playground; errors come in the body, as SEEK's do.

use std::collections::{BTreeSet, HashMap};

use async_graphql_parser::parse_query;
use async_graphql_parser::types::{DocumentOperations, Field, OperationType};
use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::control::{Now, State};
use crate::graphql_document::{Operation, parse};
use crate::reply::Reply;
use crate::request::Received;
use crate::settings::PLAYGROUND_AUDIENCE;
use crate::tokens::{Grant, Rejected};

/// Position openings by client and idempotency id.
#[derive(Debug, Default)]
pub(crate) struct Positions {
    posted: HashMap<(String, String), String>,
}

/// The scope that a browser token needs to ask for an organisation.
const ORGANIZATIONS: &str = "query:organizations";

/// Whose token came with the request.
struct Caller {
    client_id: String,
    playground: bool,
    /// The hirer and the scopes that a browser token is bound to; a partner token has none.
    bound_to: Option<(String, BTreeSet<String>)>,
}

/// A field that could not be had.
struct FieldError {
    code: &'static str,
    message: String,
}

fn failed<T>(code: &'static str, message: &str) -> Result<T, FieldError> {
    Err(FieldError { code, message: message.to_owned() })
}

/// Answers a GraphQL request.
pub(crate) fn answer(state: &mut State, now: Now, received: &Received) -> Reply {
    let operation = match operation(received) {
        Ok(operation) => operation,
        Err((code, message)) => {
            let error = json!({"message": message, "extensions": {"code": code}});
            return reply(state, StatusCode::BAD_REQUEST, &json!({"errors": [error]}));
        }
    };
    let root = match operation.definition.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    };
    let fields = operation.fields(&operation.definition.selection_set.node, root);
    let caller = caller(state, now, received);
    let mut data = Map::new();
    let mut errors = Vec::new();
    for field in fields {
        let outcome = match &caller {
            Ok(caller) => resolve(state, caller, root, &operation, field)
                .and_then(|value| project(&operation, field, &value)),
            Err(rejected) => failed("UNAUTHENTICATED", unauthenticated(*rejected)),
        };
        let value = outcome.unwrap_or_else(|error| {
            errors.push(json!({
                "message": error.message,
                "path": [key(field)],
                "extensions": {"code": error.code},
            }));
            Value::Null
        });
        data.insert(key(field).to_owned(), value);
    }
    let status = match errors.first() {
        Some(error) if error["extensions"]["code"] == "UNAUTHENTICATED" => {
            StatusCode::from_u16(state.settings.graphql_unauthenticated_status)
                .unwrap_or(StatusCode::OK)
        }
        _ => StatusCode::OK,
    };
    let data = if data.values().all(Value::is_null) && !errors.is_empty() {
        Value::Null
    } else {
        Value::Object(data)
    };
    let mut body = json!({"data": data});
    if !errors.is_empty() {
        body["errors"] = Value::Array(errors);
    }
    reply(state, status, &body)
}

/// Its key in the answer: the alias or the name.
fn key(field: &Field) -> &str {
    field.response_key().node.as_str()
}

fn reply(state: &State, status: StatusCode, body: &Value) -> Reply {
    Reply::json(status, body).header("content-type", &state.settings.graphql_content_type)
}

fn operation(received: &Received) -> Result<Operation, (&'static str, String)> {
    let bad = |text: &str| ("BAD_REQUEST", text.to_owned());
    if received.media_type() != "application/json" {
        return Err(bad("The request must be application/json"));
    }
    let body = received.json().ok_or_else(|| bad("The body must be a JSON object"))?;
    let query =
        body.get("query").and_then(Value::as_str).ok_or_else(|| bad("query must be a string"))?;
    let none = Map::new();
    let variables = match body.get("variables") {
        None | Some(Value::Null) => &none,
        Some(Value::Object(variables)) => variables,
        Some(_) => return Err(bad("variables must be a JSON object")),
    };
    let name = body.get("operationName").and_then(Value::as_str);
    parse(query, variables, name).map_err(|text| ("GRAPHQL_PARSE_FAILED", text))
}

fn caller(state: &State, now: Now, received: &Received) -> Result<Caller, Rejected> {
    let issued = state.tokens.check(received.bearer(), now.age)?;
    let (audience, bound_to) = match &issued.grant {
        Grant::Audience(audience) => (audience, None),
        Grant::Browser { audience, hirer_id, scopes, .. } => {
            (audience, Some((hirer_id.clone(), scopes.clone())))
        }
        Grant::Scopes(_) => return Err(Rejected::Unknown),
    };
    Ok(Caller {
        client_id: issued.client_id.clone(),
        playground: audience == PLAYGROUND_AUDIENCE,
        bound_to,
    })
}

/// The name of the operation that a request asks for: the one it says, else that of its only one.
pub(crate) fn operation_name(received: &Received) -> Option<String> {
    let body = received.json()?;
    if let Some(name) = body.get("operationName").and_then(Value::as_str) {
        return Some(name.to_owned());
    }
    match parse_query(body.get("query")?.as_str()?).ok()?.operations {
        DocumentOperations::Multiple(named) if named.len() == 1 => {
            named.into_keys().next().map(|name| name.to_string())
        }
        _ => None,
    }
}

fn unauthenticated(rejected: Rejected) -> &'static str {
    match rejected {
        Rejected::Missing => "No access token was sent",
        Rejected::Unknown => "The access token is not known",
        Rejected::Expired => "The access token has expired",
        Rejected::Revoked => "The access token was revoked",
    }
}

/// The whole object behind a root field.
fn resolve(
    state: &mut State,
    caller: &Caller,
    root: &str,
    operation: &Operation,
    field: &Field,
) -> Result<Value, FieldError> {
    match (root, field.name.node.as_str()) {
        (_, "__typename") => Ok(json!(root)),
        ("Query", "self") => Ok(json!({
            "__typename": "Self",
            "partner": {
                "__typename": "PartnerOrganization",
                "id": identifier(caller, "organization", "sandbox"),
                "name": format!("Sandbox partner {}", caller.client_id),
            },
            "hirer": caller.bound_to.as_ref().map(|(hirer_id, _)| organization(hirer_id)),
        })),
        ("Query", "hiringOrganization") => {
            let id = operation.argument(field, "id");
            hiring_organization(state, caller, id.as_ref().and_then(Value::as_str))
        }
        ("Mutation", "postPosition") if caller.bound_to.is_some() => {
            failed("FORBIDDEN", "This mutation takes partner tokens only")
        }
        ("Mutation", "postPosition") => {
            let input = operation.argument(field, "input").unwrap_or_default();
            post_position(state, caller, input.get("idempotencyId").and_then(Value::as_str))
        }
        (_, name) => failed(
            "GRAPHQL_VALIDATION_FAILED",
            &format!("Cannot query field {name} on type {root}"),
        ),
    }
}

fn identifier(caller: &Caller, kind: &str, number: &str) -> Value {
    let scheme = if caller.playground { "seekAnzPublicTest" } else { "seekAnz" };
    json!({
        "__typename": "ObjectIdentifier",
        "value": format!("{scheme}:{kind}:seek:{number}"),
    })
}

fn hiring_organization(
    state: &State,
    caller: &Caller,
    id: Option<&str>,
) -> Result<Value, FieldError> {
    let Some(id) = id else {
        return failed("BAD_USER_INPUT", "id must be an object identifier");
    };
    let scheme = id.split(':').next().unwrap_or_default();
    if scheme.ends_with("PublicTest") != caller.playground {
        return failed("UNAUTHENTICATED", "The access token belongs to the other environment");
    }
    if !state.settings.hirers.iter().any(|hirer| hirer == id) {
        return failed("FORBIDDEN", "There is no relationship with this hirer");
    }
    if let Some((hirer_id, scopes)) = &caller.bound_to {
        if !scopes.contains(ORGANIZATIONS) {
            return failed("FORBIDDEN", "This query requires scope query:organizations");
        }
        if hirer_id != id {
            return failed("FORBIDDEN", "The access token is bound to another hirer");
        }
    }
    Ok(organization(id))
}

fn organization(id: &str) -> Value {
    json!({
        "__typename": "HiringOrganization",
        "id": {"__typename": "ObjectIdentifier", "value": id},
        "name": "Sandbox hirer",
    })
}

/// Posts a position; a repeat of the idempotency id gives the conflict that a retrying client may read as success.
fn post_position(
    state: &mut State,
    caller: &Caller,
    id: Option<&str>,
) -> Result<Value, FieldError> {
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return failed("BAD_USER_INPUT", "input.idempotencyId must be given");
    };
    // Only now, because the Playground checks input before it refuses.
    if caller.playground {
        return failed("FORBIDDEN", "The Playground is read-only");
    }
    let next = format!("sandbox{}", state.positions.posted.len() + 1);
    let key = (caller.client_id.clone(), id.to_owned());
    let opening = |number: &str| {
        json!({
            "__typename": "PositionOpening",
            "documentId": identifier(caller, "positionOpening", number),
        })
    };
    if let Some(posted) = state.positions.posted.get(&key) {
        return Ok(json!({
            "__typename": "PostPositionPayload_Conflict",
            "conflictingPositionOpening": opening(posted),
        }));
    }
    let payload = json!({
        "__typename": "PostPositionPayload_Success",
        "positionOpening": opening(&next),
    });
    state.positions.posted.insert(key, next);
    Ok(payload)
}

/// What `field` selects of `value`.
fn project(operation: &Operation, field: &Field, value: &Value) -> Result<Value, FieldError> {
    let Some(object) = value.as_object() else {
        return Ok(value.clone());
    };
    let on = object.get("__typename").and_then(Value::as_str).unwrap_or_default();
    let selected = &field.selection_set.node;
    if selected.items.is_empty() {
        return failed(
            "GRAPHQL_VALIDATION_FAILED",
            &format!("Field {} of type {on} must have a selection", field.name.node),
        );
    }
    let mut members = Map::new();
    for inner in operation.fields(selected, on) {
        let Some(value) = object.get(inner.name.node.as_str()) else {
            return failed(
                "GRAPHQL_VALIDATION_FAILED",
                &format!("Cannot query field {} on type {on}", inner.name.node),
            );
        };
        members.insert(key(inner).to_owned(), project(operation, inner, value)?);
    }
    Ok(Value::Object(members))
}
