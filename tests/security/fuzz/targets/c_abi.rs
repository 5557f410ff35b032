//! The C interface, called as a C program may call it: any text, any size of the options, any
//! buffer, NULL everywhere, objects freed in any order. Each line of an input is one call, with tabs
//! between its words. All memory that is lent is exactly as long as it is said to be, so that the
//! address sanitizer sees one byte too many.
#![no_main]

use std::ffi::{CString, c_int, c_void};
use std::ptr::{null, null_mut};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use seekauth::binding::{Setting, SettingKind};
use seekauth_fuzz::c::*;
use seekauth_fuzz::issuer;
use seekauth_fuzz::outcome::{Calls, check_error, check_text, check_token, text};

static ISSUER: LazyLock<String> = LazyLock::new(issuer::start);
static CALLS: Calls = Calls::none();
const FILL: u8 = 0xaa;

fuzz_target!(|data: &[u8]| {
    let mut program = Program::default();
    for line in data.split(|byte| *byte == b'\n').take(64) {
        program.call(&line.split(|byte| *byte == b'\t').collect::<Vec<_>>());
    }
    program.end();
});

#[derive(Clone, Copy)]
struct Client {
    handle: Handle,
    /// Whether it asks the issuer on loopback: no other may be asked for a token.
    asks: bool,
}

#[derive(Default)]
struct Program {
    clients: Vec<Client>,
    tokens: Vec<Handle>,
    errors: Vec<Handle>,
    calls: Vec<Handle>,
}

impl Program {
    fn call(&mut self, words: &[&[u8]]) {
        let (verb, words) = words.split_first().expect("split gives one at least");
        let number = |at: usize| {
            let word = words.get(at).and_then(|word| std::str::from_utf8(word).ok());
            word.and_then(|word| word.parse::<usize>().ok()).unwrap_or(0)
        };
        let client = pick(&self.clients, number(0));
        match (*verb, client) {
            (b"new", _) => self.new_client(words, false),
            (b"local", _) => self.new_client(words, true),
            (b"nulls", _) => self.nulls(),
            (b"free-token", _) => free(&mut self.tokens, number(0), seekauth_token_free),
            (b"free-error", _) => free(&mut self.errors, number(0), seekauth_error_free),
            (b"free-call", _) => free(&mut self.calls, number(0), seekauth_call_free),
            (b"cancel", _) => {
                if let Some(call) = pick(&self.calls, number(0)) {
                    // SAFETY: it has not been freed.
                    unsafe { seekauth_call_cancel(call) }
                }
            }
            (b"scopes", Some(client)) => self.with_scopes(client, words.get(1).copied()),
            (b"invalidate", Some(client)) => self.invalidate(client, words.get(1).copied()),
            (b"authorization", Some(client)) => self.authorization(client, number(1)),
            (b"token", Some(client)) if client.asks => self.token(client),
            (b"async", Some(client)) if client.asks => self.start(client, number(1), words.len()),
            (b"cached", Some(client)) => {
                let mut token = null_mut();
                // SAFETY: the client has not been freed.
                let error = unsafe { seekauth_client_cached_token(client.handle, &raw mut token) };
                assert!(error.is_null());
                self.keep_token(token);
            }
            (b"close", Some(client)) => {
                // SAFETY: it has not been freed.
                unsafe { seekauth_client_close(client.handle) }
            }
            (b"free", Some(client)) => {
                self.clients.retain(|other| other.handle != client.handle);
                // SAFETY: it is not used again.
                unsafe { seekauth_client_free(client.handle) }
            }
            _ => {}
        }
    }

