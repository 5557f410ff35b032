//! The Rust program of the canary test: does what `story.py` tells it and shows whatever it can see,
//! with the logs of all crates open. Its memory is wiped when it is freed, as `SECURITY.md` advises.

use std::alloc::System;
use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt::{Debug, Display};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::time::Duration;

use reqwest::{Certificate, Method, Request, Url};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use seekauth::binding::{Setting, SettingKind, Value};
use seekauth::{Client, Config, Credentials, Graphql};
use tokio::runtime::Runtime;
use zeroizing_alloc::ZeroAlloc;

#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

type Outcome<T = ()> = Result<T, Box<dyn StdError + Send + Sync>>;

/// The arguments of a command.
type Fields = HashMap<String, String>;

struct Program {
    runtime: Runtime,
    clients: HashMap<String, Client>,
    planted: Option<String>,
}

fn main() -> Outcome {
    let log = File::create("log.txt")?;
    tracing_subscriber::fmt()
        .with_max_level(tracing::level_filters::LevelFilter::TRACE)
        .with_writer(log)
        .init();
    // The program's own HTTP client is built without TLS of its own.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut program = Program { runtime: Runtime::new()?, clients: HashMap::new(), planted: None };
    // Not the standard library's, whose buffer outlives all that was read.
    let mut commands = BufReader::new(File::open("/dev/stdin")?);
    loop {
        let mut line = String::with_capacity(4096);
        if commands.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let (verb, fields) = parse(line.trim_end_matches('\n'));
        if verb == "end" {
            // What is buffered of the commands goes with the buffer.
            drop(commands);
            program.clients.clear();
            program.runtime.shutdown_timeout(Duration::from_secs(30));
            done()?;
            io::stdin().lines().for_each(drop);
            return Ok(());
        }
        if let Err(error) = program.carry_out(&verb, &fields) {
            complain(error.as_ref());
        }
        done()?;
    }
}

fn done() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "done")?;
    out.flush()
}

