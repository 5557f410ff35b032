//! The command against servers, proxies and certificates of every kind, over real sockets and real TLS.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails there")]

mod command;
mod dated;

use std::net::TcpListener;

use command::{Run, api, command, pass, run};
use seekauth_sandbox::{Endpoint, Options, Sandbox, Scripted};
use seekauth_transport::{After, Authority, Certificate, Proxy, Server};
use serde_json::{Value, json};

fn sandbox(tls: bool) -> Sandbox {
    Sandbox::start_blocking(Options { tls, ..Options::default() }).unwrap()
}

/// The stages of a run by name and host, with how each ended.
fn outcomes(run: &Run) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let stages = run.json["stages"].as_array().unwrap();
    stages.iter().map(|stage| (text(&stage["name"]), text(&stage["outcome"]))).collect()
}

fn stage<'a>(run: &'a Run, name: &str) -> &'a Value {
    run.json["stages"].as_array().unwrap().iter().find(|stage| stage["name"] == name).unwrap()
}

fn fact<'a>(stage: &'a Value, name: &str) -> &'a str {
    let facts = stage["facts"].as_array().unwrap();
    let found = facts.iter().find(|fact| fact["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {stage}"))["value"].as_str().unwrap()
}

/// The one stage that failed, or has a warning.
fn trouble<'a>(run: &'a Run, outcome: &str) -> &'a Value {
    let stages = run.json["stages"].as_array().unwrap();
    let found: Vec<_> = stages.iter().filter(|stage| stage["outcome"] == outcome).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0]
}

fn advice(stage: &Value) -> &str {
    stage["advice"].as_str().unwrap()
}

#[test]
fn all_is_well_with_the_seek_api() {
    let sandbox = sandbox(true);
    let run = run(&["doctor"], &api(&sandbox));
    assert_eq!(run.code, 0, "{}", run.text);
    let names: Vec<String> = outcomes(&run).into_iter().map(|(name, _)| name).collect();
    let host = ["proxy", "name", "connect", "tls"];
    let last = ["clock", "token", "api", "store", "process"];
    assert_eq!(names, [&["config"][..], &host, &host, &last].concat());
    let others = outcomes(&run).into_iter().filter(|(name, _)| name != "store");
    assert!(others.clone().all(|(_, outcome)| outcome == "passed"), "{}", run.text);
    let tls = stage(&run, "tls");
    assert!(fact(tls, "version").starts_with("TLS 1.3"));
    assert_eq!(fact(tls, "issued by"), "seekauth sandbox authority");
    assert!(fact(tls, "trusted by").starts_with("SEEKAUTH_CA_FILE /"));
    assert_eq!(fact(stage(&run, "token"), "lifetime"), "1800 s");
    assert_eq!(fact(stage(&run, "api"), "partner"), "Sandbox partner sandbox-live");
    assert_eq!(fact(stage(&run, "api"), "environment"), "live");
    // One run for text and one for JSON, of one token request each.
    assert_eq!(sandbox.counts().at(Endpoint::SeekApiToken), 2);
}

#[test]
fn all_is_well_with_seek_pass() {
    let sandbox = sandbox(true);
    let run = run(&[], &pass(&sandbox));
    assert_eq!(run.code, 0, "{}", run.text);
    assert_eq!(fact(stage(&run, "token"), "scopes granted"), "write.education");
    assert_eq!(fact(stage(&run, "api"), "token"), "accepted");
    // Token endpoint and API are one host, which is looked at once.
    assert_eq!(outcomes(&run).iter().filter(|(name, _)| name == "connect").count(), 1);
}

