//! The token request, written out byte for byte as each server wants it. No I/O.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Serialize;
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::config::ResolvedConfig;
use crate::config::{AuthMethod, RequestFormat};
use crate::error::{Error, ErrorKind};
use crate::sys::secret::Secret;

pub(crate) struct TokenRequest {
    pub(crate) content_type: &'static str,
    pub(crate) body: Zeroizing<Vec<u8>>,
    /// User name and password for HTTP Basic, when the credentials are not in the body.
    pub(crate) basic: Option<(Secret, Secret)>,
}

impl TokenRequest {
    pub(crate) fn new(
        config: &ResolvedConfig,
        client_id: &str,
        client_secret: &Secret,
        scopes: &[String],
    ) -> Result<Self, Error> {
        let scope = scopes.join(" ");
        let mut members = vec![("grant_type", "client_credentials")];
        let mut basic = None;
        match config.auth_method {
            AuthMethod::ClientSecretPost => {
                members.push(("client_id", client_id));
                members.push(("client_secret", client_secret.expose()));
            }
            AuthMethod::ClientSecretBasic => {
                basic = Some((form_encoded(client_id), form_encoded(client_secret.expose())));
            }
            // The password would begin at its colon (RFC 7617).
            AuthMethod::ClientSecretBasicRaw if client_id.contains(':') => {
                return Err(Error::invalid(
                    "`client_id` must not hold a colon with client_secret_basic_raw; try client_secret_basic",
                ));
            }
            AuthMethod::ClientSecretBasicRaw => {
                basic = Some((Secret::new(client_id), client_secret.clone()));
            }
        }
        if let Some(audience) = &config.audience {
            members.push(("audience", audience));
        }
        if !scope.is_empty() {
            members.push(("scope", &scope));
        }
        for (name, value) in &config.extra_parameters {
            members.push((name, value));
        }
        let (content_type, body) = match config.format {
            RequestFormat::Json => ("application/json", json(&members)?),
            RequestFormat::Form => ("application/x-www-form-urlencoded", form(&members)),
        };
        Ok(Self { content_type, body, basic })
    }
}

/// The value of a JSON member.
#[derive(Serialize)]
#[serde(untagged)]
enum Member<'a> {
    One(&'a str),
    Several(Vec<&'a str>),
}

// A buffer that grows leaves copies of the secret behind, so both are made long enough at once.

fn json(members: &[(&str, &str)]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut object: BTreeMap<&str, Member<'_>> = BTreeMap::new();
    for (name, value) in members {
        match object.entry(name) {
            Entry::Vacant(free) => {
                free.insert(Member::One(value));
            }
            // A parameter that is repeated in a form is an array in JSON.
            Entry::Occupied(mut taken) => match taken.get_mut() {
                Member::Several(values) => values.push(value),
                Member::One(first) => {
                    let values = vec![*first, *value];
                    taken.insert(Member::Several(values));
                }
            },
        }
    }
    let mut body = Zeroizing::new(Vec::with_capacity(room(members, "\\u0000")));
    serde_json::to_writer(&mut *body, &object)
        .map_err(|_| Error::new(ErrorKind::Internal, "the token request could not be written"))?;
    Ok(body)
}

fn form(members: &[(&str, &str)]) -> Zeroizing<Vec<u8>> {
    let room = String::with_capacity(room(members, "%00"));
    let text = form_urlencoded::Serializer::new(room).extend_pairs(members).finish();
    Zeroizing::new(text.into_bytes())
}

/// The longest that members can become when each byte is written as `escape`.
fn room(members: &[(&str, &str)], escape: &str) -> usize {
    let lengths = members.iter().map(|(name, value)| name.len() + value.len());
    lengths.sum::<usize>() * escape.len() + members.len() * r#""":[""],{}"#.len()
}

/// One value as RFC 6749, 2.3.1 wants it inside HTTP Basic.
fn form_encoded(value: &str) -> Secret {
    Secret::new(form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>())
}
