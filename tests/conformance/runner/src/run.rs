//! One run of one case: a fresh sandbox, the steps in order, and what has to hold in the end. Every
//! decision of the suite is made here or below, so that an agent only calls and reports.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use seekauth_sandbox::{Options, Sandbox, Scripted};
use serde_json::{Map, Value};
use tokio::time::{sleep, timeout};

use crate::adapter::Adapter;
use crate::arrival::{self, Arrival};
use crate::bounds;
use crate::case::{Case, Step};
use crate::expectation::Expectation;
use crate::folder::Folder;
use crate::leak::Secrets;
use crate::limits::Limits;
use crate::matcher::text;
use crate::preset;
use crate::process::Agent;
use crate::request;
use crate::variables::Variables;
use crate::wire::{Outcome, Reply, Request};

const POLL: Duration = Duration::from_millis(2);

/// Why a case failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Where, for instance `step 3 (get_token)`.
    pub place: String,
    /// What was expected and what came.
    pub problem: String,
    /// Whether the agent can be used no more.
    pub agent_lost: bool,
}

/// Runs the case, with an adapter if it is about requests to the API.
///
/// # Errors
/// Something was not as the case expects. Unless the agent is lost, it is ready for the next case.
pub async fn run(
    case: &Case,
    language: &str,
    adapter: Option<&Adapter>,
    agent: &mut Agent,
    limits: Limits,
) -> Result<(), Failure> {
    let mut variables = Variables::default();
    variables.set_settings(language);
    let mut run = Run {
        case,
        adapter,
        agent,
        sandbox: None,
        folder: None,
        variables,
        secrets: Secrets::default(),
        clients: BTreeSet::new(),
        environment: BTreeSet::new(),
        callbacks: BTreeMap::new(),
        began_ms: 0,
        for_ever: 0,
        place: "start".to_owned(),
        limits,
        agent_lost: false,
    };
    let result = timeout(limits.case, run.all())
        .await
        .unwrap_or_else(|_| {
            // It may still be busy with the last call, so its next reply would be of no use.
            run.agent_lost = true;
            Err(format!("still not done after {} s", limits.case.as_secs()))
        })
        .map_err(|problem| (run.place.clone(), problem));
    let end = if run.agent_lost {
        Ok(())
    } else {
        run.leave().await.map_err(|problem| (run.place.clone(), problem))
    };
    if let Some(sandbox) = run.sandbox.take() {
        sandbox.stop().await;
    }
    let agent_lost = run.agent_lost;
    result.and(end).map_err(|(place, problem)| Failure { place, problem, agent_lost })
}

/// Errors of a request to the API from before there is one.
const WITHOUT_REQUEST: [&str; 3] = ["invalid_argument", "closed", "forbidden_origin"];

/// Whether an error of a request to the API carries the id of that request.
fn tells_request_id(request: &Request, error: &Reply) -> bool {
    let name = error.fields.get("name").map_or("foreign", String::as_str);
    !matches!(request.verb.as_str(), "send" | "graphql")
        || name == "foreign"
        || WITHOUT_REQUEST.contains(&name)
        || error.fields.get("request_id").is_some_and(|id| !id.is_empty())
}

struct Run<'a> {
    case: &'a Case,
    adapter: Option<&'a Adapter>,
    agent: &'a mut Agent,
    sandbox: Option<Sandbox>,
    folder: Option<Folder>,
    variables: Variables,
    secrets: Secrets,
    clients: BTreeSet<String>,
    environment: BTreeSet<String>,
    /// How often each callback had been called before the case.
    callbacks: BTreeMap<String, u64>,
    began_ms: u64,
    for_ever: u64,
    place: String,
    limits: Limits,
    agent_lost: bool,
}