    /// `name=value` words; `size=` stands for `struct_size`, `callback=` for one that finds this value.
    fn new_client(&mut self, words: &[&[u8]], asks: bool) {
        let mut texts = Vec::new();
        // The callback's three fields stand behind the settings that there were before it.
        let last = Setting::all().iter().position(|setting| setting.name() == "proxy");
        let behind = 2 + last.expect("it is a setting");
        let field = |setting: usize| 1 + setting + if 1 + setting < behind { 0 } else { 3 };
        let mut fields = vec![0_u64; 1 + Setting::all().len() + 3];
        let mut size = fields.len() * 8;
        let local = format!("token_url={}/token", *ISSUER);
        let name = format!("user_agent={}", issuer::USER_AGENT);
        let oauth = ["service=oauth", &local, &name].map(str::as_bytes);
        let given = words.iter().copied().chain(oauth.into_iter().filter(|_| asks));
        for word in given {
            let Some(at) = word.iter().position(|byte| *byte == b'=') else { continue };
            let (name, value) = (String::from_utf8_lossy(&word[..at]), &word[at + 1..]);
            let count = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            if name == "size" {
                size = count.and_then(|count: u64| usize::try_from(count).ok()).unwrap_or(size);
            }
            if name == "callback" && fields[behind] == 0 {
                CALLS.begin();
                fields[behind] = find as CredentialsCallback as usize as u64;
                fields[behind + 1] = Box::into_raw(Box::new(text(value))) as u64;
                fields[behind + 2] = release as FreeCallback as usize as u64;
            }
            // Nothing but the issuer is to be asked, and no program to be run for its sake.
            let elsewhere = ["proxy", "credentials_command", "store"].contains(&&*name);
            let Some(index) = Setting::all().iter().position(|setting| setting.name() == name)
            else {
                continue;
            };
            let setting = &Setting::all()[index];
            fields[field(index)] = match setting.kind() {
                _ if elsewhere && asks => continue,
                SettingKind::Duration | SettingKind::Flag => count.unwrap_or(0),
                _ => {
                    // A path could be that of a device.
                    let prefix = if name.ends_with("_file") { &b"nowhere/"[..] } else { b"" };
                    texts.push(text(&[prefix, value].concat()));
                    texts.last().map_or(0, |text| text.as_ptr() as u64)
                }
            };
        }
        fields[0] = size as u64;
        // As long as it says, or as short as it can be where nothing behind the size may be read.
        let length = if size <= 4096 { size.max(8) } else { 8 };
        let mut options: Vec<u8> = fields.iter().flat_map(|field| field.to_ne_bytes()).collect();
        options.resize(length, 0);
        let options = options.into_boxed_slice();
        let mut handle = null_mut();
        // SAFETY: the options are readable for as many bytes as the library may read.
        let error = unsafe { seekauth_client_new(options.as_ptr().cast(), &raw mut handle) };
        drop((options, texts));
        let whole = ((behind + 3) * 8..=4096).contains(&size) && size.is_multiple_of(8);
        if fields[behind] != 0 && !whole {
            // The library was not shown it.
            release(fields[behind + 1] as *mut c_void);
        }
        if self.keep_error(error).is_none() {
            self.clients.push(Client { handle, asks });
            // SAFETY: it was made just now.
            unsafe {
                check_text(seekauth_client_api_url(handle));
                assert!(check_text(seekauth_client_warnings(handle)).is_some());
            }
        } else {
            assert!(handle.is_null(), "written although it failed");
        }
    }

    fn with_scopes(&mut self, client: Client, scopes: Option<&[u8]>) {
        let scopes = scopes.map(text);
        let pointer = scopes.as_ref().map_or(null(), |scopes| scopes.as_ptr());
        let mut handle = null_mut();
        // SAFETY: the client has not been freed; the text ends with a NUL.
        let error = unsafe { seekauth_client_with_scopes(client.handle, pointer, &raw mut handle) };
        if self.keep_error(error).is_none() {
            self.clients.push(Client { handle, ..client });
        }
    }

    fn invalidate(&mut self, client: Client, token: Option<&[u8]>) {
        let token = token.map(text);
        let pointer = token.as_ref().map_or(null(), |token| token.as_ptr());
        let mut acted = false;
        // SAFETY: the client has not been freed; the text ends with a NUL.
        let error = unsafe { seekauth_client_invalidate(client.handle, pointer, &raw mut acted) };
        let current = ["", "Bearer "].map(|prefix| format!("{prefix}{}", issuer::TOKEN));
        let names_it = token.is_some_and(|token| {
            current.iter().any(|current| current.as_bytes() == token.as_bytes())
        });
        assert!(!acted || names_it, "another token was dropped");
        self.keep_error(error);
    }

    fn authorization(&mut self, client: Client, capacity: usize) {
        let expected = format!("Bearer {}", issuer::TOKEN);
        let capacity = capacity.min(64);
        let mut buffer = vec![FILL; capacity].into_boxed_slice();
        let (mut length, mut nothing) = (0, usize::MAX);
        // One that may not be asked is asked in a way that fails before it would ask.
        let (pointer, out) = if client.asks {
            (buffer.as_mut_ptr().cast(), &raw mut length)
        } else {
            (null_mut(), if capacity == 0 { null_mut() } else { &raw mut nothing })
        };
        // SAFETY: the client has not been freed; the buffer is as long as `capacity` says.
        let error = unsafe { seekauth_client_authorization(client.handle, pointer, capacity, out) };
        match self.keep_error(error) {
            None => {
                assert!(client.asks && length == expected.len() && capacity > length);
                assert_eq!(&buffer[..length], expected.as_bytes());
                assert_eq!(buffer[length], 0);
                assert!(buffer[length + 1..].iter().all(|byte| *byte == FILL));
            }
            Some(1) if client.asks => assert!(length == 0 || length == expected.len()),
            Some(_) => {}
        }
        if !error.is_null() {
            assert!(buffer.iter().all(|byte| *byte == FILL), "written although it failed");
            assert_eq!(nothing, usize::MAX);
        }
    }

    fn token(&mut self, client: Client) {
        let mut token = null_mut();
        // SAFETY: the client has not been freed.
        let error = unsafe { seekauth_client_get_token(client.handle, 0, &raw mut token) };
        self.keep_error(error);
        self.keep_token(token);
    }

