//! The driver itself: what is not as a case expects is reported with its place, and an agent that
//! dies, hangs or babbles fails its case and no other.

use std::time::Duration;

use seekauth_runner::case;
use seekauth_runner::limits::Limits;
use seekauth_runner::suite::{self, End, Summary};
use serde_json::{Value, json};

fn rust() -> Vec<String> {
    vec![env!("CARGO_BIN_EXE_seekauth-agent").to_owned()]
}

async fn run(cases: &[Value], agent: &[String]) -> Result<Summary, String> {
    run_within(cases, agent, Limits::default()).await
}

async fn run_within(cases: &[Value], agent: &[String], limits: Limits) -> Result<Summary, String> {
    let cases = case::parse("driver", &Value::from(cases).to_string())?;
    suite::run(&cases, "rust", agent, limits, |_| {}).await
}

/// A case that passes.
fn good(name: &str) -> Value {
    json!({
        "name": format!("driver/{name}"), "why": "a test of the driver",
        "steps": [{"do": "new", "use": "seek_api"}, {"do": "get_token"}],
        "requests": [{"endpoint": "seek_api_token"}]
    })
}

/// The same case with other members.
fn with(changes: &Value) -> Value {
    let mut case = good("wrong");
    for (name, value) in changes.as_object().into_iter().flatten() {
        case[name] = value.clone();
    }
    case
}

