//! What sends through the C interface: requests, GraphQL operations and flows, with any text,
//! any size of the structs, any headers and any order of freeing. Each line of an input is one call,
//! with tabs between its words; `header` and `body` lines are for the calls behind them. The API is
//! one on loopback that looks at what arrives.
#![no_main]

use std::ffi::{CString, c_char};
use std::ptr::{null, null_mut};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use seekauth::binding::Setting;
use seekauth_fuzz::c::*;
use seekauth_fuzz::outcome::{Calls, check_error, check_text, text};
use seekauth_fuzz::{SECRET, issuer};

static CALLS: Calls = Calls::none();
static ORIGIN: LazyLock<String> = LazyLock::new(issuer::start);
/// The one client; a handle is an address, so that it can be shared.
static CLIENT: LazyLock<usize> = LazyLock::new(|| make_client() as usize);

fuzz_target!(|data: &[u8]| {
    let mut program = Program::default();
    for line in data.split(|byte| *byte == b'\n').take(32) {
        program.call(&line.split(|byte| *byte == b'\t').collect::<Vec<_>>());
    }
    program.end();
});

#[derive(Default)]
struct Program {
    headers: Vec<(CString, CString)>,
    body: Vec<u8>,
    flows: Vec<Handle>,
    responses: Vec<Handle>,
    calls: Vec<Handle>,
}

/// `seekauth_header`: two pointers.
type Header = [*const c_char; 2];

/// A function that sends, and one that starts to.
type Send = unsafe extern "C" fn(Handle, *const u64, *mut Handle) -> Handle;
type Start = unsafe extern "C" fn(Handle, *const u64, Callback, Handle, *mut Handle) -> Handle;

impl Program {
    fn call(&mut self, words: &[&[u8]]) {
        let word = |at: usize| words.get(at).copied().unwrap_or_default();
        let number = |at: usize| {
            std::str::from_utf8(word(at)).ok().and_then(|word| word.parse::<usize>().ok())
        };
        let flow = self.flows.get(number(1).unwrap_or(0)).copied();
        match (word(0), flow) {
            (b"header", _) => self.headers.push((text(word(1)), text(word(2)))),
            (b"body", _) => self.body = word(1).to_vec(),
            (b"send" | b"start", _) => {
                let texts = [text(word(1)), text(&self.address(word(2)))];
                let headers = self.headers();
                let fields = [
                    number(3).unwrap_or(64) as u64,
                    texts[0].as_ptr() as u64,
                    texts[1].as_ptr() as u64,
                    headers.as_ptr() as u64,
                    headers.len() as u64,
                    self.body.as_ptr() as u64,
                    self.body.len() as u64,
                    number(4).unwrap_or(0) as u64,
                ];
                let fields = exactly(&fields);
                if word(0) == b"send" {
                    self.send(&fields, seekauth_client_send);
                } else {
                    self.start(&fields, seekauth_client_send_async);
                }
            }
            (b"graphql" | b"start-graphql", _) => {
                let texts: Vec<CString> = (1..4).map(|at| text(word(at))).collect();
                let pointer = |at: usize| {
                    if words.len() > at + 1 { texts[at].as_ptr() as u64 } else { 0 }
                };
                let headers = self.headers();
                let fields = [
                    number(4).unwrap_or(56) as u64,
                    pointer(0),
                    pointer(1),
                    pointer(2),
                    headers.as_ptr() as u64,
                    headers.len() as u64,
                    0,
                ];
                let fields = exactly(&fields);
                if word(0) == b"graphql" {
                    self.send(&fields, seekauth_client_graphql);
                } else {
                    self.start(&fields, seekauth_client_graphql_async);
                }
            }
            (b"auth_flow", _) => {
                let url = text(&self.address(word(1)));
                let mut flow = null_mut();
                // SAFETY: the client lasts; the text ends with a NUL.
                let error = unsafe {
                    seekauth_client_auth_flow(
                        client(),
                        url.as_ptr(),
                        words.len() > 2,
                        &raw mut flow,
                    )
                };
                if settle(error).is_none() {
                    self.flows.push(flow);
                }
            }
            (b"attempt", Some(flow)) => {
                let (value, headers) = (text(word(2)), self.headers());
                // SAFETY: the flow has not been freed; texts and headers are there for the call.
                unsafe {
                    let error = seekauth_auth_flow_attempt(
                        flow,
                        value.as_ptr(),
                        headers.as_ptr().cast(),
                        headers.len(),
                    );
                    drop((value, headers));
                    settle(error);
                    let count = seekauth_auth_flow_header_count(flow);
                    for index in 0..count {
                        assert!(check_text(seekauth_auth_flow_header_name(flow, index)).is_some());
                        assert!(check_text(seekauth_auth_flow_header_value(flow, index)).is_some());
                    }
                    assert!(seekauth_auth_flow_header_name(flow, count).is_null());
                }
            }
            (b"inspect", Some(flow)) => {
                let url = words.get(3).map(|url| text(url));
                let status = i32::try_from(number(2).unwrap_or(401)).unwrap_or(-1);
                let mut more = true;
                // SAFETY: the flow has not been freed; the text ends with a NUL.
                unsafe {
                    let url = url.as_ref().map_or(null(), |url| url.as_ptr());
                    settle(seekauth_auth_flow_inspect(flow, status, url, &raw mut more));
                }
            }
            (b"feed", Some(flow)) => {
                let chunk = word(2).to_vec().into_boxed_slice();
                // SAFETY: the flow has not been freed; the chunk is as long as it says.
                unsafe {
                    seekauth_auth_flow_feed(flow, chunk.as_ptr().cast(), chunk.len());
                    seekauth_auth_flow_rejected(flow);
                }
            }
            (b"retry", Some(flow)) => {
                // SAFETY: it has not been freed.
                settle(unsafe { seekauth_auth_flow_retry(flow) });
            }
            (b"free-auth_flow", Some(flow)) => {
                self.flows.retain(|other| *other != flow);
                // SAFETY: it is not used again.
                unsafe { seekauth_auth_flow_free(flow) }
            }
            _ => {}
        }
    }

