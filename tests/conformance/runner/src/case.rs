//! Cases as data: reading the files and refusing what could not mean anything, so that a mistyped
//! name in a case is reported when it is loaded and never weakens what the case checks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use seekauth::binding::{Setting, SettingKind};
use seekauth_sandbox::Scripted;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::verb::{ERROR_PARTS, Verb};

/// One case: a sandbox, steps, and the requests that must have arrived in the end.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unique, of the form `file/what-happens`.
    pub name: String,
    /// The rule that the case holds the library to, in one line.
    pub why: String,
    /// Whether the sandbox serves https.
    #[serde(default)]
    pub tls: bool,
    /// Settings of the sandbox.
    #[serde(default)]
    pub sandbox: Map<String, Value>,
    /// Answers laid down before the first step.
    #[serde(default)]
    pub script: Vec<Value>,
    /// Adapters that the case says nothing about, by name, as `httpx`, or with their language, as
    /// `python/httpx`; each with the reason.
    #[serde(default)]
    pub except: BTreeMap<String, String>,
    /// Texts that must never show in an error, an inspection or a log, beside the secrets and
    /// tokens of the case.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// The requests that arrived when all is done.
    pub requests: Value,
}

/// One step of a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Step {
    /// What is done.
    pub verb: &'static Verb,
    /// With what.
    pub arguments: Map<String, Value>,
    /// What the reply has to be; nothing means success.
    pub expect: Map<String, Value>,
    /// Whether the step is repeated until its expectation holds.
    pub eventually: bool,
    /// How often the step is done, each time with the same expectation.
    pub times: u32,
    /// Variables to set, by name, from the results of the reply.
    pub save: BTreeMap<String, String>,
}

/// The members of a step that are not arguments.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Frame {
    expect: Map<String, Value>,
    eventually: bool,
    times: Option<u32>,
    save: BTreeMap<String, String>,
}

impl TryFrom<Map<String, Value>> for Step {
    type Error = String;

    fn try_from(mut members: Map<String, Value>) -> Result<Self, String> {
        let Some(Value::String(name)) = members.remove("do") else {
            return Err("a step has a `do`".to_owned());
        };
        let verb = Verb::named(&name)?;
        let frame: Map<String, Value> = ["expect", "eventually", "times", "save"]
            .iter()
            .filter_map(|name| members.remove_entry(*name))
            .collect();
        let frame: Frame = serde_json::from_value(Value::Object(frame))
            .map_err(|problem| format!("{name}: {problem}"))?;
        let step = Self {
            verb,
            arguments: members,
            expect: frame.expect,
            eventually: frame.eventually,
            times: frame.times.unwrap_or(1),
            save: frame.save,
        };
        step.check().map_err(|problem| format!("{name}: {problem}"))?;
        Ok(step)
    }
}

impl Step {
    fn check(&self) -> Result<(), String> {
        let verb = self.verb;
        if let Some(missing) =
            verb.required.iter().find(|name| !self.arguments.contains_key(**name))
        {
            return Err(format!("the argument {missing:?} is missing"));
        }
        let known = |name: &str| verb.required.contains(&name) || verb.optional.contains(&name);
        if let Some(unknown) = self.arguments.keys().find(|name| !known(name)) {
            return Err(format!("there is no argument {unknown:?}"));
        }
        if !verb.asks_agent && (!self.expect.is_empty() || !self.save.is_empty()) {
            return Err("a step of the driver has no reply to expect or save".to_owned());
        }
        let results = if self.expect.contains_key("error") { ERROR_PARTS } else { verb.results };
        let named = self.expect.keys().filter(|name| *name != "error").chain(self.save.values());
        if let Some(unknown) = named.into_iter().find(|name| !results.contains(&name.as_str())) {
            return Err(format!("there is no result {unknown:?}, there is {results:?}"));
        }
        if self.eventually && verb.asks_agent && self.expect.is_empty() {
            return Err("`eventually` needs something to expect".to_owned());
        }
        if self.times == 0 {
            return Err("`times` is at least 1".to_owned());
        }
        let bodies = ["json", "body", "body_size"];
        if bodies.iter().filter(|name| self.arguments.contains_key(**name)).count() > 1 {
            return Err(format!("a request has one of {bodies:?}"));
        }
        match self.arguments.get("with") {
            None => Ok(()),
            Some(Value::Object(settings)) => {
                settings.iter().try_for_each(|(name, value)| check_setting(name, value))
            }
            Some(other) => Err(format!("`with` takes an object, not {other}")),
        }
    }
}