    fn start(&mut self, client: Client, timeout_ms: usize, words: usize) {
        let mut call = null_mut();
        CALLS.begin();
        let (handle, timeout) = (client.handle, timeout_ms as u64);
        let out = if words > 2 { &raw mut call } else { null_mut() };
        // SAFETY: the client has not been freed; the callbacks use nothing that could go away.
        let error = unsafe {
            if timeout_ms.is_multiple_of(2) {
                seekauth_client_get_token_async(handle, timeout, Some(take_token), null_mut(), out)
            } else {
                let take = Some(take_text as extern "C" fn(_, _, _));
                seekauth_client_authorization_async(handle, timeout, take, null_mut(), out)
            }
        };
        if self.keep_error(error).is_some() {
            CALLS.end();
        } else if !call.is_null() {
            self.calls.push(call);
        }
    }

    /// Looks at an error from all sides and keeps it; its code.
    fn keep_error(&mut self, error: Handle) -> Option<i32> {
        let code = check_error(error)?;
        self.errors.push(error);
        Some(code)
    }

    fn keep_token(&mut self, token: Handle) {
        if !token.is_null() {
            check_token(token);
            self.tokens.push(token);
        }
    }

    /// Every function takes NULL for everything and says what it lacks.
    fn nulls(&mut self) {
        let nothing = null_mut();
        // SAFETY: each of these may be NULL.
        unsafe {
            for error in [
                seekauth_client_new(null(), null_mut()),
                seekauth_client_from_env(null_mut()),
                seekauth_client_with_scopes(nothing, null(), null_mut()),
                seekauth_client_authorization(nothing, null_mut(), 9, null_mut()),
                seekauth_client_authorization_async(nothing, 0, None, nothing, null_mut()),
                seekauth_client_get_token(nothing, 0, null_mut()),
                seekauth_client_get_token_async(nothing, 0, None, nothing, null_mut()),
                seekauth_client_cached_token(nothing, null_mut()),
                seekauth_client_invalidate(nothing, null(), null_mut()),
                seekauth_credentials_set(nothing, null(), null(), null()),
            ] {
                assert_eq!(self.keep_error(error), Some(1));
            }
            seekauth_client_close(nothing);
            seekauth_client_free(nothing);
            seekauth_call_cancel(nothing);
            seekauth_call_free(nothing);
            seekauth_token_free(nothing);
            seekauth_error_free(nothing);
            assert!(seekauth_client_api_url(nothing).is_null());
            assert!(seekauth_token_value(nothing).is_null());
            assert!(seekauth_token_authorization(nothing).is_null());
            assert_eq!(seekauth_token_scope_count(nothing), 0);
            assert_eq!(seekauth_error_code(nothing), 0);
            assert!(!seekauth_version().is_null());
        }
    }

    /// Frees what is left and waits for the callbacks: each runs once, for clients that are gone too.
    fn end(mut self) {
        while !self.clients.is_empty() {
            self.call(&[b"free"]);
        }
        for (handles, release) in [
            (&mut self.tokens, seekauth_token_free as unsafe extern "C" fn(Handle)),
            (&mut self.errors, seekauth_error_free),
            (&mut self.calls, seekauth_call_free),
        ] {
            while !handles.is_empty() {
                free(handles, 0, release);
            }
        }
        CALLS.wait();
    }
}

extern "C" fn find(value: *mut c_void, credentials: Handle) -> c_int {
    // SAFETY: it is the text that was made for this callback, which is not freed before its last call.
    let value = unsafe { &*value.cast::<CString>() };
    // SAFETY: the text ends with a NUL.
    let error =
        unsafe { seekauth_credentials_set(credentials, value.as_ptr(), value.as_ptr(), null()) };
    let failed = check_error(error).is_some();
    // SAFETY: it is this function's own.
    unsafe { seekauth_error_free(error) }
    c_int::from(failed)
}

extern "C" fn release(value: *mut c_void) {
    // SAFETY: it was made for one callback, and this is called once.
    drop(unsafe { Box::from_raw(value.cast::<CString>()) });
    CALLS.end();
}

extern "C" fn take_token(_: Handle, error: Handle, token: Handle) {
    assert!(error.is_null() != token.is_null());
    if check_error(error).is_none() {
        check_token(token);
    }
    // SAFETY: both belong to the callback.
    unsafe {
        seekauth_error_free(error);
        seekauth_token_free(token);
    }
    CALLS.end();
}

extern "C" fn take_text(_: Handle, error: Handle, text: Handle) {
    assert!(error.is_null() != text.is_null());
    if check_error(error).is_none() {
        check_text(text.cast());
    }
    // SAFETY: it belongs to the callback.
    unsafe { seekauth_error_free(error) }
    CALLS.end();
}

fn pick<T: Copy>(all: &[T], at: usize) -> Option<T> {
    all.get(at % all.len().max(1)).copied()
}

fn free(handles: &mut Vec<Handle>, at: usize, release: unsafe extern "C" fn(Handle)) {
    if !handles.is_empty() {
        let handle = handles.swap_remove(at % handles.len());
        // SAFETY: it is not used again.
        unsafe { release(handle) }
    }
}