#[test]
fn where_each_setting_comes_from_is_told_and_no_secret() {
    let sandbox = sandbox(true);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "sandbox-live-secret\n").unwrap();
    let path = file.to_str().unwrap();
    let settings = api(&sandbox)
        .without("SEEKAUTH_CLIENT_SECRET")
        .with("SEEKAUTH_CLIENT_SECRET_FILE", path)
        .with("SEEKAUTH_PROXY", "none");
    let run = run(&[], &settings);
    let config = stage(&run, "config");
    assert_eq!(fact(config, "SEEKAUTH_ENVIRONMENT"), "live (environment)");
    assert_eq!(fact(config, "SEEKAUTH_TIMEOUT"), "30 s (default)");
    assert_eq!(fact(config, "SEEKAUTH_PROXY"), "4 characters (environment)");
    assert_eq!(fact(config, "client_secret"), "19 characters (file)");
    assert!(fact(config, "SEEKAUTH_CLIENT_SECRET_FILE").contains("(environment), mode 06"));
    // The file is there for everybody to read.
    assert!(advice(config).starts_with("SEEKAUTH_CLIENT_SECRET_FILE: every user of this machine"));
    assert_eq!((run.code, config["outcome"].as_str()), (0, Some("warning")));
}

#[test]
fn a_misspelt_variable_is_the_advice_where_its_setting_is_missing() {
    let sandbox = sandbox(false);
    let settings =
        api(&sandbox).without("SEEKAUTH_ENVIRONMENT").with("SEEKAUTH_ENVIROMENT", "live");
    let run = run(&[], &settings);
    assert_eq!(run.code, 2);
    let config = trouble(&run, "failed");
    assert!(advice(config).contains("SEEKAUTH_ENVIROMENT is no setting"), "{config}");
    assert!(fact(config, "problem").contains("SEEKAUTH_ENVIRONMENT is missing"));
    assert_eq!(stage(&run, "token")["outcome"], "skipped");
    assert_eq!(sandbox.counts().at(Endpoint::SeekApiToken), 0);
}

#[test]
fn a_variable_that_is_of_no_use_is_named_and_its_value_is_not() {
    let sandbox = sandbox(false);
    let settings = api(&sandbox).with("SEEKAUTH_TIMEOUT", "pa55word-in-the-wrong-place");
    let run = run(&[], &settings);
    assert_eq!(run.code, 2);
    assert!(advice(trouble(&run, "failed")).starts_with("SEEKAUTH_TIMEOUT must be a number"));
    assert!(!run.all().contains("pa55word"));
}

#[test]
fn a_file_that_is_not_there() {
    let sandbox = sandbox(false);
    for (name, path, part) in [
        ("SEEKAUTH_CA_FILE", "/nowhere/ca.pem", "SEEKAUTH_CA_FILE could not be read"),
        ("SEEKAUTH_CREDENTIALS_FILE", "/nowhere/secret.json", "SEEKAUTH_CREDENTIALS_FILE"),
    ] {
        let settings = if name == "SEEKAUTH_CREDENTIALS_FILE" {
            api(&sandbox).without("SEEKAUTH_CLIENT_ID").without("SEEKAUTH_CLIENT_SECRET")
        } else {
            api(&sandbox)
        };
        let run = run(&[], &settings.with(name, path));
        assert_eq!(run.code, 2);
        assert!(advice(trouble(&run, "failed")).contains(part), "{}", run.text);
    }
    assert!(sandbox.journal().is_empty());
}