    /// `~` stands for the API's own origin, whose port is another in each process.
    fn address(&self, word: &[u8]) -> Vec<u8> {
        // An error names the host that was asked for, so no secret may be one.
        if word.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()) {
            return Vec::new();
        }
        match word.strip_prefix(b"~") {
            Some(rest) => [ORIGIN.as_bytes(), rest].concat(),
            None => word.to_vec(),
        }
    }

    fn headers(&self) -> Box<[Header]> {
        self.headers.iter().map(|(name, value)| [name.as_ptr(), value.as_ptr()]).collect()
    }

    fn send(&mut self, fields: &[u64], send: Send) {
        let mut response = null_mut();
        // SAFETY: the client lasts; the struct is as long as it says.
        let error = unsafe { send(client(), fields.as_ptr(), &raw mut response) };
        if settle(error).is_none() {
            check_response(response);
            self.responses.push(response);
        } else {
            assert!(response.is_null(), "written although it failed");
        }
    }

    fn start(&mut self, fields: &[u64], start: Start) {
        let mut call = null_mut();
        CALLS.begin();
        // SAFETY: as above; the callback uses nothing that could go away.
        let error = unsafe {
            start(client(), fields.as_ptr(), Some(take_response), null_mut(), &raw mut call)
        };
        if settle(error).is_some() {
            CALLS.end();
        } else {
            self.calls.push(call);
        }
    }

    fn end(self) {
        // What the calls were made with is gone before they end.
        drop((self.headers, self.body));
        CALLS.wait();
        // SAFETY: none of them is used again.
        unsafe {
            self.flows.into_iter().for_each(|handle| seekauth_auth_flow_free(handle));
            self.responses.into_iter().for_each(|handle| seekauth_response_free(handle));
            self.calls.into_iter().for_each(|handle| seekauth_call_free(handle));
        }
    }
}

/// A struct of which only as much is there as its first field says.
fn exactly(fields: &[u64]) -> Box<[u64]> {
    let words = usize::try_from(fields[0] / 8).unwrap_or(usize::MAX);
    let length = if words <= 512 { words.max(1) } else { 1 };
    let mut exact = fields.to_vec();
    exact.resize(length, 0);
    exact.into_boxed_slice()
}

fn make_client() -> Handle {
    let token_url = format!("{}/token", *ORIGIN);
    let given = [
        ("service", "oauth"),
        ("client_id", "an-id"),
        ("client_secret", SECRET),
        ("user_agent", issuer::USER_AGENT),
        ("token_url", &token_url),
        ("api_url", &ORIGIN),
    ];
    let texts = given.map(|(name, value)| (name, text(value.as_bytes())));
    let mut options = vec![0_u64; 1 + Setting::all().len()];
    options[0] = (options.len() * 8) as u64;
    for (name, value) in &texts {
        let index = Setting::all().iter().position(|setting| setting.name() == *name);
        options[1 + index.expect("a setting")] = value.as_ptr() as u64;
    }
    let mut client = null_mut();
    // SAFETY: the options are as long as they say, and the texts are still there.
    let error = unsafe { seekauth_client_new(options.as_ptr().cast(), &raw mut client) };
    assert_eq!(settle(error), None);
    client
}

fn client() -> Handle {
    *CLIENT as Handle
}

/// Looks at an error and frees it; its code.
fn settle(error: Handle) -> Option<i32> {
    let code = check_error(error);
    // SAFETY: it is not used again.
    unsafe { seekauth_error_free(error) }
    code
}

fn check_response(response: Handle) {
    // SAFETY: it has not been freed; a body has a NUL behind it.
    unsafe {
        assert!([200, 401].contains(&seekauth_response_status(response)));
        let body = seekauth_response_body(response);
        let length = seekauth_response_body_length(response);
        assert_eq!(body.add(length).read(), 0);
        let text = check_text(body).expect("a body");
        assert!(text.len() <= length);
        let count = seekauth_response_header_count(response);
        for index in 0..count {
            let name = seekauth_response_header_name(response, index);
            assert!(check_text(name).is_some());
            assert!(check_text(seekauth_response_header(response, name)).is_some());
            assert!(check_text(seekauth_response_header_value(response, index)).is_some());
        }
        assert!(seekauth_response_header_value(response, count).is_null());
    }
}

extern "C" fn take_response(_: Handle, error: Handle, response: Handle) {
    assert!(error.is_null() != response.is_null());
    if settle(error).is_none() {
        check_response(response);
        // SAFETY: it belongs to the callback.
        unsafe { seekauth_response_free(response) }
    }
    CALLS.end();
}