/// Agents turn the text of a setting into its type, so what has no such form must not reach them.
fn check_setting(name: &str, value: &Value) -> Result<(), String> {
    let (plain, in_ms) = name.strip_suffix("_ms").map_or((name, false), |plain| (plain, true));
    let setting = Setting::named(plain)
        .filter(|setting| in_ms == (setting.kind() == SettingKind::Duration))
        .ok_or_else(|| format!("there is no setting {name:?}"))?;
    let fits = match setting.kind() {
        SettingKind::Duration => value.is_i64(),
        SettingKind::Flag => value.is_boolean(),
        SettingKind::Text | SettingKind::List | SettingKind::Pairs => value.is_string(),
    };
    if fits || value.is_null() { Ok(()) } else { Err(format!("{name} cannot be {value}")) }
}

impl Case {
    /// Whether it is about requests to the API, and so is run once with each adapter.
    #[must_use]
    pub fn has_adapter(&self) -> bool {
        self.steps.iter().any(|step| step.verb.has_adapter())
    }

    /// Why the case says nothing about this adapter, if it does not.
    #[must_use]
    pub fn exception(&self, language: &str, adapter: &str) -> Option<&str> {
        let whole = format!("{language}/{adapter}");
        self.except.get(&whole).or_else(|| self.except.get(adapter)).map(String::as_str)
    }

    fn check(&self, stem: &str) -> Result<(), String> {
        if !self.name.starts_with(&format!("{stem}/")) {
            return Err(format!("the name starts with {stem}/, as its file does"));
        }
        if self.why.trim().is_empty() || self.steps.is_empty() {
            return Err("a case says why and has steps".to_owned());
        }
        if let Some(short) = self.secrets.iter().find(|secret| secret.len() < 8) {
            return Err(format!("the secret {short:?} is too short to be looked for"));
        }
        if !self.has_adapter() && !self.except.is_empty() {
            return Err("only a case that sends a request has adapters to leave out".to_owned());
        }
        if let Some((adapter, _)) = self.except.iter().find(|(_, why)| !why.contains(' ')) {
            return Err(format!("why is {adapter} left out?"));
        }
        let scripts = self
            .steps
            .iter()
            .filter_map(|step| step.arguments.get("answers")?.as_array())
            .flatten();
        for answer in self.script.iter().chain(scripts) {
            serde_json::from_value::<Scripted>(answer.clone())
                .map_err(|problem| format!("{answer}: {problem}"))?;
        }
        Ok(())
    }
}

/// Reads all cases of a folder, file by file in the order of their names.
///
/// # Errors
/// The folder cannot be read, or a case in it cannot be understood; the text names file and case.
pub fn load(folder: &Path) -> Result<Vec<Case>, String> {
    let unreadable = |problem: std::io::Error| format!("{}: {problem}", folder.display());
    let mut files = fs::read_dir(folder)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut cases = Vec::new();
    for file in &files {
        cases.extend(read(file).map_err(|problem| format!("{}: {problem}", file.display()))?);
    }
    let mut names = BTreeSet::new();
    match cases.iter().find(|case| !names.insert(case.name.clone())) {
        Some(twice) => Err(format!("two cases are called {}", twice.name)),
        None if cases.is_empty() => Err(format!("{}: there are no cases", folder.display())),
        None => Ok(cases),
    }
}

fn read(file: &Path) -> Result<Vec<Case>, String> {
    let text = fs::read_to_string(file).map_err(|problem| problem.to_string())?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    parse(&stem, &text)
}