#[test]
fn where_no_secret_is_known_no_value_is_shown() {
    let sandbox = sandbox(false);
    let folder = tempfile::tempdir().unwrap();
    let torn = folder.path().join("torn.json");
    std::fs::write(&torn, r#"{"client_id":"x","client_secret":"pl4nted"#).unwrap();
    let torn = torn.display().to_string();
    for (name, value) in
        [("SEEKAUTH_CREDENTIALS_FILE", &*torn), ("SEEKAUTH_CREDENTIALS_COMMAND", "/bin/false")]
    {
        let settings =
            api(&sandbox).without("SEEKAUTH_CLIENT_ID").without("SEEKAUTH_CLIENT_SECRET");
        let run = run(&[], &settings.with(name, value).with("SEEKAUTH_USER_AGENT", "Acme/pl4nted"));
        assert_eq!(run.code, 2);
        assert!(
            !run.text.contains("pl4nted") && run.text.contains("12 characters"),
            "{}",
            run.text
        );
    }
}

#[test]
fn a_name_that_nobody_knows() {
    let sandbox = sandbox(true);
    let settings = api(&sandbox).with("SEEKAUTH_TOKEN_URL", "https://nowhere.invalid/oauth/token");
    let run = run(&[], &settings);
    assert_eq!(run.code, 1);
    let name = trouble(&run, "failed");
    assert_eq!((&name["name"], &name["host"]), (&json!("name"), &json!("nowhere.invalid:443")));
    assert!(advice(name).contains("nowhere.invalid"));
    // The other host is looked at all the same.
    assert!(run.text.contains("passed   tls 127.0.0.1"), "{}", run.text);
    assert!(fact(stage(&run, "token"), "reason").contains("could not be reached"));
}

#[test]
fn a_port_that_refuses() {
    let sandbox = sandbox(true);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = api(&sandbox).with("SEEKAUTH_API_URL", format!("https://{closed}/graphql"));
    let run = run(&[], &settings);
    assert_eq!(run.code, 1);
    let connect = trouble(&run, "failed");
    assert_eq!(
        (&connect["name"], &connect["host"]),
        (&json!("connect"), &json!(closed.to_string()))
    );
    assert!(fact(connect, "problem").contains("refused"), "{connect}");
    assert!(advice(connect).contains(&format!("allow connections from this machine to {closed}")));
    // A token is to be had, and only the API is not.
    assert_eq!(stage(&run, "token")["outcome"], "passed");
    assert!(fact(stage(&run, "api"), "reason").contains("could not be reached"));
}

#[test]
fn an_authority_that_nobody_knows() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = Server::start(Some(other.server(Certificate::Good, false)), After::Keep);
    let settings = command::oauth(&server.url()).with("SEEKAUTH_CA_FILE", authority.ca_file());
    let run = run(&[], &settings);
    assert_eq!(run.code, 1);
    let tls = trouble(&run, "failed");
    assert_eq!(tls["name"], "tls");
    // It is named after its folder.
    let issuer = other.folder().display().to_string();
    assert_eq!(fact(tls, "issued by"), issuer);
    assert!(advice(tls).starts_with(&issuer) && advice(tls).contains("SEEKAUTH_CA_FILE"));
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_certificate_that_has_expired() {
    let authority = Authority::new();
    let server = Server::start(Some(authority.server(Certificate::Expired, false)), After::Keep);
    let settings = command::oauth(&server.url()).with("SEEKAUTH_CA_FILE", authority.ca_file());
    let run = run(&[], &settings);
    assert_eq!(run.code, 1);
    let tls = trouble(&run, "failed");
    assert_eq!(fact(tls, "valid until"), "2021-01-01 00:00 UTC");
    assert!(advice(tls).contains("has expired") && advice(tls).contains("clock"));
}

#[test]
fn a_proxy_that_reads_along() {
    let (sandbox, authority) = (sandbox(false), Authority::new());
    let proxy = Proxy::inspecting(authority.server(Certificate::Good, false));
    let https = |url: &str| url.replace("http://", "https://");
    let settings = api(&sandbox)
        .with("SEEKAUTH_TOKEN_URL", https(&sandbox.urls().token_url))
        .with("SEEKAUTH_API_URL", https(&sandbox.urls().graphql_url))
        .with("HTTPS_PROXY", proxy.url(Some("porter:pa55word")));
    let name = proxy.url(None).replace("http://", "");

    let untrusted = run(&[], &settings);
    assert_eq!(untrusted.code, 1);
    let tls = stage(&untrusted, "tls");
    assert!(advice(tls).starts_with(&format!("the proxy {name} answers in place of 127.0.0.1")));
    assert_eq!(fact(stage(&untrusted, "proxy"), "through"), name);
    assert_eq!(fact(stage(&untrusted, "proxy"), "named by"), "HTTPS_PROXY");
    assert!(!untrusted.all().contains("pa55word"));

    let trusted = run(&[], &settings.with("SEEKAUTH_CA_FILE", authority.ca_file()));
    assert_eq!(trusted.code, 0, "{}", trusted.text);
    let tls = stage(&trusted, "tls");
    assert_eq!(tls["outcome"], "warning");
    assert!(advice(tls).contains("can read the secret and every token"));
    assert_eq!(fact(stage(&trusted, "api"), "partner"), "Sandbox partner sandbox-live");
}

#[test]
fn a_proxy_that_wants_another_login() {
    let sandbox = sandbox(true);
    let proxy = Proxy::start(Some("porter:right"));
    let settings = api(&sandbox).with("SEEKAUTH_PROXY", proxy.url(Some("porter:pa55word")));
    let run = run(&[], &settings);
    assert_eq!(run.code, 1);
    let connect = stage(&run, "connect");
    assert!(fact(connect, "problem").contains("407"), "{connect}");
    assert!(advice(connect).contains("was set by SEEKAUTH_PROXY"));
    assert!(!run.all().contains("pa55word"));
}

#[test]
fn a_clock_that_is_minutes_off() {
    let behind = dated::server(600);
    let run = run(&[], &command::oauth(&behind));
    // The token is good all the same.
    assert_eq!(run.code, 0, "{}", run.text);
    let clock = trouble(&run, "warning");
    assert_eq!(clock["name"], "clock");
    let difference = fact(clock, "difference");
    let seconds: i64 = difference.split(' ').next().unwrap().parse().unwrap();
    assert!((595..=605).contains(&seconds) && difference.ends_with("behind the server's"));
    assert!(advice(clock).contains("NTP"));
}

#[test]
fn a_secret_that_is_wrong() {
    let sandbox = sandbox(true);
    let run = run(&[], &api(&sandbox).with("SEEKAUTH_CLIENT_SECRET", "wr0ng-s3cret-of-nobody"));
    assert_eq!(run.code, 1);
    let token = trouble(&run, "failed");
    assert_eq!((fact(token, "status"), fact(token, "server code")), ("401", "access_denied"));
    assert_eq!(fact(token, "error"), "invalid_credentials");
    assert!(advice(token).contains("SEEKAUTH_CLIENT_SECRET") && advice(token).contains("live"));
    assert!(!run.all().contains("wr0ng"));
}

#[test]
fn an_audience_that_is_wrong_and_an_environment_that_is() {
    let sandbox = sandbox(true);
    let wrong = api(&sandbox).with("SEEKAUTH_AUDIENCE", "https://graphql.seek.example");
    let other = api(&sandbox).with("SEEKAUTH_ENVIRONMENT", "playground");
    for (settings, place) in [(wrong, "live"), (other, "playground")] {
        let run = run(&[], &settings);
        assert_eq!(run.code, 1);
        let token = trouble(&run, "failed");
        assert_eq!((fact(token, "error"), fact(token, "status")), ("not_granted", "403"));
        assert!(advice(token).contains(&format!("issued for {place} (SEEKAUTH_ENVIRONMENT)")));
        assert!(advice(token).contains("SEEKAUTH_AUDIENCE"));
    }
}

#[test]
fn a_token_that_the_api_refuses() {
    let sandbox = sandbox(true);
    let refusal = Scripted {
        error: Some("UNAUTHENTICATED".to_owned()),
        times: 0,
        ..Scripted::on(Endpoint::Graphql)
    };
    sandbox.script(vec![refusal]).unwrap();
    let run = run(&[], &api(&sandbox));
    assert_eq!(run.code, 1);
    let api = trouble(&run, "failed");
    assert_eq!(api["name"], "api");
    assert!(advice(api).contains("SEEKAUTH_ENVIRONMENT"));
    let entry = sandbox.journal().into_iter().rfind(|entry| entry.endpoint == Endpoint::Graphql);
    let sent = serde_json::to_value(entry.unwrap().headers).unwrap().to_string();
    assert!(sent.contains(fact(api, "request id")), "{sent}");
}

#[test]
fn a_rotation_that_is_half_done() {
    let sandbox = sandbox(true);
    let settings = api(&sandbox)
        .with("SEEKAUTH_CLIENT_SECRET", "the-secret-before-this-one")
        .with("SEEKAUTH_CLIENT_SECRET_NEXT", "sandbox-live-secret");
    let run = run(&[], &settings);
    assert_eq!(run.code, 0, "{}", run.text);
    assert!(advice(trouble(&run, "warning")).contains("rotation is half done"));
}

#[test]
fn a_store_that_works_and_one_that_does_not() {
    let sandbox = sandbox(true);
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("store");
    let good = run(&[], &api(&sandbox).with("SEEKAUTH_STORE", format!("local:{}", good.display())));
    let store = stage(&good, "store");
    assert_eq!((good.code, store["outcome"].as_str()), (0, Some("passed")), "{}", good.text);
    // The run before, for text, has left its token there.
    assert_eq!((fact(store, "kind"), fact(store, "adopted")), ("local", "1"));

    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let bad = run(&[], &api(&sandbox).with("SEEKAUTH_STORE", format!("local:{}", file.display())));
    let store = trouble(&bad, "warning");
    assert_eq!((bad.code, store["name"].as_str()), (0, Some("store")));
    assert!(advice(store).contains("each process asks for tokens of its own"));
}

#[test]
fn words_that_name_a_store_and_no_proxy_are_no_secrets() {
    let sandbox = sandbox(true);
    let folder = tempfile::tempdir().unwrap();
    let authorities = folder.path().join("local").join("none");
    std::fs::create_dir_all(&authorities).unwrap();
    let ca_file = authorities.join("ca.pem");
    std::fs::copy(sandbox.urls().ca_file.as_ref().unwrap(), &ca_file).unwrap();
    let settings = api(&sandbox)
        .with("SEEKAUTH_CA_FILE", ca_file.to_str().unwrap())
        .with("SEEKAUTH_STORE", "local")
        .with("SEEKAUTH_PROXY", "none");
    let run = run(&[], &settings);
    assert_eq!(run.code, 0, "{}", run.text);
    assert_eq!(fact(stage(&run, "store"), "kind"), "local");
    assert!(!run.all().contains("withheld"), "{}", run.text);
}

#[test]
fn the_password_of_a_proxy_or_a_store_is_withheld_and_its_host_is_told() {
    let sandbox = sandbox(true);
    let proxy = Proxy::start(Some("porter:pa55w%rd-of-the-proxy"));
    let written = proxy.url(Some("porter:pa55w%25rd-of-the-proxy"));
    for name in ["SEEKAUTH_PROXY", "HTTPS_PROXY"] {
        let settings = api(&sandbox).with(name, &*written);
        let settings = settings.with("SEEKAUTH_USER_AGENT", "Acme/pa55w%rd-of-the-proxy");
        let run = run(&[], &settings);
        assert_eq!(run.code, 0, "{}", run.text);
        assert!(!run.all().contains("pa55w"), "{}", run.text);
        assert!(fact(stage(&run, "config"), "SEEKAUTH_USER_AGENT").starts_with("withheld"));
        let through = fact(stage(&run, "proxy"), "through");
        assert_eq!(through, proxy.url(None).replace("http://", ""));
    }
    let settings = api(&sandbox)
        .with("SEEKAUTH_STORE", "redis://name:pa55word-of-the-store@127.0.0.1:1")
        .with("SEEKAUTH_USER_AGENT", "Acme/pa55word-of-the-store");
    let run = run(&[], &settings);
    assert!(!run.all().contains("pa55word"), "{}", run.text);
    assert_eq!(fact(stage(&run, "store"), "kind"), "redis");
}

#[test]
fn a_host_that_repeats_the_secret_is_withheld() {
    let sandbox = sandbox(true);
    let settings = api(&sandbox)
        .with("SEEKAUTH_API_URL", "https://sandbox-live-secret.invalid/graphql")
        .with("SEEKAUTH_TOKEN_URL", "https://sandbox-live-secret.invalid/oauth/token");
    let run = run(&[], &settings);
    assert_eq!(run.code, 1);
    assert!(!run.all().contains("sandbox-live-secret"), "{}", run.text);
    assert_eq!(stage(&run, "connect")["host"], "withheld: it repeats a secret");
    let settings = settings.with("SEEKAUTH_TOKEN_URL", &*sandbox.urls().token_url);
    let told = command(&["whoami"], &settings);
    assert_eq!((told.code, &*told.err), (1, "seekauth: withheld: it repeats a secret (network)\n"));
}

#[test]
fn settings_are_named_as_their_variables_are() {
    let (authority, silent) = (Authority::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    // The system takes the connection, and nobody speaks on it.
    let url = format!("https://{}/oauth/token", silent.local_addr().unwrap());
    let settings = command::oauth(&url)
        .with("SEEKAUTH_CA_FILE", authority.ca_file())
        .with("SEEKAUTH_CONNECT_TIMEOUT", "0.2")
        .renamed("SEEKAUTH_", "PASS_");
    let slow = run(&["--prefix", "PASS_"], &settings);
    let said = "no TLS within 200 ms, which is the client's setting PASS_CONNECT_TIMEOUT";
    assert_eq!(fact(trouble(&slow, "failed"), "problem"), said);

    let sandbox = sandbox(true);
    let short = api(&sandbox)
        .with("SEEKAUTH_CLIENT_ID", "sandbox-playground")
        .with("SEEKAUTH_CLIENT_SECRET", "short")
        .with("SEEKAUTH_STORE", "redis://127.0.0.1:1");
    let short = run(&[], &short);
    let warning = fact(stage(&short, "config"), "questionable");
    assert!(warning.starts_with("SEEKAUTH_STORE: SEEKAUTH_CLIENT_SECRET has fewer"), "{warning}");
    assert!(warning.ends_with("unless SEEKAUTH_STORE_KEY_FILE is given"), "{warning}");
    let problem = fact(stage(&short, "token"), "problem");
    assert!(problem.contains("SEEKAUTH_CLIENT_ID and SEEKAUTH_CLIENT_SECRET"), "{problem}");

    let asked = run(&[], &api(&sandbox).with("SEEKAUTH_TIMEOUT", "soon"));
    let problem = fact(trouble(&asked, "failed"), "problem");
    assert!(problem.starts_with("SEEKAUTH_TIMEOUT must be a number of seconds"), "{problem}");
}

#[test]
fn a_store_whose_record_does_not_open() {
    let sandbox = sandbox(true);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let settings = api(&sandbox).with("SEEKAUTH_STORE", format!("local:{}", path.display()));
    assert_eq!(command(&[], &settings).code, 0);
    for entry in std::fs::read_dir(&path).unwrap() {
        std::fs::write(entry.unwrap().path(), "garbage").unwrap();
    }
    let run = command(&["--json"], &settings);
    assert!(advice(trouble(&run, "warning")).ends_with("or the same SEEKAUTH_STORE_KEY_FILE"));
}

#[test]
fn offline_nothing_is_sent() {
    let sandbox = sandbox(true);
    let run = run(&["doctor", "--offline"], &api(&sandbox));
    assert_eq!(run.code, 0);
    let judged: Vec<_> =
        outcomes(&run).into_iter().filter(|(_, outcome)| outcome != "skipped").collect();
    let names: Vec<&str> = judged.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["config", "proxy", "proxy", "process"]);
    assert!(sandbox.journal().is_empty());
}

#[test]
fn another_prefix() {
    let sandbox = sandbox(true);
    let settings = api(&sandbox).renamed("SEEKAUTH_", "PASS_");
    let run = run(&["--prefix", "PASS_"], &settings);
    assert_eq!(run.code, 0, "{}", run.text);
    assert_eq!(fact(stage(&run, "config"), "PASS_SERVICE"), "seek_api (environment)");
    assert_eq!(command(&["--prefix", "PASS"], &settings).code, 2);
}

#[test]
fn text_and_json_tell_the_same() {
    let sandbox = sandbox(true);
    let run = run(&[], &api(&sandbox));
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for stage in run.json["stages"].as_array().unwrap() {
        for fact in stage["facts"].as_array().unwrap() {
            let (name, value) = (fact["name"].as_str().unwrap(), fact["value"].as_str().unwrap());
            // These are others in each run.
            if !["request id", "threads"].contains(&name) && !value.ends_with(" ms") {
                let line =
                    if name == "reason" { value.to_owned() } else { format!("{name}: {value}") };
                assert!(words(&run.text).contains(&line), "{line}\n{}", run.text);
            }
        }
    }
    assert!(!run.text.contains('\x1b'), "colours are for terminals");
}

#[test]
fn neither_secret_nor_token_is_shown_even_where_a_server_repeats_them() {
    const SECRET: &str = "planted-s3cret-9f2c7d41e8";
    const TOKEN: &str = "planted-t0ken-4b1d9ac277";
    let sandbox = sandbox(true);
    let planted = json!({
        "clients": [{
            "client_id": "planted", "client_secret": SECRET, "scopes": [],
            "audiences": ["https://graphql.seek.com"], "client_credentials_allowed": true,
        }],
        "seek_api_reply": {"access_token": TOKEN},
    });
    sandbox.configure_json(&planted).unwrap();
    let settings = api(&sandbox)
        .with("SEEKAUTH_CLIENT_ID", "planted")
        .with("SEEKAUTH_CLIENT_SECRET", SECRET)
        // By mistake.
        .with("SEEKAUTH_USER_AGENT", format!("Acme/{SECRET}"));
    for name in [SECRET, TOKEN] {
        let partner = json!({"data": {"self": {"partner": {"name": name}}}});
        let scripted =
            Scripted { json: Some(partner), times: 0, ..Scripted::on(Endpoint::Graphql) };
        sandbox.clear_script();
        sandbox.script(vec![scripted]).unwrap();
        let run = run(&[], &settings);
        assert_eq!(run.code, 0, "{}", run.text);
        assert!(!run.all().contains(SECRET) && !run.all().contains(TOKEN), "{}", run.text);
        assert!(fact(stage(&run, "api"), "partner").starts_with("withheld"));
        let told = command(&["whoami"], &settings);
        assert!(told.text.starts_with("partner: withheld"), "{}", told.text);
    }
    assert!(sandbox.counts().at(Endpoint::Graphql) > 0);
}

#[test]
fn whoami_tells_the_partner() {
    let sandbox = sandbox(true);
    let text = command(&["whoami"], &api(&sandbox));
    assert_eq!(
        (text.code, &*text.text),
        (
            0,
            "partner: Sandbox partner sandbox-live\nservice: seek_api\nenvironment: live\n\
             client id: sandbox-live\n"
        )
    );
    let told = command(&["whoami", "--json"], &pass(&sandbox));
    let expected = json!({
        "client_id": "sandbox-pass", "environment": "staging", "scopes": "write.education",
        "service": "seek_pass",
    });
    assert_eq!((told.code, &told.json), (0, &expected));
    let wrong = api(&sandbox).with("SEEKAUTH_CLIENT_SECRET", "wrong");
    let refused = command(&["whoami", "--json"], &wrong);
    assert_eq!((refused.code, &refused.json["error"]), (1, &json!("invalid_credentials")));
    let missing = command(&["whoami"], &api(&sandbox).without("SEEKAUTH_SERVICE"));
    assert_eq!((missing.code, &*missing.text), (2, ""));
    assert!(missing.err.starts_with("seekauth: service is missing"), "{}", missing.err);
}

#[test]
fn token_prints_the_token_and_nothing_else() {
    let sandbox = sandbox(true);
    let token = command(&["token"], &api(&sandbox));
    assert_eq!((token.code, &*token.err), (0, ""));
    let header = command(&["token", "--header"], &api(&sandbox));
    assert_eq!(header.code, 0);
    let sent = header.text.trim_end().strip_prefix("Authorization: Bearer ").unwrap();
    assert!(!token.text.trim().is_empty() && !sent.contains(char::is_whitespace));
    assert_ne!(token.text.trim(), sent);
    let refused = command(&["token"], &api(&sandbox).with("SEEKAUTH_CLIENT_SECRET", "wrong"));
    assert_eq!((refused.code, &*refused.text), (1, ""));
    assert!(refused.err.ends_with("(invalid_credentials)\n"), "{}", refused.err);
}

#[test]
fn usage() {
    let nothing = command::Settings::default();
    for arguments in [&["login"][..], &["--jsn"], &["token", "--json"], &["whoami", "--offline"]] {
        let run = command(arguments, &nothing);
        assert_eq!((run.code, &*run.text), (2, ""), "{arguments:?}");
        assert!(run.err.ends_with("; see seekauth --help\n"), "{}", run.err);
    }
    let help = command(&["--help"], &nothing);
    assert_eq!(help.code, 0);
    assert!(
        help.text.contains("seekauth whoami") && help.text.lines().all(|line| line.len() <= 100)
    );
    let version = command(&["--version"], &nothing);
    assert_eq!(
        (version.code, &*version.text),
        (0, concat!("seekauth ", env!("CARGO_PKG_VERSION"), "\n"))
    );
}