/// The same case with a further step.
fn and_then(step: &Value) -> Value {
    with(
        &json!({"steps": [{"do": "new", "use": "seek_api"}, {"do": "get_token", "save": {"t": "value"}}, step]}),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wrong_expectation_fails() -> Result<(), String> {
    // What is expected in the end never comes.
    let limits = Limits { patience: Duration::from_millis(100), ..Limits::default() };
    for (case, expected) in wrong_wholes().into_iter().chain(wrong_steps()) {
        // The case after it shows that the agent is none the worse for a failure.
        let summary = run_within(&[case.clone(), good("after")], &rust(), limits).await?;
        assert_eq!(summary.failed.len(), 1, "{case} passed");
        assert!(
            summary.failed[0].contains(expected),
            "{expected:?} is not in {:?}",
            summary.failed[0]
        );
        assert_eq!(summary.passed, 1, "{case} spoiled the next one");
    }
    Ok(())
}

/// A case whose credentials come from a callback and whose files are looked at.
fn callback(steps: &Value) -> Value {
    let mut all = vec![
        json!({"do": "provide", "name": "p", "client_id": "sandbox-live", "client_secret": "sandbox-live-secret"}),
        json!({"do": "new", "use": "seek_api", "with": {"client_id": null, "client_secret": null}, "provider": "p"}),
        json!({"do": "get_token"}),
        json!({"do": "provided", "name": "p", "expect": {"calls": 1}}),
    ];
    all.extend(steps.as_array().cloned().unwrap_or_default());
    with(&json!({"steps": all}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_and_files_are_each_cases_own() -> Result<(), String> {
    let write = json!({"do": "write_file", "name": "f", "text": "x"});
    let remove = json!({"do": "remove_file", "name": "f"});
    let cases = [
        (callback(&json!([write, remove])), None),
        // Neither the calls nor the files of the case before count.
        (callback(&json!([remove])), Some("step 5 (remove_file): f:")),
        (
            callback(&json!([{"do": "provided", "name": "p", "expect": {"calls": 2}}])),
            Some("expected \"2\""),
        ),
        (
            callback(&json!([{"do": "provided", "name": "other", "expect": {"calls": 1}}])),
            Some("expected \"1\""),
        ),
        (
            callback(&json!([{"do": "write_file", "name": "../f", "text": "x"}])),
            Some("no file name"),
        ),
        (
            callback(&json!([
                // The client's id, which an error shows.
                {"do": "write_file", "name": "secret", "text": "sandbox-live"},
                {"do": "new", "handle": "c2", "use": "seek_api", "with": {"client_secret": null, "client_secret_file": "${dir}/nothing"}},
                {"do": "get_token", "client": "c2", "expect": {"error": "credentials_unavailable"}}
            ])),
            Some("shows the secret"),
        ),
    ];
    for (case, problem) in cases {
        let summary = run(std::slice::from_ref(&case), &rust()).await?;
        match problem {
            None => assert_eq!(summary.failed, Vec::<String>::new(), "{case}"),
            Some(text) => {
                assert!(summary.failed[0].contains(text), "{text:?}: {:?}", summary.failed);
            }
        }
    }
    Ok(())
}

fn wrong_wholes() -> Vec<(Value, &'static str)> {
    vec![
        (with(&json!({"requests": 2})), "end: requests: expected \"2\", came \"1\""),
        (with(&json!({"requests": {"graphql": 0}})), "expected no request to seek_api_token"),
        (with(&json!({"requests": [{"method": "GET"}]})), "request 1: method: expected \"GET\""),
        (
            with(&json!({"requests": [{"headers": {"user-agent": "Other/1"}}]})),
            "header user-agent: expected \"Other/1\", came \"CaseRunner/1.0\"",
        ),
        (with(&json!({"requests": [{"json": {"audience": "x"}}]})), "expected the body members"),
        (with(&json!({"requests": "1"})), "`requests` takes"),
        (
            with(&json!({"script": [{"endpoint": "graphql", "status": 500}]})),
            "1 answers of the script were never asked for",
        ),
        (
            with(&json!({"sandbox": {"seek_api_lifetime": 5}})),
            "start: settings: unknown field `seek_api_lifetime`",
        ),
        (
            with(&json!({"script": [{"endpoint": "seek_api_token", "status": 503, "times": 0}]})),
            "step 2 (get_token): expected success",
        ),
        (
            with(&json!({
                "secrets": ["sandbox-live"],
                "script": [{"endpoint": "seek_api_token", "error": "invalid_client"}],
                "steps": [{"do": "new", "use": "seek_api"}, {"do": "get_token", "expect": {"error": "invalid_credentials"}}]
            })),
            "shows the secret \"sandbox-live\"",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_nobody_waits_for_is_noticed() -> Result<(), String> {
    let case = with(&json!({
        "steps": [
            {"do": "new", "use": "seek_api", "with": {"stay_warm": true}},
            {"do": "get_token"},
            {"do": "advance", "which": "both", "ms": 1_739_999}
        ],
        "requests": 1
    }));
    let limits = Limits { settled: Duration::from_secs(30), ..Limits::default() };
    let summary = run_within(&[case], &rust(), limits).await?;
    let expected = "requests: expected \"1\", came \"2\"";
    assert!(summary.failed.len() == 1 && summary.failed[0].contains(expected), "{summary:?}");
    Ok(())
}

/// A case that sends a request with each adapter and passes.
fn sending(name: &str) -> Value {
    json!({
        "name": format!("driver/{name}"), "why": "a test of the driver",
        "steps": [
            {"do": "new", "use": "seek_api"},
            {"do": "send", "method": "POST", "url": "${graphql_url}", "json": {"query": "{ __typename }"}}
        ],
        "requests": {"seek_api_token": 1, "graphql": 1}
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_with_a_request_runs_once_for_each_adapter() -> Result<(), String> {
    let mut partial = sending("partial");
    partial["except"] = json!({"rust/middleware": "a test of the driver"});
    let mut wrong = sending("wrong");
    wrong["requests"] = json!({"seek_api_token": 1, "graphql": 2});
    let summary = run(&[sending("whole"), good("ordinary"), partial, wrong], &rust()).await?;
    assert_eq!(summary.passed, 1);
    let ends = |case: &str| -> Vec<(&str, &End)> {
        let findings = summary.requests.iter().filter(|finding| finding.case.ends_with(case));
        findings.map(|finding| (finding.adapter.as_str(), &finding.end)).collect()
    };
    let adapters = ["rust/send", "rust/send-http2", "rust/middleware"];
    assert_eq!(ends("whole"), adapters.map(|adapter| (adapter, &End::Passed)));
    assert_eq!(ends("wrong"), adapters.map(|adapter| (adapter, &End::Failed)));
    let reason = End::LeftOut("a test of the driver".to_owned());
    assert_eq!(ends("partial")[2], ("rust/middleware", &reason));
    assert_eq!(summary.failed.len(), 3);
    assert!(summary.failed[0].starts_with("FAILED rust/send driver/wrong: end: "), "{summary:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_goes_astray_fails_the_case() -> Result<(), String> {
    // A client that was told so sends its token to somebody else.
    for (url, endpoint) in
        [("${foreign}", "foreign"), ("http://localhost:${graphql_port}/graphql", "graphql")]
    {
        let mut case = sending("astray");
        case["except"] = json!({"send-http2": "there everything is https"});
        case["steps"][0]["with"] = json!({"api_url": url});
        case["steps"][1]["url"] = json!(url);
        case["requests"] = json!({"seek_api_token": 1, endpoint: 1});
        let summary = run(&[case], &rust()).await?;
        assert_eq!(summary.failed.len(), 2, "{url}: {summary:?}");
        for failed in &summary.failed {
            assert!(failed.contains(&format!("a token reached {endpoint}")), "{failed}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_without_adapters_is_refused() -> Result<(), String> {
    let refused = run(&[sending("one")], &shell("echo ok")).await;
    assert!(refused.is_err_and(|problem| problem.contains("has no adapters")));
    Ok(())
}

fn wrong_steps() -> Vec<(Value, &'static str)> {
    vec![
        (
            and_then(&json!({"do": "get_token", "expect": {"value": "other"}})),
            "step 3 (get_token): value",
        ),
        (
            and_then(&json!({"do": "get_token", "expect": {"remaining_ms": 1}})),
            "remaining_ms: expected \"1\"",
        ),
        (
            and_then(&json!({"do": "get_token", "expect": {"error": "closed"}})),
            "expected the error closed",
        ),
        (
            and_then(&json!({"do": "cached_token", "expect": {"none": true}})),
            "none: expected \"true\", came nothing",
        ),
        (
            and_then(&json!({"do": "debug", "expect": {"text": {"lacks": "Client"}}})),
            "text: expected text without",
        ),
        (
            and_then(&json!({"do": "elapsed", "expect": {"ms": {"min": 1}}})),
            "ms: expected at least 1, came \"0\"",
        ),
        (
            and_then(&json!({"do": "invalidate", "token": "x", "expect": {"acted": true}})),
            "acted: expected \"true\"",
        ),
        (and_then(&json!({"do": "revoke", "token": "x"})), "never issued this token"),
        (
            and_then(&json!({"do": "get_token", "client": "c9"})),
            "was not understood: agent: no such client",
        ),
        (and_then(&json!({"do": "new", "use": "seek"})), "unknown preset \"seek\""),
        (
            and_then(&json!({"do": "get_token", "expect": {"value": "${u}"}})),
            "unknown variable ${u}",
        ),
        (
            and_then(&json!({"do": "requests", "are": 0})),
            "step 3 (requests): requests: expected \"0\"",
        ),
        (
            and_then(&json!({"do": "requests", "are": 2, "eventually": true})),
            "step 3 (requests): requests: expected \"2\"",
        ),
        (
            and_then(
                &json!({"do": "cached_token", "eventually": true, "expect": {"value": {"not": "${t}"}}}),
            ),
            "step 3 (cached_token): value: expected anything but",
        ),
    ]
}

/// An agent that does as `line` says when it is asked for a client, and answers all else.
fn shell(line: &str) -> Vec<String> {
    let script = format!(
        "while read verb; do case $verb in new*) {line};; elapsed*) printf 'ok\\tms=0\\n';; *) echo ok;; esac; done"
    );
    vec!["sh".to_owned(), "-c".to_owned(), script]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_in_trouble_fails_its_case_and_is_replaced() -> Result<(), String> {
    let hasty = Limits { case: Duration::from_secs(2), ..Limits::default() };
    for (line, expected, limits) in [
        (
            "echo worse things happen >&2; exit 3",
            "the agent was gone at new (exit status: 3): worse things happen",
            Limits::default(),
        ),
        ("exec sleep 60", "still not done", hasty),
        ("echo hello", "a reply starts with ok, error or type_error", Limits::default()),
    ] {
        let cases = [good("one"), good("two")];
        let summary = run_within(&cases, &shell(line), limits).await?;
        assert_eq!((summary.passed, summary.failed.len()), (0, 2), "{summary:?}");
        for failed in &summary.failed {
            assert!(failed.contains(expected), "{expected:?} is not in {failed:?}");
            assert!(failed.contains("the agent was replaced"), "{failed:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_must_not_mix_up_its_errors() -> Result<(), String> {
    let case = with(&json!({
        "steps": [{"do": "new", "use": "seek_api", "expect": {"error": "invalid_argument"}}],
        "requests": 0
    }));
    let reply =
        |fields: &str| shell(&format!("printf 'error\\tname=invalid_argument\\t{fields}\\n'"));
    for (fields, passed) in [
        ("code=1\\tretryable=false\\tmessage=no", 1),
        ("code=2\\tretryable=false\\tmessage=no", 0),
        ("code=1\\tretryable=true\\tmessage=no", 0),
        ("code=1\\tretryable=false", 0),
        ("code=1\\tretryable=false\\tmessage=agent%%3A%%20no", 0),
        ("code=1\\tretryable=false\\tmessage=sandbox-live-secret", 0),
        ("code=1\\tretryable=false\\tmessage=no\\ttarget=sandbox-live-secret", 0),
    ] {
        let summary = run(std::slice::from_ref(&case), &reply(fields)).await?;
        assert_eq!(summary.passed, passed, "{fields}: {summary:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_in_the_log_fails_the_case() -> Result<(), String> {
    let agent = shell("echo client_secret=sandbox-live-secret >&2; echo ok");
    let case = with(&json!({"steps": [{"do": "new", "use": "seek_api"}], "requests": 0}));
    let summary = run(&[case], &agent).await?;
    assert_eq!(summary.passed, 0);
    assert!(summary.failed[0].contains("the log shows the secret"), "{summary:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_library_without_the_manual_clock_is_refused_at_once() {
    let agent = ["sh", "-c", "while read verb; do echo ok; done"].map(str::to_owned);
    let refused = run(&[good("one")], &agent).await;
    assert!(refused.is_err_and(|problem| problem.contains("build its library with")));
}
