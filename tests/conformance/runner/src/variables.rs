//! The names that a case may write as `${name}`: the sandbox's addresses, values saved by earlier
//! steps, and moments of the agent's wall clock. An unknown name is an error, so that a typing
//! mistake cannot pass for a value.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use seekauth::binding::Setting;
use serde_json::Value;

/// The variables of one run of one case.
#[derive(Debug, Clone)]
pub struct Variables {
    values: BTreeMap<String, String>,
    wall: SystemTime,
}

impl Default for Variables {
    fn default() -> Self {
        Self { values: BTreeMap::new(), wall: SystemTime::now() }
    }
}

impl Variables {
    /// Gives `name` a value, replacing an earlier one.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.values.insert(name.to_owned(), value.into());
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Gives each of the sandbox's addresses its name, and what they are made of.
    pub fn set_addresses(&mut self, urls: &Value) {
        for (name, url) in urls.as_object().into_iter().flatten() {
            let Some(url) = url.as_str() else { continue };
            self.set(name, url);
            if let Some((_, host)) = url.split_once("://").filter(|_| !name.ends_with("_url")) {
                self.set(&format!("{name}_host"), host);
                self.set(&format!("{name}_port"), host.rsplit(':').next().unwrap_or_default());
            }
        }
    }

    /// Gives each setting, as `setting:client_id`, the name that messages in this language have for it.
    pub fn set_settings(&mut self, language: &str) {
        for setting in Setting::all() {
            let name = match language {
                "node" => setting.camel_name(),
                _ => setting.name().to_owned(),
            };
            self.set(&format!("setting:{}", setting.name()), name);
        }
    }

    /// Sets the wall clock that `${unix+n}`, `${unix_ms+n}` and `${http_date+n}` read.
    pub fn set_wall(&mut self, now: SystemTime) {
        self.wall = now;
    }

    /// The text with every `${name}` replaced.
    ///
    /// # Errors
    /// A name is unknown or its brace is not closed.
    pub fn text(&self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| format!("{text:?} has a `${{` without its `}}`"))?;
            out.push_str(before);
            out.push_str(&self.value(name)?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// The value with every text in it replaced; names of members stay as they are.
    ///
    /// # Errors
    /// As [`Self::text`].
    pub fn all(&self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => Value::String(self.text(text)?),
            Value::Array(values) => {
                Value::Array(values.iter().map(|value| self.all(value)).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), self.all(value)?)))
                    .collect::<Result<_, String>>()?,
            ),
            other => other.clone(),
        })
    }

    fn value(&self, name: &str) -> Result<String, String> {
        if let Some(value) = self.get(name) {
            return Ok(value.to_owned());
        }
        let unknown = || format!("unknown variable ${{{name}}}");
        let (kind, offset) = match name.find(['+', '-']) {
            Some(at) => (&name[..at], name[at..].parse::<i64>().map_err(|_| unknown())?),
            None => (name, 0),
        };
        match kind {
            "unix" => Ok(self.moment(offset)?.0.as_secs().to_string()),
            "unix_ms" => Ok(self.moment(offset)?.0.as_millis().to_string()),
            "http_date" => Ok(httpdate::fmt_http_date(self.moment(offset)?.1)),
            _ => Err(unknown()),
        }
    }

    /// The moment `offset` seconds from now, since 1970 and as a time.
    fn moment(&self, offset: i64) -> Result<(Duration, SystemTime), String> {
        let step = Duration::from_secs(offset.unsigned_abs());
        let time =
            if offset < 0 { self.wall.checked_sub(step) } else { self.wall.checked_add(step) };
        time.and_then(|time| Some((time.duration_since(UNIX_EPOCH).ok()?, time)))
            .ok_or_else(|| format!("there is no moment {offset} s from now"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn variables() -> Variables {
        let mut variables = Variables::default();
        variables.set_wall(UNIX_EPOCH + Duration::from_secs(784_111_777));
        variables.set("pass", "http://127.0.0.1:1");
        variables
    }

    #[test]
    fn known_names_are_replaced_wherever_text_stands() {
        let found = variables().all(&json!({"a": ["${pass}/x", 1], "${pass}": null}));
        assert_eq!(found, Ok(json!({"a": ["http://127.0.0.1:1/x", 1], "${pass}": null})));
    }

    #[test]
    fn moments_are_counted_from_the_wall_clock() {
        let variables = variables();
        assert_eq!(variables.text("${unix} ${unix+30}").as_deref(), Ok("784111777 784111807"));
        assert_eq!(variables.text("${unix_ms-1}").as_deref(), Ok("784111776000"));
        assert_eq!(variables.text("${http_date}").as_deref(), Ok("Sun, 06 Nov 1994 08:49:37 GMT"));
    }

    #[test]
    fn mistakes_are_refused() {
        for text in ["${nothing}", "${pass", "${unix+}", "${unix+x}", "${pas+1}"] {
            assert!(variables().text(text).is_err(), "{text} was replaced");
        }
    }
}
