//! The C interface as a C program sees it: `include/seekauth.h` with its pointers, which may be
//! anything that the header allows.

use std::ffi::{c_char, c_int, c_void};

// Brings the functions along; they are called by name.
use seekauth_capi as _;

/// A `seekauth_client`, `seekauth_error`, `seekauth_call` or `seekauth_token`.
pub type Handle = *mut c_void;

/// A `seekauth_token_callback` and a `seekauth_authorization_callback`.
pub type Callback = Option<extern "C" fn(*mut c_void, Handle, *mut c_void)>;

/// A `seekauth_credentials_callback`.
pub type CredentialsCallback = extern "C" fn(*mut c_void, Handle) -> c_int;

/// A `seekauth_free_callback`.
pub type FreeCallback = extern "C" fn(*mut c_void);

unsafe extern "C" {
    #![expect(missing_docs, reason = "seekauth.h describes them")]
    pub fn seekauth_client_new(options: *const c_void, out: *mut Handle) -> Handle;
    pub fn seekauth_client_from_env(out: *mut Handle) -> Handle;
    pub fn seekauth_client_with_scopes(
        client: Handle,
        scopes: *const c_char,
        out: *mut Handle,
    ) -> Handle;
    pub fn seekauth_client_authorization(
        client: Handle,
        buffer: *mut c_char,
        capacity: usize,
        length: *mut usize,
    ) -> Handle;
    pub fn seekauth_client_authorization_async(
        client: Handle,
        timeout_ms: u64,
        callback: Callback,
        user_data: *mut c_void,
        call: *mut Handle,
    ) -> Handle;
    pub fn seekauth_client_get_token(client: Handle, timeout_ms: u64, out: *mut Handle) -> Handle;
    pub fn seekauth_client_get_token_async(
        client: Handle,
        timeout_ms: u64,
        callback: Callback,
        user_data: *mut c_void,
        call: *mut Handle,
    ) -> Handle;
    pub fn seekauth_client_cached_token(client: Handle, out: *mut Handle) -> Handle;
    pub fn seekauth_client_invalidate(
        client: Handle,
        token: *const c_char,
        invalidated: *mut bool,
    ) -> Handle;
    pub fn seekauth_client_api_url(client: Handle) -> *const c_char;
    pub fn seekauth_client_warnings(client: Handle) -> *const c_char;
    pub fn seekauth_credentials_set(
        credentials: Handle,
        client_id: *const c_char,
        client_secret: *const c_char,
        client_secret_next: *const c_char,
    ) -> Handle;
    pub fn seekauth_client_close(client: Handle);
    pub fn seekauth_client_free(client: Handle);
    pub fn seekauth_client_auth_flow(
        client: Handle,
        url: *const c_char,
        replayable: bool,
        out: *mut Handle,
    ) -> Handle;
    pub fn seekauth_client_send(client: Handle, request: *const u64, out: *mut Handle) -> Handle;
    pub fn seekauth_client_send_async(
        client: Handle,
        request: *const u64,
        callback: Callback,
        user_data: *mut c_void,
        call: *mut Handle,
    ) -> Handle;
    pub fn seekauth_client_graphql(
        client: Handle,
        operation: *const u64,
        out: *mut Handle,
    ) -> Handle;
    pub fn seekauth_client_graphql_async(
        client: Handle,
        operation: *const u64,
        callback: Callback,
        user_data: *mut c_void,
        call: *mut Handle,
    ) -> Handle;
    pub fn seekauth_auth_flow_attempt(
        flow: Handle,
        authorization: *const c_char,
        headers: *const c_void,
        header_count: usize,
    ) -> Handle;
    pub fn seekauth_auth_flow_header_count(flow: Handle) -> usize;
    pub fn seekauth_auth_flow_header_name(flow: Handle, index: usize) -> *const c_char;
    pub fn seekauth_auth_flow_header_value(flow: Handle, index: usize) -> *const c_char;
    pub fn seekauth_auth_flow_inspect(
        flow: Handle,
        status: i32,
        url: *const c_char,
        more: *mut bool,
    ) -> Handle;
    pub fn seekauth_auth_flow_feed(flow: Handle, data: *const c_void, length: usize) -> bool;
    pub fn seekauth_auth_flow_rejected(flow: Handle) -> bool;
    pub fn seekauth_auth_flow_retry(flow: Handle) -> Handle;
    pub fn seekauth_auth_flow_free(flow: Handle);
    pub fn seekauth_response_status(response: Handle) -> i32;
    pub fn seekauth_response_header(response: Handle, name: *const c_char) -> *const c_char;
    pub fn seekauth_response_header_count(response: Handle) -> usize;
    pub fn seekauth_response_header_name(response: Handle, index: usize) -> *const c_char;
    pub fn seekauth_response_header_value(response: Handle, index: usize) -> *const c_char;
    pub fn seekauth_response_body(response: Handle) -> *const c_char;
    pub fn seekauth_response_body_length(response: Handle) -> usize;
    pub fn seekauth_response_free(response: Handle);
    pub fn seekauth_error_code(error: Handle) -> i32;
    pub fn seekauth_error_name(error: Handle) -> *const c_char;
    pub fn seekauth_error_message(error: Handle) -> *const c_char;
    pub fn seekauth_error_retryable(error: Handle) -> bool;
    pub fn seekauth_error_retry_after_ms(error: Handle) -> i64;
    pub fn seekauth_error_status(error: Handle) -> i32;
    pub fn seekauth_error_server_code(error: Handle) -> *const c_char;
    pub fn seekauth_error_target(error: Handle) -> *const c_char;
    pub fn seekauth_error_request_id(error: Handle) -> *const c_char;
    pub fn seekauth_error_server_message(error: Handle) -> *const c_char;
    pub fn seekauth_error_server_path(error: Handle) -> *const c_char;
    pub fn seekauth_error_free(error: Handle);
    pub fn seekauth_error_code_name(code: i32) -> *const c_char;
    pub fn seekauth_error_code_meaning(code: i32) -> *const c_char;
    pub fn seekauth_call_cancel(call: Handle);
    pub fn seekauth_call_free(call: Handle);
    pub fn seekauth_token_value(token: Handle) -> *const c_char;
    pub fn seekauth_token_authorization(token: Handle) -> *const c_char;
    pub fn seekauth_token_expires_at_ms(token: Handle) -> u64;
    pub fn seekauth_token_remaining_ms(token: Handle) -> u64;
    pub fn seekauth_token_scope_count(token: Handle) -> usize;
    pub fn seekauth_token_scope(token: Handle, index: usize) -> *const c_char;
    pub fn seekauth_token_free(token: Handle);
    pub fn seekauth_version() -> *const c_char;
}