fn parse(line: &str) -> (String, Fields) {
    let mut parts = line.split('\t');
    let verb = parts.next().unwrap_or_default().to_owned();
    let pairs = parts.filter_map(|part| part.split_once('='));
    (verb, pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect())
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let code = (byte == b'%').then(|| (digit(rest.next()), digit(rest.next())));
        bytes.push(match code {
            Some((Some(high), Some(low))) => u8::try_from(high * 16 + low).unwrap_or(byte),
            _ => byte,
        });
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// Prints one text of what the program can see.
fn say(kind: &str, text: &str) {
    println!("{kind}\t{}", text.replace('\n', " "));
}

fn show(what: &impl Debug) {
    say("shown", &format!("{what:?}"));
    say("shown", &format!("{what:#?}"));
}

fn show_text(what: &impl Display) {
    say("shown", &what.to_string());
}

/// The error and everything below it, in every way in which it can be printed.
fn complain(error: &(dyn StdError + 'static)) {
    let mut next = Some(error);
    while let Some(one) = next {
        say("error", &format!("{one}"));
        say("error", &format!("{one:?}"));
        say("error", &format!("{one:#?}"));
        if let Some(own) = one.downcast_ref::<seekauth::Error>() {
            let told = [own.server_code(), own.target(), own.request_id(), own.server_message()];
            for text in told.into_iter().chain([own.server_path()]).flatten() {
                say("error", text);
            }
        }
        next = one.source();
    }
}

impl Program {
    fn carry_out(&mut self, verb: &str, fields: &Fields) -> Outcome {
        let text = |name: &str| fields.get(name).map(String::as_str).ok_or(name.to_owned());
        match verb {
            "new" => {
                let client = self.made(fields)?;
                self.clients.insert(text("handle")?.to_owned(), client);
            }
            "get" => {
                let token = self.runtime.block_on(self.client(fields)?.get_token())?;
                show(&token);
                let header = self.runtime.block_on(self.client(fields)?.authorization())?;
                show(&header);
            }
            "show" => self.show(fields)?,
            "graphql" => {
                let operation = Graphql::new("{ self { partner { name } } }");
                show(&operation);
                let reply = self.runtime.block_on(self.client(fields)?.graphql(operation))?;
                show(&reply);
            }
            "send" => self.send(fields)?,
            "panic" => self.panic(fields)?,
            "close" => {
                if let Some(client) = self.clients.remove(text("handle")?) {
                    client.close();
                }
            }
            "plant" => {
                println!("{}", text("stdout")?);
                eprintln!("{}", text("stderr")?);
                tracing::trace!("{}", text("log")?);
                complain(&io::Error::other(text("error")?));
                show(&text("shown")?);
                let hex: Vec<String> =
                    text("file")?.bytes().map(|byte| format!("{byte:02x}")).collect();
                fs::write("planted.bin", hex.concat())?;
                self.planted = Some(text("memory")?.to_owned());
                show(&self.planted.is_some());
            }
            unknown => return Err(format!("there is no verb {unknown}").into()),
        }
        Ok(())
    }

    fn client(&self, fields: &Fields) -> Outcome<&Client> {
        let handle = fields.get("handle").and_then(|handle| self.clients.get(handle));
        handle.ok_or_else(|| "there is no such client".into())
    }

    fn made(&self, fields: &Fields) -> Outcome<Client> {
        // A client is made on a runtime of the program's or on none.
        let _entered = self.runtime.enter();
        let mut config = Config::new();
        for (name, text) in fields {
            let plain = name.strip_suffix("_ms").unwrap_or(name);
            let Some(setting) = Setting::named(plain) else {
                continue;
            };
            let value = match setting.kind() {
                SettingKind::Duration => Value::seconds(plain, text.parse::<f64>()? / 1000.0)?,
                _ => Value::text(text.clone()),
            };
            show(&value);
            config.set(setting, value)?;
        }
        if let Some(secret) = fields.get("callback") {
            let credentials = Credentials::new(fields["callback_id"].clone(), secret.clone());
            show(&credentials);
            config = config.credentials_from_blocking(move || Ok(credentials.clone()));
        }
        if let Some(text) = fields.get("callback_fails").cloned() {
            config = config.credentials_from_blocking(move || Err(text.as_str().into()));
        }
        show(&config);
        Ok(Client::new(config)?)
    }

    fn show(&self, fields: &Fields) -> Outcome {
        let client = self.client(fields)?;
        show(client);
        show(&client.cached_token());
        show(&client.store_status());
        show(&client.warnings());
        show_text(&client.target());
        if let Some(url) = client.api_url() {
            let flow = client.auth_flow(url, true)?;
            show(&flow);
            let request = client.get(url).build()?;
            show(&request);
        }
        Ok(())
    }

    /// The same request by the client itself, and through reqwest over HTTP/1.1 and HTTP/2.
    fn send(&self, fields: &Fields) -> Outcome {
        let client = self.client(fields)?;
        let request = |with: &reqwest::Client| {
            with.post(fields["url"].as_str())
                .header("content-type", "application/json")
                .body(r#"{"query": "{ self { partner { name } } }"}"#)
                .build()
        };
        let own = client.get(client.api_url().unwrap_or_default()).build()?;
        drop(own);
        let plain = reqwest::Client::builder().no_proxy();
        let pem = Certificate::from_pem(&fs::read(&fields["ca_file"])?)?;
        let http2 = plain.tls_certs_only([pem.clone()]).build()?;
        let http1 = reqwest::Client::builder().no_proxy().http1_only();
        let http1 = http1.tls_certs_only([pem]).build()?;
        match self.runtime.block_on(client.send(request(&http2)?)) {
            Ok(response) => show(&response),
            Err(error) => complain(&error),
        }
        for http in [http1, http2] {
            let request = request(&http)?;
            let http = ClientBuilder::new(http).with(client.clone()).build();
            self.through(&http, request);
        }
        Ok(())
    }

    fn through(&self, http: &ClientWithMiddleware, request: Request) {
        show(http);
        match self.runtime.block_on(http.execute(request)) {
            Ok(response) => show(&response),
            Err(error) => complain(&error),
        }
    }

    /// A panic that is handed all there is, and is caught by the thread's end.
    #[expect(clippy::panic, reason = "its message is looked at")]
    fn panic(&self, fields: &Fields) -> Outcome {
        let client = self.client(fields)?.clone();
        let token = self.runtime.block_on(client.get_token())?;
        let url = Url::parse("https://elsewhere.example/")?;
        let error = self.runtime.block_on(client.send(Request::new(Method::GET, url))).err();
        let thread = std::thread::spawn(move || panic!("{client:?} {token:?} {error:?}"));
        let Err(payload) = thread.join();
        say("error", payload.downcast_ref::<String>().map_or("", String::as_str));
        Ok(())
    }
}