impl Run<'_> {
    async fn all(&mut self) -> Result<(), String> {
        let case = self.case;
        self.prepare().await?;
        for (index, step) in case.steps.iter().enumerate() {
            self.place = format!("step {} ({})", index + 1, step.verb.name);
            for _ in 0..step.times {
                self.step(step).await?;
            }
        }
        "end".clone_into(&mut self.place);
        let expected = self.variables.all(&case.requests)?;
        self.settled(&expected).await?;
        let unused = self.sandbox()?.script_left().saturating_sub(self.for_ever);
        if unused > 0 {
            return Err(format!("{unused} answers of the script were never asked for"));
        }
        let urls = self.sandbox()?.urls();
        bounds::check(&self.arrivals()?, urls, self.adapter, &self.secrets)?;
        self.inspect().await
    }

    async fn prepare(&mut self) -> Result<(), String> {
        let case = self.case;
        let tls = case.tls || self.adapter.is_some_and(|adapter| adapter.http2);
        let sandbox = Sandbox::start(Options { tls, show_secrets: true, ..Options::default() })
            .await
            .map_err(|problem| problem.to_string())?;
        self.variables.set("scheme", if tls { "https" } else { "http" });
        let urls = serde_json::to_value(sandbox.urls()).map_err(|problem| problem.to_string())?;
        self.variables.set_addresses(&urls);
        self.sandbox = Some(sandbox);
        let folder = Folder::new()?;
        self.variables.set("dir", folder.path());
        self.folder = Some(folder);
        self.look_at_the_clock().await?;
        self.began_ms = self.elapsed().await?;
        case.secrets.iter().for_each(|secret| self.secrets.add(secret));
        self.configure(&Value::Object(case.sandbox.clone()))?;
        self.script(&Value::Array(case.script.clone()))
    }

    async fn step(&mut self, step: &Step) -> Result<(), String> {
        let mentions_time = format!("{:?}{:?}", step.arguments, step.expect);
        if mentions_time.contains("${unix") || mentions_time.contains("${http_date") {
            self.look_at_the_clock().await?;
        }
        let Value::Object(arguments) =
            self.variables.all(&Value::Object(step.arguments.clone()))?
        else {
            return Err("the arguments are no object".to_owned());
        };
        if !step.verb.asks_agent {
            return self.drive(step, &arguments).await;
        }
        let Value::Object(expected) = self.variables.all(&Value::Object(step.expect.clone()))?
        else {
            return Err("the expectation is no object".to_owned());
        };
        let expectation = Expectation::read(step.verb, &expected)?;
        let request =
            request::request(step, &arguments, self.adapter, &self.variables, &mut self.secrets)?;
        self.meet_callback(&request).await?;
        let deadline = Instant::now() + self.limits.patience;
        let reply = loop {
            let reply = self.ask(&request).await?;
            match expectation.check(&reply) {
                Ok(()) => break reply,
                Err(problem) if !step.eventually || Instant::now() > deadline => {
                    return Err(problem);
                }
                Err(_) => sleep(POLL).await,
            }
        };
        self.note(step, &arguments, &reply);
        for (variable, result) in &step.save {
            let value =
                reply.fields.get(result).ok_or_else(|| format!("there is no {result} to save"))?;
            self.variables.set(variable, value);
        }
        Ok(())
    }

    /// Does a step that is the driver's own.
    async fn drive(&mut self, step: &Step, arguments: &Map<String, Value>) -> Result<(), String> {
        let argument = |name: &str| arguments.get(name).unwrap_or(&Value::Null);
        match step.verb.name {
            "environment" => self.set_environment(argument("use"), argument("values")).await,
            "script" => self.script(argument("answers")),
            "write_file" => {
                let (name, content) = (text(argument("name"))?, argument("text"));
                let folder = self.folder.as_ref().ok_or("there is no folder")?;
                folder.write(&name, content, &mut self.secrets)
            }
            "remove_file" => {
                let folder = self.folder.as_ref().ok_or("there is no folder")?;
                folder.remove(&text(argument("name"))?)
            }
            "sandbox" => self.configure(argument("settings")),
            "revoke" if self.sandbox()?.revoke(&text(argument("token"))?) => Ok(()),
            "revoke" => Err("the sandbox never issued this token".to_owned()),
            "forget_tokens" => self.sandbox().map(|sandbox| sandbox.forget_tokens()),
            "release" => self.sandbox().map(|sandbox| sandbox.release()),
            "requests" => {
                let deadline = Instant::now() + self.limits.patience;
                while step.eventually && Instant::now() < deadline {
                    if arrival::check(argument("are"), &self.arrivals()?).is_ok() {
                        return Ok(());
                    }
                    sleep(POLL).await;
                }
                self.settled(argument("are")).await
            }
            other => Err(format!("{other} is not done by the driver")),
        }
    }

    /// Checks that the requests are these, and stay these for a moment.
    async fn settled(&self, expected: &Value) -> Result<(), String> {
        arrival::check(expected, &self.arrivals()?)?;
        let end = Instant::now() + self.limits.settled;
        while Instant::now() < end {
            sleep(POLL).await;
            arrival::check(expected, &self.arrivals()?)
                .map_err(|problem| format!("a moment later: {problem}"))?;
        }
        Ok(())
    }

    async fn set_environment(&mut self, preset: &Value, values: &Value) -> Result<(), String> {
        let mut variables = Map::new();
        if let Some(preset) = preset.as_str() {
            for (setting, value) in preset::settings(preset)? {
                let value = Value::String(self.variables.text(value)?);
                variables.insert(format!("SEEKAUTH_{}", setting.to_ascii_uppercase()), value);
            }
        }
        variables.extend(values.as_object().ok_or("`values` is an object")?.clone());
        self.clear_environment().await?;
        for (name, value) in variables.into_iter().filter(|(_, value)| !value.is_null()) {
            let value = text(&value)?;
            if name.contains("SECRET") {
                self.secrets.add(&value);
            }
            self.environment.insert(name.clone());
            self.ask(&Request::new("setenv").with("name", name).with("value", value)).await?;
        }
        Ok(())
    }

    async fn clear_environment(&mut self) -> Result<(), String> {
        for name in std::mem::take(&mut self.environment) {
            self.ask(&Request::new("setenv").with("name", name)).await?;
        }
        Ok(())
    }

    /// Remembers what a successful step changed.
    fn note(&mut self, step: &Step, arguments: &Map<String, Value>, reply: &Reply) {
        let named =
            |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or("c1").to_owned();
        match (step.verb.name, reply.outcome) {
            ("new" | "from_env" | "with_scopes", Outcome::Ok) => {
                self.clients.insert(named("handle"));
            }
            ("free", Outcome::Ok) => {
                self.clients.remove(&named("client"));
            }
            ("advance", Outcome::Ok) => {
                let step = arguments.get("ms").and_then(Value::as_i64).unwrap_or(0);
                match arguments.get("which").and_then(Value::as_str) {
                    Some("wall") => self.agent.skew_ms += step,
                    Some("monotonic") => self.agent.skew_ms -= step,
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Makes a callback that this case names for the first time a fresh one: the agent, and with it
    /// its callbacks, outlives the case.
    async fn meet_callback(&mut self, request: &Request) -> Result<(), String> {
        let named = match request.verb.as_str() {
            "new" => "provider",
            "provide" | "provided" => "name",
            _ => return Ok(()),
        };
        let Some(name) =
            request.fields.get(named).filter(|name| !self.callbacks.contains_key(*name))
        else {
            return Ok(());
        };
        let about = |verb: &str| Request::new(verb).with("name", name.as_str());
        self.ask(&about("provide").with("fail", "nothing was provided")).await?;
        let reply = self.ask(&about("provided")).await?;
        let calls = count(reply.fields.get("calls").ok_or("there are no calls")?)?;
        self.callbacks.insert(name.clone(), calls);
        Ok(())
    }

    /// Asks the agent, and looks through its answer for secrets.
    async fn ask(&mut self, request: &Request) -> Result<Reply, String> {
        let mut reply = match self.agent.ask(request).await {
            Ok(reply) => reply,
            Err(problem) => {
                self.agent_lost = true;
                return Err(problem.trim_end().to_owned());
            }
        };
        match reply.outcome {
            Outcome::Ok => {
                if let Some(value) = reply.fields.get("value") {
                    self.secrets.add(value.strip_prefix("Bearer ").unwrap_or(value));
                }
                if let Some(text) = reply.fields.get("text") {
                    self.secrets.check("the inspection", text)?;
                }
                if let (Some(calls), Some(name)) =
                    (reply.fields.get_mut("calls"), request.fields.get("name"))
                {
                    *calls = (count(calls)? - self.callbacks.get(name).unwrap_or(&0)).to_string();
                }
                if let ("elapsed", Some(ms)) = (request.verb.as_str(), reply.fields.get_mut("ms")) {
                    let since: u64 = ms.parse().map_err(|_| format!("elapsed is {ms:?}"))?;
                    *ms = since.saturating_sub(self.began_ms).to_string();
                }
            }
            Outcome::Error | Outcome::TypeError => {
                if let Some(problem) =
                    reply.fields.get("message").filter(|text| text.starts_with("agent: "))
                {
                    return Err(format!("{} was not understood: {problem}", request.verb));
                }
                if !tells_request_id(request, &reply) {
                    return Err(format!("there is no request_id, in {reply}"));
                }
                for (part, text) in &reply.fields {
                    self.secrets.check(&format!("the error's {part}"), text)?;
                }
            }
        }
        Ok(reply)
    }

    /// The manual clock's age in milliseconds, counted from the beginning of the case once that is
    /// known.
    async fn elapsed(&mut self) -> Result<u64, String> {
        let reply = self.ask(&Request::new("elapsed")).await?;
        reply
            .fields
            .get("ms")
            .and_then(|ms| ms.parse().ok())
            .ok_or_else(|| "the agent has no clock".to_owned())
    }

    async fn look_at_the_clock(&mut self) -> Result<(), String> {
        let elapsed = Duration::from_millis(self.elapsed().await? + self.began_ms);
        let skew = Duration::from_millis(self.agent.skew_ms.unsigned_abs());
        let now = self.agent.started + elapsed;
        self.variables.set_wall(if self.agent.skew_ms < 0 { now - skew } else { now + skew });
        Ok(())
    }

    fn configure(&self, settings: &Value) -> Result<(), String> {
        self.sandbox()?.configure_json(settings).map_err(|problem| problem.to_string())
    }

    fn script(&mut self, answers: &Value) -> Result<(), String> {
        let answers = self.variables.all(answers)?;
        self.secrets.add_tokens(&answers);
        let answers: Vec<Scripted> =
            serde_json::from_value(answers).map_err(|problem| problem.to_string())?;
        let for_ever = answers.iter().filter(|answer| answer.times == 0).count();
        self.for_ever += u64::try_from(for_ever).map_err(|problem| problem.to_string())?;
        self.sandbox()?.script(answers).map_err(|problem| problem.to_string())
    }

    fn sandbox(&self) -> Result<&Sandbox, String> {
        self.sandbox.as_ref().ok_or_else(|| "there is no sandbox".to_owned())
    }

    fn arrivals(&self) -> Result<Vec<Arrival>, String> {
        Ok(self.sandbox()?.journal().into_iter().map(Arrival::from).collect())
    }

    async fn inspect(&mut self) -> Result<(), String> {
        for client in self.clients.clone() {
            let reply = self.ask(&Request::new("debug").with("client", client)).await?;
            Expectation::read(crate::verb::Verb::named("debug")?, &Map::new())?.check(&reply)?;
        }
        Ok(())
    }

    /// Frees what the case made, so that the next one starts afresh, and looks through the log.
    async fn leave(&mut self) -> Result<(), String> {
        if let Some(sandbox) = &self.sandbox {
            sandbox.release();
        }
        for client in std::mem::take(&mut self.clients) {
            self.ask(&Request::new("free").with("client", client)).await?;
        }
        self.clear_environment().await?;
        self.secrets.check("the log", &self.agent.take_log())
    }
}

fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number of calls"))
}