/// Reads the cases of one file, whose name without `.json` is `stem`.
///
/// # Errors
/// The text is not JSON, or a case in it cannot be understood.
pub fn parse(stem: &str, text: &str) -> Result<Vec<Case>, String> {
    let values: Vec<Value> = serde_json::from_str(text).map_err(|problem| problem.to_string())?;
    let mut cases = Vec::with_capacity(values.len());
    for value in values {
        let name =
            value.get("name").map_or_else(|| "a case without a name".to_owned(), Value::to_string);
        let case: Case =
            serde_json::from_value(value).map_err(|problem| format!("{name}: {problem}"))?;
        case.check(stem).map_err(|problem| format!("{name}: {problem}"))?;
        cases.push(case);
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verb::VERBS;
    use serde_json::json;

    fn parsed(case: &Value) -> Result<Vec<Case>, String> {
        parse("reply", &json!([case]).to_string())
    }

    #[test]
    fn a_step_is_read_with_its_frame() -> Result<(), String> {
        let case = json!({"name": "reply/a", "why": "b", "requests": 1, "steps": [
            {"do": "get_token", "client": "c2", "times": 3, "save": {"t": "value"}, "expect": {"value": "x"}}
        ]});
        let cases = parsed(&case)?;
        let step = &cases[0].steps[0];
        assert_eq!((step.verb.name, step.times, step.eventually), ("get_token", 3, false));
        assert_eq!(step.arguments.get("client"), Some(&json!("c2")));
        assert_eq!(step.save.get("t").map(String::as_str), Some("value"));
        Ok(())
    }

    #[test]
    fn the_readme_describes_every_step_and_its_example_is_a_case() {
        let readme = include_str!("../../cases/README.md");
        let example = readme.split("```json\n").nth(1).and_then(|rest| rest.split("```").next());
        assert!(parse("failure", &format!("[{}]", example.unwrap_or_default())).is_ok());
        let names = VERBS
            .iter()
            .flat_map(|verb| [&[verb.name], verb.required, verb.optional, verb.results].concat());
        for name in names.chain(ERROR_PARTS.iter().copied()) {
            assert!(readme.contains(&format!("`{name}`")), "{name} is not described");
        }
    }

    #[test]
    fn a_case_may_leave_out_an_adapter_for_a_reason() -> Result<(), String> {
        let mut case = json!({
            "name": "reply/a", "why": "b", "requests": 1,
            "steps": [{"do": "send", "method": "GET", "url": "a"}],
            "except": {"httpx": "a good reason", "c/send": "another one"}
        });
        let read = &parsed(&case)?[0];
        assert!(read.has_adapter());
        assert_eq!(read.exception("python", "httpx"), Some("a good reason"));
        assert_eq!(read.exception("c", "send"), Some("another one"));
        assert_eq!(read.exception("rust", "send"), None);
        case["except"]["httpx"] = json!("");
        assert!(parsed(&case).is_err(), "without a reason");
        Ok(())
    }

    #[test]
    fn mistakes_in_a_case_are_refused() {
        let good =
            json!({"name": "reply/a", "why": "b", "requests": 1, "steps": [{"do": "get_token"}]});
        assert!(parsed(&good).is_ok());
        let changes = [
            ("name", json!("other/a")),
            ("why", json!(" ")),
            ("steps", json!([])),
            ("steps", json!([{"do": "get_tokens"}])),
            ("steps", json!([{"client": "c1"}])),
            ("steps", json!([{"do": "get_token", "clients": "c1"}])),
            ("steps", json!([{"do": "invalidate"}])),
            ("steps", json!([{"do": "get_token", "expect": {"valu": "a"}}])),
            ("steps", json!([{"do": "get_token", "expect": {"error": "closed", "value": "a"}}])),
            ("steps", json!([{"do": "get_token", "save": {"t": "valu"}}])),
            ("steps", json!([{"do": "get_token", "eventually": true}])),
            ("steps", json!([{"do": "get_token", "times": 0}])),
            ("steps", json!([{"do": "release", "expect": {"ms": 1}}])),
            ("steps", json!([{"do": "new", "with": {"timeout": 1}}])),
            ("steps", json!([{"do": "new", "with": {"timeout_ms": "1"}}])),
            ("steps", json!([{"do": "new", "with": {"client_id_ms": 1}}])),
            ("steps", json!([{"do": "new", "with": {"stay_warm": "yes"}}])),
            ("steps", json!([{"do": "new", "with": {"client_secrets": "x"}}])),
            ("steps", json!([{"do": "script", "answers": [{"endpoint": "nowhere"}]}])),
            ("script", json!([{"endpoint": "graphql", "statu": 200}])),
            ("secrets", json!(["short"])),
            ("except", json!({"httpx": "for a good reason"})),
            ("steps", json!([{"do": "send", "url": "a"}])),
            ("steps", json!([{"do": "send", "method": "GET", "url": "a", "via": "httpx"}])),
            (
                "steps",
                json!([{"do": "send", "method": "GET", "url": "a", "body": "b", "body_size": 1}]),
            ),
            ("request", json!(1)),
        ];
        for (member, value) in changes {
            let mut case = good.clone();
            case[member] = value.clone();
            assert!(parsed(&case).is_err(), "{member}: {value} was read");
        }
        let without = json!({"name": "reply/a", "why": "b", "steps": [{"do": "get_token"}]});
        assert!(
            parsed(&without).is_err(),
            "a case that does not say which requests arrive was read"
        );
    }
}
