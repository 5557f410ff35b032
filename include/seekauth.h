/**
 * @file
 * seekauth: SEEK partner tokens and SEEK Pass tokens, obtained, cached and renewed.
 *
 *     seekauth_options options = SEEKAUTH_OPTIONS_INIT;
 *     seekauth_client *client = NULL;
 *     char header[4096];
 *     options.service = "seek_api";
 *     options.environment = "playground";
 *     options.client_id = id;
 *     options.client_secret = secret;
 *     options.user_agent = "acme-ats/1.0";
 *     seekauth_error *error = seekauth_client_new(&options, &client);
 *     if (error == NULL)
 *         error = seekauth_client_authorization(client, header, sizeof header, NULL);
 *
 * Names. seekauth_type_verb(self, inputs..., out). Everything here begins with seekauth_ or SEEKAUTH_.
 *
 * Errors. A call that can fail returns a seekauth_error *: NULL is success, anything else belongs to
 * the caller, who frees it with seekauth_error_free. Outputs are written only on success, unless the
 * call says otherwise. Codes are stable numbers; a later library may use numbers that this header does
 * not have. There is no thread-local last error. A bug inside the library ends the call with
 * SEEKAUTH_INTERNAL; it never unwinds into the program. Compilers warn where an error is not looked at;
 * one that does not matter is passed to seekauth_error_free.
 *
 * Ownership. Objects are opaque. One that a call hands out, through an out parameter or to a
 * callback, belongs to the receiver, who frees it once with the _free function of its type; each
 * accepts NULL. Objects may be freed in any order: a token, an error or a call outlives its
 * client. Nothing else is freed, and no object is passed to free() or delete.
 *
 * Pointers. Every pointer is checked for NULL. A call that can fail then fails with
 * SEEKAUTH_INVALID_ARGUMENT and names the argument; one that cannot says what it returns for NULL.
 * An argument may be NULL where the call says so.
 *
 * Text. Going in, text is UTF-8 with a NUL at its end, and is borrowed for the length of the call; so
 * are arrays and bytes, which are a pointer and a number. Coming out, text is the same, belongs to the
 * object that was asked for it, and stays as it is until that object is freed; text that belongs to no
 * object is static.
 *
 * Numbers. Lengths of time are milliseconds. Enumerated settings are text and codes are integers, so
 * that a value of a later version is never misread.
 *
 * Structs. seekauth_options, seekauth_http_request, seekauth_graphql and seekauth_fake_options begin with
 * struct_size, which their _INIT macros set; NULL or 0 in any other field means the default. Fields are only
 * ever added at the end. A library that is older than the header accepts the struct as long as the fields it
 * does not know are unused.
 *
 * Threads. A function that takes its object as a pointer to const may be called on one object by any
 * number of threads at once. A _free function must not run while another call uses the object. No
 * thread is started before a token is first needed; after that one worker serves all the clients of
 * the process, with another beside it while it looks up a host name, and one for each client while that
 * tells a callback of events. These threads block every signal: the program's handlers run on the program's
 * threads, and a connection that breaks raises no SIGPIPE.
 *
 * Cancellation. A thread that pthread_cancel asks to end while it is in a call here ends after the call,
 * at its next cancellation point; no call leaves anything half done. Asynchronous cancellation
 * (PTHREAD_CANCEL_ASYNCHRONOUS) must be off during a call, as for nearly all functions of the C library.
 *
 * Callbacks. That of an asynchronous call runs exactly once, on a thread of the library, never inside
 * the call that started it, though it may run before that call has returned. user_data is passed
 * through untouched. Freeing a client does not wait for its callbacks: what is in flight is cancelled,
 * and each callback still runs, with SEEKAUTH_CANCELLED; keep what user_data points to until then, or
 * wait with seekauth_client_free_and_wait or seekauth_client_drain, outside any lock that a callback
 * takes. Before the code itself goes (dlclose), call seekauth_shutdown. A callback may call any
 * function here except those that wait for a token, a response or callbacks, because it would hold up the
 * thread that is to bring them; those fail at once. A callback that finds credentials runs for each token
 * request, on another thread, and may wait; so may one that is told of events, on a third. None may throw a
 * C++ exception or leave by longjmp.
 *
 * fork(). A client may be used before and after fork(), in parent and child; each process has its
 * own worker and connections. Calls that were in flight in the parent do not exist in the child, and
 * their callbacks run in the parent only.
 *
 * Secrets. Neither a token nor a client secret is ever part of an error. Memory that held a token is
 * wiped when its object is freed; wiping the buffers you copied one into is up to you.
 *
 * Compatibility. Within one SONAME (libseekauth.so.0) there are only additions: a program compiled
 * against this header runs with any later library of that name.
 */


#ifndef SEEKAUTH_H
#define SEEKAUTH_H

/* Generated from the sources in bindings/c. Do not edit: `make header` writes it anew. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(__cplusplus) && !defined(_MSC_VER) &&                                                 \
    (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 199901L)
#error "seekauth.h needs C99 or newer: compile with -std=c99"
#endif

/// Marks what must not be lost: an error that nobody looks at, and that nobody frees.
#ifndef SEEKAUTH_NODISCARD
#if (defined(__cplusplus) && __cplusplus >= 201703L) ||                                            \
    (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L)
#define SEEKAUTH_NODISCARD [[nodiscard]]
#elif defined(__GNUC__)
#define SEEKAUTH_NODISCARD __attribute__((warn_unused_result))
#else
#define SEEKAUTH_NODISCARD
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/* --- Objects ---------------------------------------------------------------------------------- */

/// Takes the credentials that a seekauth_credentials_callback found. It belongs to the library and lives
/// until the callback returns.
typedef struct seekauth_credentials seekauth_credentials;

/// Obtains, caches and renews tokens. Make one when the program starts and share it: any number of
/// threads may use it at once. Its maker frees it with seekauth_client_free.
typedef struct seekauth_client seekauth_client;

/// A token and its facts, as it was when it was handed out. The receiver frees it with
/// seekauth_token_free. It never changes, so any number of threads may read it at once, and it
/// outlives its client.
typedef struct seekauth_token seekauth_token;

/// How the store fares through which a client shares its tokens, as it was when it was asked for. The
/// receiver frees it with seekauth_store_status_free. It never changes, so any number of threads may read
/// it at once, and it outlives its client.
typedef struct seekauth_store_status seekauth_store_status;

/// Something that a client did or met: a request for a token, a failure, a rejection. It belongs to the
/// library, and it and its texts live until the callback that it was given to returns. No text in it holds
/// a secret, a token or what a server sent.
typedef struct seekauth_event seekauth_event;

/// What a client did so far in this process and how its tokens stand, as it was when it was asked for. The
/// receiver frees it with seekauth_stats_free. It never changes, so any number of threads may read it at
/// once, and it outlives its client.
typedef struct seekauth_stats seekauth_stats;

/// Why a call failed. The receiver frees it with seekauth_error_free. It never changes, so any number
/// of threads may read it at once. No text in it holds a secret or a token, and none but those of
/// seekauth_error_server_message and seekauth_error_server_path is out of the body of a response.
typedef struct seekauth_error seekauth_error;

/// A response of the API, read to its end. The receiver frees it with seekauth_response_free. It never
/// changes, so any number of threads may read it at once, and it outlives its client.
typedef struct seekauth_response seekauth_response;

/// An asynchronous call on its way. The receiver frees it with seekauth_call_free, before or after the
/// callback has run. Any number of threads may use it at once.
typedef struct seekauth_call seekauth_call;

/// The authentication flow of one request to the API and, if the API rejects its token, of its one
/// repetition, for programs that send with an HTTP client of their own. It sends nothing itself. Per
/// attempt: get the token, give the value of the Authorization header to seekauth_auth_flow_attempt, send
/// the headers that the flow lists, and show it the response with seekauth_auth_flow_inspect and
/// seekauth_auth_flow_feed. If seekauth_auth_flow_rejected returns true, drop the response, call
/// seekauth_auth_flow_retry, and make the second attempt with the same request; otherwise the response is
/// yours. The token of the first attempt may come from the client, whose seekauth_client_authorization is
/// the fastest way to it; that of the second comes from seekauth_auth_flow_get_token.
///
/// A flow belongs to one request: no two calls may use it at once. Its maker frees it with
/// seekauth_auth_flow_free. It outlives its client, but gives no token any more then.
typedef struct seekauth_auth_flow seekauth_auth_flow;

/// A request to the API that a client for tests would have sent, with the token in its headers. It belongs to
/// the journal that it is read from, and lives as long as that; one that a callback is given belongs to the
/// library, and lives until the callback returns.
typedef struct seekauth_fake_request seekauth_fake_request;

/// What a client for tests was asked so far, in order: requests for tokens and requests to the API. Those that
/// an HTTP client of the program's own sends are not in it: that client's doubles see them. The receiver frees
/// it with seekauth_journal_free. It never changes, so any number of threads may read it at once, and it
/// outlives its client.
typedef struct seekauth_journal seekauth_journal;

/// Takes the response of a seekauth_responder_callback. It belongs to the library and lives until the callback
/// returns.
typedef struct seekauth_responder seekauth_responder;

/* --- Settings --------------------------------------------------------------------------------- */

/// Frees what a `user_data` points to.
typedef void (*seekauth_free_callback)(void *user_data);

/// Finds the client id and secret to use now, hands them over with seekauth_credentials_set, and returns
/// 0. Any other number says that there are none at present.
///
/// It is called for each token request, never two calls at once for one client, on a thread of its own:
/// it may block for as long as `request_timeout_ms` says. It may use other clients; a call that waits for
/// a token of the client it serves would wait for itself. Signals are blocked on that thread, and a
/// program that it starts inherits that, unless it unblocks them before.
typedef int (*seekauth_credentials_callback)(void *user_data,
                                             struct seekauth_credentials *credentials);

/// Settings of a client. Start from SEEKAUTH_OPTIONS_INIT and set the fields you need; NULL or 0 in a
/// field means the default. Every text is borrowed for the call that takes the options.
typedef struct seekauth_options {
    /// sizeof(seekauth_options), which is how the library knows the header you compiled with.
    size_t struct_size;
    /// The service that issues the tokens: `seek_api`, `seek_pass` or `oauth`. Required. `oauth` is
    /// any other endpoint with RFC 6749 client credentials.
    const char *service;
    /// The environment: `live` or `playground` (SEEK API), `staging` or `production` (SEEK Pass).
    const char *environment;
    /// The client id, as issued for the environment. Required, unless it comes from a file, a
    /// command or a callback.
    const char *client_id;
    /// The client secret, as issued with the client id; keep it in a secret store. Required, unless
    /// it comes from a file, a command or a callback.
    const char *client_secret;
    /// The application, as `name/version`; sent with every request. Required.
    const char *user_agent;
    /// The scopes to ask for; order and repetition do not matter. Separated by single spaces.
    const char *scopes;
    /// The audience to ask for, in place of the environment's own.
    const char *audience;
    /// The address of SEEK Pass, from which token endpoint and API follow. For seek_pass in
    /// production.
    const char *base_url;
    /// The URL of the token endpoint, in place of the environment's own. Required for oauth.
    const char *token_url;
    /// The URL of the API, in place of the environment's own; tokens go to its origin only.
    const char *api_url;
    /// The form of the credentials: `client_secret_post`, `client_secret_basic`, `client_secret_basic_raw`.
    /// For oauth. Default: `client_secret_post`, in the body.
    const char *token_endpoint_auth_method;
    /// The format of the token request: `form` or `json`. For oauth. Default: `form`.
    const char *token_request_format;
    /// The further members of the token request. For oauth; form-encoded, as in "a=1&b=2". Of
    /// its names `resource` alone may be repeated.
    const char *extra_parameters;
    /// Whether a response without a lifetime is accepted, as a token that does not expire. 0 or 1.
    /// With 0 such a response is an error.
    uint64_t allow_non_expiring;
    /// The time that a call waits for a token, or for token and response together. In milliseconds.
    /// Default: 30 s. A call may have a time of its own.
    uint64_t timeout_ms;
    /// The time that one token request may take in all. In milliseconds. Default: 10 s.
    uint64_t request_timeout_ms;
    /// The time that connecting may take. In milliseconds. Default: 5 s.
    uint64_t connect_timeout_ms;
    /// The time before its expiry from which a token counts as used up, at most half its life. In
    /// milliseconds. Default: 60 s, or a tenth of the life of a token that lives for less than ten
    /// minutes.
    uint64_t refresh_margin_ms;
    /// Whether the token is renewed in time even while nobody asks for it. 0 or 1.
    uint64_t stay_warm;
    /// The path of a PEM file of certificate authorities to trust besides the system's.
    const char *ca_file;
    /// The `Accept-Language` of requests to the API that have none of their own, such as `en-AU`.
    const char *accept_language;
    /// The other secret of a rotation, next or previous; tried when the server refuses the first.
    const char *client_secret_next;
    /// The path of a file that holds the client id, read anew for each token request. In place of
    /// `client_id`.
    const char *client_id_file;
    /// The path of a file that holds the client secret, read anew for each token request. In place
    /// of `client_secret`; fit for a mounted Kubernetes or Docker secret.
    const char *client_secret_file;
    /// The path of a file that holds the other secret of a rotation, read for each token request.
    /// Beside `client_secret_file`.
    const char *client_secret_next_file;
    /// The path of a JSON file that holds id and secret, read anew for each token request. Its
    /// members are `client_id`, `client_secret` and perhaps `client_secret_next`. In place of all
    /// settings that hold them.
    const char *credentials_file;
    /// The program, with its arguments, that prints id and secret as JSON for each token request.
    /// Separated by spaces. It runs without a shell, within `request_timeout_ms`, and prints what
    /// `credentials_file` would hold.
    const char *credentials_command;
    /// The path of a PEM file with the certificate to show to servers that ask for one. The
    /// certificate's chain may follow it.
    const char *client_certificate_file;
    /// The path of a PEM file with the private key of the client's certificate. Default: the
    /// certificate's file.
    const char *client_key_file;
    /// The proxy of all requests, such as `http://name:password@proxy.example:3128`, or `none`.
    /// Default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY of the environment.
    const char *proxy;
    /// NULL, or a function that finds the credentials for each token request, in place of all settings
    /// of credentials above.
    seekauth_credentials_callback credentials_callback;
    /// The first argument of credentials_callback. What it points to has to stay until credentials_free
    /// is called with it; without such a function, as long as the process.
    void *credentials_user_data;
    /// NULL, or called once with credentials_user_data when no more call of credentials_callback can
    /// come: after the last client that shares it is freed, on any thread, and before
    /// seekauth_client_new returns if that fails. Options that this library is too old for are not read,
    /// and then this is not called.
    seekauth_free_callback credentials_free;
    /// The store through which processes share tokens: `none`, `local` or the URL of a Redis server.
    /// `local:/folder` for a folder of the program's own; `rediss://user:password@host:6379/0`,
    /// `redis://…`, `redis+unix:///path`. Default: none.
    const char *store;
    /// The time that one step with the store may take before the process goes on without it. Default:
    /// 250.
    uint64_t store_timeout_ms;
    /// The path of a file whose text seals what is stored, in place of the client secret. At least 32
    /// characters.
    const char *store_key_file;
    /// The path of a file that holds the password of the Redis server, read for each connection.
    const char *store_password_file;
    /// The path of a PEM file of the authorities to trust for `rediss`, in place of the system's.
    const char *store_ca_file;
    /// What the names of all keys on the Redis server begin with. Default: seekauth.
    const char *store_prefix;
} seekauth_options;

/// Initial value of seekauth_options: its size, and the default in every field.
///
///     seekauth_options options = SEEKAUTH_OPTIONS_INIT;
#define SEEKAUTH_OPTIONS_INIT                                                                      \
    {                                                                                              \
        sizeof(seekauth_options), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,      \
            NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,    \
            NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL                    \
    }

/// Hands over credentials, within the callback that was asked for them. The texts are copied before this
/// returns; wipe your own when you need them no more. `client_secret_next`, which may be NULL, is the
/// other secret of a rotation, and is tried when the server refuses the first.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for NULL and for text that is not UTF-8.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_credentials_set(struct seekauth_credentials *credentials,
                                                const char *client_id,
                                                const char *client_secret,
                                                const char *client_secret_next);

/* --- Clients ---------------------------------------------------------------------------------- */

/// Receives the outcome of seekauth_client_authorization_async: NULL and the value of the
/// Authorization header, or an error and NULL. The error belongs to the callback, which frees it; the
/// text is lent until the callback returns.
typedef void (*seekauth_authorization_callback)(void *user_data,
                                                struct seekauth_error *error,
                                                const char *authorization);

/// Receives the outcome of seekauth_client_get_token_async: NULL and a token, or an error and NULL.
/// The one that is not NULL belongs to the callback, which frees it.
typedef void (*seekauth_token_callback)(void *user_data,
                                        struct seekauth_error *error,
                                        struct seekauth_token *token);

/// Makes a client. Checks every setting and starts nothing: no request, no thread.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT and a message that names the setting.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_new(const seekauth_options *options,
                                           struct seekauth_client **out);

/// Makes a client from the environment variables SEEKAUTH_SERVICE, SEEKAUTH_ENVIRONMENT,
/// SEEKAUTH_CLIENT_ID, SEEKAUTH_CLIENT_SECRET, SEEKAUTH_USER_AGENT and so on, one for each setting;
/// durations there are in seconds. The environment must not be changed by another thread meanwhile.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT and a message that names the variable.
SEEKAUTH_NODISCARD struct seekauth_error *seekauth_client_from_env(struct seekauth_client **out);

/// As seekauth_client_from_env, from variables whose names begin with `prefix` in place of SEEKAUTH_, for
/// a program with several clients: with "PASS_", the client id is in PASS_CLIENT_ID.
///
/// Fails as that, also with SEEKAUTH_INVALID_ARGUMENT for a prefix that does not end with an underscore, or
/// is not made of ASCII letters, digits and underscores.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_from_env_with_prefix(const char *prefix,
                                                            struct seekauth_client **out);

/// Makes a client for other scopes, separated by spaces, that shares everything else with this one:
/// settings, cache and connections. It is cheap, is freed on its own, and may outlive this one.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for scopes that the service does not take, and with
/// SEEKAUTH_CLOSED.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_with_scopes(const struct seekauth_client *client,
                                                   const char *scopes,
                                                   struct seekauth_client **out);

/// Copies the value of the Authorization header, "Bearer " and the token, into `buffer`, with a NUL
/// after it. While the token is fresh this is a copy and waits for nothing; otherwise it waits for a
/// token, for the time that the client's `timeout_ms` says.
///
/// `length`, which may be NULL, receives the length of the value without its NUL. If the value does
/// not fit, nothing is copied, the call fails with SEEKAUTH_INVALID_ARGUMENT, and `length` is
/// written all the same: `*length + 1` bytes are enough for this value. To ask for the size alone,
/// pass NULL and 0: that is no error. The next token may be longer, so a program that sizes its
/// buffer exactly has to be ready to do so again; 4096 bytes hold any token that usual servers accept.
///
/// Otherwise fails as seekauth_client_get_token does.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_authorization(const struct seekauth_client *client,
                                                     char *buffer,
                                                     size_t capacity,
                                                     size_t *length);

/// As seekauth_client_authorization, without waiting for it: `callback` receives the value.
///
/// Arguments and failures are those of seekauth_client_get_token_async.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_authorization_async(const struct seekauth_client *client,
                                                           uint64_t timeout_ms,
                                                           seekauth_authorization_callback callback,
                                                           void *user_data,
                                                           struct seekauth_call **call);

/// Waits for a usable token, for at most `timeout_ms` milliseconds; 0 means as long as the client's
/// own `timeout_ms` says. If one is in the cache it waits for nothing.
///
/// Fails with SEEKAUTH_TIMEOUT when the time is up, SEEKAUTH_CLOSED or SEEKAUTH_CANCELLED when the
/// client is or was closed, and otherwise as the token request failed: SEEKAUTH_NETWORK,
/// SEEKAUTH_INVALID_CREDENTIALS, SEEKAUTH_NOT_GRANTED, SEEKAUTH_THROTTLED, SEEKAUTH_UNAVAILABLE or
/// SEEKAUTH_PROTOCOL.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_get_token(const struct seekauth_client *client,
                                                 uint64_t timeout_ms,
                                                 struct seekauth_token **out);

/// As seekauth_client_get_token, without waiting for it: `callback` receives the outcome, with
/// `user_data` passed through.
///
/// If the call returns NULL, the callback runs exactly once: on a thread of the library, never inside
/// this call, possibly before this call has returned. If the call returns an error, it never runs.
/// `call`, which may be NULL, receives a handle to cancel the call by; the caller frees it.
///
/// The call itself fails with SEEKAUTH_INVALID_ARGUMENT, or with SEEKAUTH_UNAVAILABLE if the system
/// refuses the library its thread; what seekauth_client_get_token fails with goes to the callback.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_get_token_async(const struct seekauth_client *client,
                                                       uint64_t timeout_ms,
                                                       seekauth_token_callback callback,
                                                       void *user_data,
                                                       struct seekauth_call **call);

/// The token in the cache, if it has not expired; otherwise `*out` is NULL. Never waits and never
/// fetches.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_cached_token(const struct seekauth_client *client,
                                                    struct seekauth_token **out);

/// Says that an API rejected `token`: the token itself, or the whole header value that was sent. If it
/// is still the client's current token it is set aside, and `*invalidated`, which may be NULL, is true:
/// calls wait for a new one, and get this one again, until it expires, if renewing fails for a transient
/// reason. Otherwise nothing happens and `*invalidated` is false: a newer one has taken its place, it is
/// younger than two seconds, which servers may take to accept a new token everywhere, or tokens were
/// rejected so often lately that another new one would not help. A seekauth_auth_flow knows what to do in
/// each of these cases.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_invalidate(const struct seekauth_client *client,
                                                  const char *token,
                                                  bool *invalidated);

/// The address of the API that the client's tokens are for: the service's own, or the setting
/// `api_url`; NULL if there is none, and for NULL. The client owns the text.
const char *seekauth_client_api_url(const struct seekauth_client *client);

/// Warnings about the client's options, one line each, to be logged when the program starts: of files with
/// secrets that every user of the machine may read, and of environment variables that look like a misspelt
/// setting. "" if there are none, and for NULL. The client owns the text.
const char *seekauth_client_warnings(const struct seekauth_client *client);

/// Closes the client: calls in flight end with SEEKAUTH_CANCELLED, later ones with SEEKAUTH_CLOSED.
/// Closing one from seekauth_client_new or seekauth_client_from_env also closes those made from it with
/// other scopes, and forgets all tokens. Closing again does nothing, and NULL is accepted. The client
/// still has to be freed.
void seekauth_client_close(const struct seekauth_client *client);

/// Waits until every callback of the client's asynchronous calls has returned, for at most `timeout_ms`
/// milliseconds; 0 means as long as the client's own `timeout_ms` says. Those of one from
/// seekauth_client_new or seekauth_client_from_env include those of the clients made from it with other
/// scopes; those of such a client are its own. Nothing is cancelled: to end quickly, close the client first.
/// Callbacks for events have been told by then of all that happened before.
///
/// Fails with SEEKAUTH_TIMEOUT if a callback has not returned by then, and with SEEKAUTH_INVALID_ARGUMENT in
/// a callback, which cannot wait for itself.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_drain(const struct seekauth_client *client,
                                             uint64_t timeout_ms);

/// Frees the client. What is in flight on it is cancelled, and each callback still runs, possibly
/// after this call has returned, with SEEKAUTH_CANCELLED. No other call may be using the client.
/// NULL is accepted.
void seekauth_client_free(struct seekauth_client *client);

/// As seekauth_client_free, and returns when every callback of the client's own calls has returned, and its
/// callback for events, however long they take; what they use may go then. In a callback, which cannot wait
/// for itself, it waits for none. NULL is accepted.
void seekauth_client_free_and_wait(struct seekauth_client *client);

/* --- Tokens ----------------------------------------------------------------------------------- */

/// The token itself; NULL for NULL. It reaches the data of every hirer that the partner works with:
/// keep it on the backend and out of logs. The token object owns the text.
const char *seekauth_token_value(const struct seekauth_token *token);

/// The whole value of the Authorization header, "Bearer " and the token; NULL for NULL. The token
/// object owns the text.
const char *seekauth_token_authorization(const struct seekauth_token *token);

/// When the token expires, in milliseconds since 1970-01-01 00:00 UTC; 0 for NULL. The client renews
/// it before that.
uint64_t seekauth_token_expires_at_ms(const struct seekauth_token *token);

/// How many milliseconds are left of the token's life at the moment of the call; 0 once it has
/// expired, and for NULL.
uint64_t seekauth_token_remaining_ms(const struct seekauth_token *token);

/// How many scopes the token has; 0 for NULL, and for the SEEK API, whose tokens have none.
size_t seekauth_token_scope_count(const struct seekauth_token *token);

/// The scope with this index, counted from 0, in sorted order; NULL past the last one and for NULL.
/// The token object owns the text.
const char *seekauth_token_scope(const struct seekauth_token *token, size_t index);

/// Frees a token and every text it owns, wiping the memory that held the token. NULL is accepted.
void seekauth_token_free(struct seekauth_token *token);

/* --- Tokens shared between processes ---------------------------------------------------------- */

/// How the store of `client` fares; see the setting `store`. Never waits.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_store_status(const struct seekauth_client *client,
                                                    struct seekauth_store_status **out);

/// Which store it is: "none", "local"; NULL for NULL. The status owns the text.
const char *seekauth_store_status_kind(const struct seekauth_store_status *status);

/// Whether the store is used now; false for NULL. One that failed is left alone for a second at first, and
/// a minute at most.
bool seekauth_store_status_usable(const struct seekauth_store_status *status);

/// The last problem with the store, in one line that is safe to log; NULL if there was none, and for NULL.
/// The status owns the text.
const char *seekauth_store_status_last_problem(const struct seekauth_store_status *status);

/// One count, by its name: "reads" of the store; tokens "adopted" from others; requests "claimed" for all;
/// times this process "waited" for another; tokens "published"; requests made "alone", without the store;
/// records that were "unreadable"; "notes" of refused secrets; steps that were "failures"; and
/// "clock_disagreements" of more than five minutes. 0 for another name, and for NULL.
uint64_t seekauth_store_status_count(const struct seekauth_store_status *status,
                                     const char *name);

/// Frees a status and every text it owns. NULL is accepted.
void seekauth_store_status_free(struct seekauth_store_status *status);

/* --- Events and figures ----------------------------------------------------------------------- */

/// Is told of an event, with the `user_data` of seekauth_client_set_event_callback. The event lives until
/// it returns.
typedef void (*seekauth_event_callback)(void *user_data, const struct seekauth_event *event);

/// Has `callback` called with what this client does and meets from now on, and the clients that share with
/// it (see seekauth_client_with_scopes), down to `level`: "debug", "info", "warning" or "error". It takes
/// the place of the one that was set before; NULL removes that one, whatever `level` is. A call that is
/// served from the cache is no event, and a client that nobody listens to makes none.
///
/// The callback runs on a thread of the library's own, never two calls at once for one client, in the order
/// in which things happened; that thread is there only while there is something to tell. It may block: no
/// call waits for it, up to 1024 events wait in line, and one named "dropped" says how many more were lost.
/// It may call any function here but seekauth_shutdown and seekauth_client_drain, and those that wait for a
/// token as well; it may also replace or remove itself, close the client and free it. One that is removed or
/// replaced meanwhile by another thread may still be in a call when this returns.
///
/// In a forked child it is called with what the child does; where the parent was in a call when it forked,
/// the child never calls `free`. seekauth_client_close leaves it in place, so that it is told of that. Freeing
/// the client removes it, and what it was not told of by then is lost: call seekauth_client_drain before, which
/// waits until all is told.
///
/// `free`, which may be NULL, is called once with `user_data` when no more call of `callback` can come: on
/// any thread, before this returns if it fails or if `callback` is NULL.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for another level.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_set_event_callback(const struct seekauth_client *client,
                                                          const char *level,
                                                          seekauth_event_callback callback,
                                                          void *user_data,
                                                          seekauth_free_callback free);

/// What happened, such as "token_request" or "serving_stale"; NULL for NULL. A later library may tell of
/// events that this one does not know. The event owns the text.
const char *seekauth_event_name(const struct seekauth_event *event);

/// How much it matters: "debug", "info", "warning" (something failed, and callers do not notice) or "error"
/// (callers fail); NULL for NULL. The event owns the text.
const char *seekauth_event_level(const struct seekauth_event *event);

/// One line for a log; NULL for NULL. Its words may change with any release. The event owns the text.
const char *seekauth_event_message(const struct seekauth_event *event);

/// When it happened, in milliseconds since 1970-01-01 00:00 UTC; 0 for NULL.
uint64_t seekauth_event_time_ms(const struct seekauth_event *event);

/// The value of the field with this name, such as "result" or "life_left", as text: a number in decimal
/// digits as seekauth_event_field_number has it, several words with spaces between them. NULL if the event
/// has no such field, and for NULL. The event owns the text.
const char *seekauth_event_field(const struct seekauth_event *event,
                                  const char *name);

/// The value of the field with this name, such as "status" or "life_left", as a number: a count, 1 or 0 for
/// yes or no, a length of time in milliseconds, a moment in milliseconds since 1970-01-01 00:00 UTC. -1 if
/// the event has no such field, if it is text, and for NULL.
int64_t seekauth_event_field_number(const struct seekauth_event *event,
                                    const char *name);

/// How many fields the event has; 0 for NULL.
size_t seekauth_event_field_count(const struct seekauth_event *event);

/// The name of the field with this index, counted from 0; NULL past the last one and for NULL. The event
/// owns the text.
const char *seekauth_event_field_name(const struct seekauth_event *event,
                                       size_t index);

/// The value of the field with this index, counted from 0, as seekauth_event_field gives it; NULL past the
/// last one and for NULL. The event owns the text.
const char *seekauth_event_field_value(const struct seekauth_event *event,
                                        size_t index);

/// What `client`, and the clients that share with it (see seekauth_client_with_scopes), did so far in this
/// process, and how their tokens stand. Never waits, and also tells of a client that was closed.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_stats(const struct seekauth_client *client,
                                             struct seekauth_stats **out);

/// One count, by its name: token requests that ended with a token ("requests_succeeded"), tokens taken over
/// from the store ("tokens_adopted"), rejections of a token by the API ("rejections"), calls that got a token
/// although its renewal had failed ("stale_served"), calls that wait for a token now ("waiting") and at most
/// at any time ("waiting_max"), calls that had to wait ("waits"), and events that were lost because their
/// callback did not take them in time ("events_dropped"). 0 for another name, and for NULL.
uint64_t seekauth_stats_count(const struct seekauth_stats *stats,
                              const char *name);

/// How many milliseconds calls waited for a token, all together; 0 for NULL.
uint64_t seekauth_stats_waited_ms(const struct seekauth_stats *stats);

/// How many token requests failed with this code, such as SEEKAUTH_UNAVAILABLE; 0 for NULL.
uint64_t seekauth_stats_failures(const struct seekauth_stats *stats, int32_t code);

/// With how many different codes token requests failed; 0 for NULL.
size_t seekauth_stats_failure_count(const struct seekauth_stats *stats);

/// The code with this index, counted from 0, among those that token requests failed with; SEEKAUTH_OK past
/// the last one and for NULL.
int32_t seekauth_stats_failure_code(const struct seekauth_stats *stats,
                                    size_t index);

/// How many tokens there are, one for each set of scopes that was asked for; 0 for NULL, and once the client
/// was closed.
size_t seekauth_stats_token_count(const struct seekauth_stats *stats);

/// The scopes that are asked for with the token with this index, counted from 0, separated by spaces; ""
/// for none. NULL past the last one and for NULL. The stats own the text.
const char *seekauth_stats_token_scopes(const struct seekauth_stats *stats,
                                         size_t index);

/// What the token with this index, counted from 0, is good for: "none" (there is none yet), "fresh", "ahead"
/// (it is renewed in the background), "margin" (calls wait for the next one), "expired", or "rejected" by the
/// API. NULL past the last one and for NULL. The stats own the text.
const char *seekauth_stats_token_state(const struct seekauth_stats *stats,
                                        size_t index);

/// How many milliseconds are left of the life of the token with this index, counted from 0; -1 without a
/// token, past the last one and for NULL.
int64_t seekauth_stats_token_remaining_ms(const struct seekauth_stats *stats,
                                          size_t index);

/// When the token with this index, counted from 0, arrived, in milliseconds since 1970-01-01 00:00 UTC; -1
/// without a token, past the last one and for NULL.
int64_t seekauth_stats_token_obtained_at_ms(const struct seekauth_stats *stats,
                                            size_t index);

/// Whether the token with this index, counted from 0, is being asked for; false past the last one and for
/// NULL.
bool seekauth_stats_token_requesting(const struct seekauth_stats *stats,
                                     size_t index);

/// The code that the last request for the token with this index, counted from 0, failed with; SEEKAUTH_OK if
/// it did not, past the last one and for NULL.
int32_t seekauth_stats_token_last_failure(const struct seekauth_stats *stats,
                                          size_t index);

/// Frees the stats and every text they own. NULL is accepted.
void seekauth_stats_free(struct seekauth_stats *stats);

/* --- Errors ----------------------------------------------------------------------------------- */

/// Success. Never the code of an error object: a call that succeeds returns NULL.
#define SEEKAUTH_OK 0

/// A mistake in the call or in the configuration; the message names it.
#define SEEKAUTH_INVALID_ARGUMENT 1

/// The client was closed.
#define SEEKAUTH_CLOSED 2

/// The caller gave up, or the client was closed during the call.
#define SEEKAUTH_CANCELLED 3

/// The caller's deadline passed.
#define SEEKAUTH_TIMEOUT 4

/// Name, connection or TLS, or a connection that broke.
#define SEEKAUTH_NETWORK 5

/// The server refused the client id or secret.
#define SEEKAUTH_INVALID_CREDENTIALS 6

/// The audience or a scope is not granted to this client.
#define SEEKAUTH_NOT_GRANTED 7

/// The server asked for a pause. seekauth_error_retry_after_ms says for how long.
#define SEEKAUTH_THROTTLED 8

/// The server failed.
#define SEEKAUTH_UNAVAILABLE 9

/// The response was not understood.
#define SEEKAUTH_PROTOCOL 10

/// The API refused a newly issued token too; check audience and environment.
#define SEEKAUTH_TOKEN_REJECTED 11

/// A token would have left the configured origin.
#define SEEKAUTH_FORBIDDEN_ORIGIN 12

/// The file, command or function with the credentials failed.
#define SEEKAUTH_CREDENTIALS_UNAVAILABLE 13

/// A bug in seekauth; please report it.
#define SEEKAUTH_INTERNAL 99

/// The code of the error; SEEKAUTH_OK for NULL.
int32_t seekauth_error_code(const struct seekauth_error *error);

/// The name of the error's code, such as "throttled"; "ok" for NULL. Static text.
const char *seekauth_error_name(const struct seekauth_error *error);

/// One line that says what happened and what to do, safe to log; NULL for NULL. The error owns it.
const char *seekauth_error_message(const struct seekauth_error *error);

/// Whether the same call may succeed later with nothing changed; false for NULL.
bool seekauth_error_retryable(const struct seekauth_error *error);

/// How many milliseconds to wait before the next try; -1 if that is not known, and for NULL.
int64_t seekauth_error_retry_after_ms(const struct seekauth_error *error);

/// The HTTP status of the response that failed; 0 if there was none, and for NULL.
int32_t seekauth_error_status(const struct seekauth_error *error);

/// The server's own code: the `error` of a token response (RFC 6749, 5.2) or of WWW-Authenticate, or the
/// code with which a GraphQL API rejected the token; NULL if there was none. The error owns it.
const char *seekauth_error_server_code(const struct seekauth_error *error);

/// What was asked for: token endpoint, client id, audience and scopes, never the secret; NULL if
/// the call did not come so far. The error owns it.
const char *seekauth_error_target(const struct seekauth_error *error);

/// The X-Request-Id of the request to the API that this is about, which SEEK can be asked about: the
/// request's own, or the one it was given. What failed before it was sent has it too. NULL for an error of
/// another call. The error owns it.
const char *seekauth_error_request_id(const struct seekauth_error *error);

/// What a GraphQL API said as it rejected the token, in its own words, which are no part of the message; NULL
/// if it said nothing, or if that repeats a secret. The error owns it.
const char *seekauth_error_server_message(const struct seekauth_error *error);

/// Where in its response a GraphQL API rejected the token: the `path` of its error, with dots between the
/// parts; NULL if it named none, or if that repeats a secret. The error owns it.
const char *seekauth_error_server_path(const struct seekauth_error *error);

/// Frees an error and every text it owns. NULL is accepted.
void seekauth_error_free(struct seekauth_error *error);

/// The name of a code: "ok" for SEEKAUTH_OK, "throttled" for SEEKAUTH_THROTTLED; NULL for a number
/// that this library does not use. Static text.
const char *seekauth_error_code_name(int32_t code);

/// What a code means, in a few words; NULL for a number that this library does not use. Static text.
const char *seekauth_error_code_meaning(int32_t code);

/// Whether the call that failed with this code may succeed later with nothing changed; false for a number
/// that this library does not use. An error knows better: ask seekauth_error_retryable where there is one.
bool seekauth_error_code_retryable(int32_t code);

/* --- Requests to the API ---------------------------------------------------------------------- */

/// Receives the outcome of seekauth_client_send_async or seekauth_client_graphql_async: NULL and a
/// response, or an error and NULL. The one that is not NULL belongs to the callback, which frees it.
typedef void (*seekauth_response_callback)(void *user_data,
                                           struct seekauth_error *error,
                                           struct seekauth_response *response);

/// A header of a request. Both texts are borrowed for the call that takes it.
typedef struct seekauth_header {
    /// Its name, such as "Content-Type".
    const char *name;
    /// Its value, on one line.
    const char *value;
} seekauth_header;

/// A request to the API. Start from SEEKAUTH_HTTP_REQUEST_INIT and set the fields you need. All it
/// points to is borrowed for the call that takes it, also if that call is asynchronous.
typedef struct seekauth_http_request {
    /// sizeof(seekauth_http_request), which is how the library knows the header you compiled with.
    size_t struct_size;
    /// Required. "GET", "POST" and so on.
    const char *method;
    /// Required. An absolute URL with scheme, host and port of the client's API, or a path from the
    /// API's root on, such as "/api/partner/v1/add/education.json".
    const char *url;
    /// The first of `header_count` headers. Authorization and User-Agent are replaced; X-Request-Id
    /// and Accept-Language are set unless they are here.
    const seekauth_header *headers;
    /// How many headers there are; 0 for none.
    size_t header_count;
    /// The first of `body_length` bytes, NULs included.
    const void *body;
    /// How many bytes the body has; 0 for no body.
    size_t body_length;
    /// How long to wait for token and response together, in milliseconds; 0 means as long as the
    /// client's own `timeout_ms` says.
    uint64_t timeout_ms;
} seekauth_http_request;

/// Initial value of seekauth_http_request: its size, and nothing in any other field.
#define SEEKAUTH_HTTP_REQUEST_INIT {sizeof(seekauth_http_request), NULL, NULL, NULL, 0, NULL, 0, 0}

/// Sends a request to the API with the token, and once more with a new one if the API rejects it.
/// Waits for the whole response. Any but a rejection of the token is handed out, also one that says 403
/// or 500; so is a redirect, which is not followed.
///
/// Fails with SEEKAUTH_FORBIDDEN_ORIGIN, before anything is sent, if the request does not go to scheme,
/// host and port of the client's API; with SEEKAUTH_TOKEN_REJECTED if the API rejected a new token too;
/// with SEEKAUTH_INVALID_ARGUMENT for a method, address or header that is none; with SEEKAUTH_TIMEOUT
/// and SEEKAUTH_NETWORK; with SEEKAUTH_PROTOCOL if the response is longer than 64 MiB; and otherwise as
/// seekauth_client_get_token does.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_send(const struct seekauth_client *client,
                                            const seekauth_http_request *request,
                                            struct seekauth_response **out);

/// As seekauth_client_send, without waiting for it: `callback` receives the outcome, with `user_data`
/// passed through. What `request` points to is copied, so it may be gone when the call returns.
///
/// If the call returns NULL, the callback runs exactly once: on a thread of the library, never inside
/// this call, possibly before this call has returned. If the call returns an error, it never runs.
/// `call`, which may be NULL, receives a handle to cancel the call by; the caller frees it.
///
/// The call itself fails with SEEKAUTH_INVALID_ARGUMENT for NULLs, for text that is not UTF-8 and for
/// numbers, or with SEEKAUTH_UNAVAILABLE if the system refuses the library its thread; what
/// seekauth_client_send fails with otherwise goes to the callback.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_send_async(const struct seekauth_client *client,
                                                  const seekauth_http_request *request,
                                                  seekauth_response_callback callback,
                                                  void *user_data,
                                                  struct seekauth_call **call);

/// The HTTP status; 0 for NULL.
int32_t seekauth_response_status(const struct seekauth_response *response);

/// The X-Request-Id of the request, which SEEK can be asked about: its own, or the one it was given. NULL if its
/// own is not visible ASCII, and for NULL. The response owns the text.
const char *seekauth_response_request_id(const struct seekauth_response *response);

/// The value of the first header with this name, in capitals or not; NULL if there is none, and for
/// NULL. The bytes are the server's, for the most part ASCII. The response owns the text.
const char *seekauth_response_header(const struct seekauth_response *response, const char *name);

/// How many headers there are; 0 for NULL. A response of seekauth_client_graphql keeps none.
size_t seekauth_response_header_count(const struct seekauth_response *response);

/// The name of the header with this index, counted from 0, in lower case; NULL past the last one and
/// for NULL. The response owns the text.
const char *seekauth_response_header_name(const struct seekauth_response *response,
                                           size_t index);

/// The value of the header with this index, counted from 0; NULL past the last one and for NULL. The
/// response owns the text.
const char *seekauth_response_header_value(const struct seekauth_response *response,
                                            size_t index);

/// The body: seekauth_response_body_length bytes, NULs included, and one more NUL behind them, so that
/// JSON can be read as text. Never NULL but for NULL. The response owns it.
const char *seekauth_response_body(const struct seekauth_response *response);

/// How many bytes the body has, without the NUL behind them; 0 for NULL.
size_t seekauth_response_body_length(const struct seekauth_response *response);

/// Frees a response and everything it owns. NULL is accepted.
void seekauth_response_free(struct seekauth_response *response);

/* --- GraphQL operations ----------------------------------------------------------------------- */

/// A GraphQL operation. Start from SEEKAUTH_GRAPHQL_INIT and set the fields you need. All it points to
/// is borrowed for the call that takes it, also if that call is asynchronous.
typedef struct seekauth_graphql {
    /// sizeof(seekauth_graphql), which is how the library knows the header you compiled with.
    size_t struct_size;
    /// Required. The document: a query or mutation.
    const char *query;
    /// Its variables, as the text of a JSON object; NULL for none.
    const char *variables;
    /// Which operation of the document to run; NULL if it holds only one.
    const char *operation_name;
    /// The first of `header_count` further headers, such as Accept-Language in place of the client's.
    const seekauth_header *headers;
    /// How many headers there are; 0 for none.
    size_t header_count;
    /// How long to wait for token and response together, in milliseconds; 0 means as long as the
    /// client's own `timeout_ms` says.
    uint64_t timeout_ms;
} seekauth_graphql;

/// Initial value of seekauth_graphql: its size, and nothing in any other field.
#define SEEKAUTH_GRAPHQL_INIT {sizeof(seekauth_graphql), NULL, NULL, NULL, NULL, 0, 0}

/// Sends a GraphQL operation to the API, as seekauth_client_send does, and waits for the whole response.
/// Its body is JSON text: an object with `data`, `errors` or both. Errors that the API reports there are
/// no failure of this call; only a response that is not GraphQL is.
///
/// Fails as seekauth_client_send does, with SEEKAUTH_INVALID_ARGUMENT also for variables that are not a
/// JSON object, and with SEEKAUTH_THROTTLED, SEEKAUTH_UNAVAILABLE or SEEKAUTH_PROTOCOL if the response
/// is not GraphQL.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_graphql(const struct seekauth_client *client,
                                               const seekauth_graphql *operation,
                                               struct seekauth_response **out);

/// As seekauth_client_graphql, without waiting for it: `callback` receives the outcome.
///
/// Arguments and failures are those of seekauth_client_send_async.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_graphql_async(const struct seekauth_client *client,
                                                     const seekauth_graphql *operation,
                                                     seekauth_response_callback callback,
                                                     void *user_data,
                                                     struct seekauth_call **call);

/* --- Asynchronous calls ----------------------------------------------------------------------- */

/// Cancels the call: its callback runs with SEEKAUTH_CANCELLED, unless it has run or is about to run
/// with a result. Other callers that wait for the same token are not disturbed. The API may still carry
/// out a request that was sent already. NULL is accepted.
void seekauth_call_cancel(const struct seekauth_call *call);

/// Frees the handle and nothing else: the call goes on and its callback still runs. NULL is accepted.
void seekauth_call_free(struct seekauth_call *call);

/* --- HTTP clients of the program's own -------------------------------------------------------- */

/// Makes the flow of one request to `url`. `replayable` says whether its body can be sent a second time;
/// one that is read from a stream cannot.
///
/// Fails with SEEKAUTH_FORBIDDEN_ORIGIN unless `url` is absolute, without credentials in it, and has
/// scheme, host and port of the client's API, so that the token goes nowhere else; and with
/// SEEKAUTH_INVALID_ARGUMENT if the client has no API.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_auth_flow(const struct seekauth_client *client,
                                                 const char *url,
                                                 bool replayable,
                                                 struct seekauth_auth_flow **out);

/// Waits for the token of the next attempt, for at most `timeout_ms` milliseconds; 0 means as long as the
/// client's own `timeout_ms` says. At first it is the client's token, and after seekauth_auth_flow_retry
/// the one to send the request with once more: a new one, or, because servers may take a moment to accept
/// a token that was just issued, the one before it, or the same one a little later.
///
/// Fails as seekauth_client_get_token does, and with SEEKAUTH_TOKEN_REJECTED if a token that was just
/// issued was rejected and the time does not suffice to wait for that moment.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_auth_flow_get_token(const struct seekauth_auth_flow *auth_flow,
                                                    uint64_t timeout_ms,
                                                    struct seekauth_token **out);

/// As seekauth_auth_flow_get_token, without waiting for it: `callback` receives the outcome. The flow may
/// be used and freed meanwhile.
///
/// Arguments and failures are those of seekauth_client_get_token_async.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_auth_flow_get_token_async(const struct seekauth_auth_flow *auth_flow,
                                                          uint64_t timeout_ms,
                                                          seekauth_token_callback callback,
                                                          void *user_data,
                                                          struct seekauth_call **call);

/// Says whether a Host header of the request's own may be sent with the token: a proxy, or a server with
/// several names, would take the token to the host that it names. seekauth_auth_flow_attempt asks this by
/// itself for the headers that it is given; call it if the program sets that header in another way.
///
/// Fails with SEEKAUTH_FORBIDDEN_ORIGIN if `host` is not the host, and port, of the client's API.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_auth_flow_check_host(const struct seekauth_auth_flow *auth_flow,
                                                     const char *host);

/// Begins an attempt with the value of the Authorization header and the request's own headers, of which
/// `headers` points to the first of `header_count`, and lists the headers to send: these, with
/// Authorization and User-Agent in place of any the request has, and with X-Request-Id and the client's
/// Accept-Language unless the request has them. The errors of the flow carry the X-Request-Id, from here on
/// the request's own.
///
/// Fails with SEEKAUTH_TOKEN_REJECTED if this is the value that the API has just rejected, unless
/// seekauth_auth_flow_get_token gave it for the second attempt, and with SEEKAUTH_FORBIDDEN_ORIGIN if a
/// Host header of the request's own names another host than the API's.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_auth_flow_attempt(struct seekauth_auth_flow *auth_flow,
                                                  const char *authorization,
                                                  const seekauth_header *headers,
                                                  size_t header_count);

/// How many headers to send; 0 before seekauth_auth_flow_attempt, and for NULL.
size_t seekauth_auth_flow_header_count(const struct seekauth_auth_flow *auth_flow);

/// The name of the header with this index, counted from 0; NULL past the last one and for NULL. The
/// flow owns the text, until seekauth_auth_flow_attempt is called again.
const char *seekauth_auth_flow_header_name(const struct seekauth_auth_flow *auth_flow,
                                            size_t index);

/// The value of the header with this index, counted from 0; NULL past the last one and for NULL. The
/// flow owns the text, until seekauth_auth_flow_attempt is called again.
const char *seekauth_auth_flow_header_value(const struct seekauth_auth_flow *auth_flow,
                                             size_t index);

/// Begins to inspect a response. `url` is where it came from, if redirects may have been followed, or
/// NULL: a response from another origin says nothing about the token. `*more`, which may be NULL, becomes
/// what seekauth_auth_flow_feed returns.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a `status` that cannot be HTTP's.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_auth_flow_inspect(struct seekauth_auth_flow *auth_flow,
                                                  int32_t status,
                                                  const char *url,
                                                  bool *more);

/// Shows the flow the next chunk of the response's body, after any content decoding: `length` bytes.
/// True if it needs more to know whether the API rejected the token; false once it knows, and for NULL.
/// It keeps nothing of it.
bool seekauth_auth_flow_feed(struct seekauth_auth_flow *auth_flow,
                             const void *data,
                             size_t length);

/// Whether the API rejected the token. Ask when seekauth_auth_flow_feed has returned false or the body
/// has ended: later chunks change nothing. False if no response was inspected, and for NULL.
bool seekauth_auth_flow_rejected(struct seekauth_auth_flow *auth_flow);

/// Prepares the second attempt after the API rejected the token. If this succeeds, send the identical
/// request once more, with the token that seekauth_auth_flow_get_token gives.
///
/// Fails with SEEKAUTH_TOKEN_REJECTED if there was a second attempt already, if the body cannot be sent
/// twice, if the API accepted the token for a request that was sent later, or if too many tokens were
/// rejected lately; and as the last renewal failed, while its pause lasts.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_auth_flow_retry(struct seekauth_auth_flow *auth_flow);

/// Frees a flow and every text it owns, wiping the memory that held the token. NULL is accepted.
void seekauth_auth_flow_free(struct seekauth_auth_flow *auth_flow);

/* --- Tests of the program's own --------------------------------------------------------------- */

/// Responds to a request to the API: hands over the response with seekauth_responder_set and returns
/// SEEKAUTH_OK, or returns the code that the call is to fail with, such as SEEKAUTH_NETWORK. The request lives
/// until it returns.
///
/// It runs on the thread of the library that callbacks of asynchronous calls run on, never two calls at once. It
/// must not wait, and may call any function here but those that do.
typedef int32_t (*seekauth_responder_callback)(void *user_data,
                                               const struct seekauth_fake_request *request,
                                               struct seekauth_responder *responder);

/// What a client for tests is to be like. Start from SEEKAUTH_FAKE_OPTIONS_INIT and set the fields you need;
/// NULL or 0 in a field means the default. Every text is borrowed for the call that takes the options.
typedef struct seekauth_fake_options {
    /// sizeof(seekauth_fake_options), which is how the library knows the header you compiled with.
    size_t struct_size;
    /// The value of the first token, visible ASCII; the ones after it end in "-2", "-3" and so on. Default:
    /// fake-token.
    const char *token;
    /// The scopes to ask for, separated by single spaces: the client is one of SEEK Pass then, and each token
    /// is granted what is asked for. Default: a client of the SEEK API, whose tokens have none.
    const char *scopes;
    /// How long each token lives. In milliseconds. Default: half an hour.
    uint64_t lifetime_ms;
    /// What seekauth_client_api_url returns: a URL on this machine. Default: one where nobody listens.
    const char *api_url;
} seekauth_fake_options;

/// A response of the API, for a client for tests. All it points to is borrowed for the call that takes it.
typedef struct seekauth_fake_response {
    /// The HTTP status.
    int32_t status;
    /// The first of `header_count` headers.
    const seekauth_header *headers;
    /// How many headers there are; 0 for none.
    size_t header_count;
    /// The first of `body_length` bytes, NULs included.
    const void *body;
    /// How many bytes the body has; 0 for no body.
    size_t body_length;
} seekauth_fake_response;

/// Initial value of seekauth_fake_options: its size, and the default in every field.
#define SEEKAUTH_FAKE_OPTIONS_INIT {sizeof(seekauth_fake_options), NULL, NULL, 0, NULL}

/// Makes a client for tests. It is a real one, with its cache, renewals and retries, but token endpoint and API
/// are played: it never connects to anything, its tokens go to addresses of this machine only, and its time
/// stands still until seekauth_fake_advance moves it (only the pauses between failed attempts pass by
/// themselves). Every function that takes a client takes this one; those whose names begin with seekauth_fake_
/// take it, and the clients made from it with other scopes, and no others. It is freed as all clients are.
///
/// Tokens, errors and responses that a test needs by themselves come from such a client.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a token or scopes that are none, and for an `api_url` that is not
/// on this machine.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_client_fake(const seekauth_fake_options *options,
                                            struct seekauth_client **out);

/// Whether the client is one for tests, from seekauth_client_fake or made from such a one; false for NULL. A
/// program may refuse to start in production with one.
bool seekauth_client_is_fake(const struct seekauth_client *client);

/// From now on requests for tokens fail with this code, such as SEEKAUTH_UNAVAILABLE, and with a pause of
/// `retry_after_ms` milliseconds, or -1 for none, as seekauth_error_retry_after_ms has it. A token that is still
/// good is served meanwhile, as in production.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a number that is no error's code, and for a client that is no fake.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_fake_fail_with(const struct seekauth_client *client,
                                               int32_t code,
                                               int64_t retry_after_ms);

/// From now on requests for tokens succeed.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a client that is no fake.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_fake_succeed(const struct seekauth_client *client);

/// Lets so many milliseconds pass for the client: its tokens age, pauses end.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a client that is no fake.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_fake_advance(const struct seekauth_client *client,
                                             uint64_t span_ms);

/// The time of the client, in milliseconds since 1970-01-01 00:00 UTC; 0 for NULL and for one that is no fake.
uint64_t seekauth_fake_now_ms(const struct seekauth_client *client);

/// The method, such as "POST"; NULL for NULL. The request owns the text.
const char *seekauth_fake_request_method(const struct seekauth_fake_request *request);

/// The URL, whole; NULL for NULL. The request owns the text.
const char *seekauth_fake_request_url(const struct seekauth_fake_request *request);

/// The value of the first header with this name, in capitals or not; NULL if there is none, and for NULL. The
/// request owns the text.
const char *seekauth_fake_request_header(const struct seekauth_fake_request *request,
                                          const char *name);

/// How many headers there are; 0 for NULL.
size_t seekauth_fake_request_header_count(const struct seekauth_fake_request *request);

/// The name of the header with this index, counted from 0, in lower case; NULL past the last one and for NULL.
/// The request owns the text.
const char *seekauth_fake_request_header_name(const struct seekauth_fake_request *request,
                                               size_t index);

/// The value of the header with this index, counted from 0; NULL past the last one and for NULL. The request
/// owns the text.
const char *seekauth_fake_request_header_value(const struct seekauth_fake_request *request,
                                                size_t index);

/// The body: seekauth_fake_request_body_length bytes, NULs included, and one more NUL behind them, so that JSON
/// can be read as text. Never NULL but for NULL. The request owns it.
const char *seekauth_fake_request_body(const struct seekauth_fake_request *request);

/// How many bytes the body has, without the NUL behind them; 0 for NULL.
size_t seekauth_fake_request_body_length(const struct seekauth_fake_request *request);

/// Hands over the response, within the callback that was asked for it. What it points to is copied before this
/// returns.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for NULL, for text that is not UTF-8, and for a status that cannot be
/// HTTP's.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_responder_set(struct seekauth_responder *responder,
                                              const seekauth_fake_response *response);

/// Has the API respond with `responses`, the first of `count`, in place of what responded before: the first to
/// the first request and so on, the last to all that follow. They are copied before this returns. With a `count`
/// of 0 there is no response, as at the start.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a client that is no fake, for text that is not UTF-8, and for a
/// status that cannot be HTTP's.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_fake_respond(const struct seekauth_client *client,
                                             const seekauth_fake_response *responses,
                                             size_t count);

/// Has the API respond by a function, in place of what responded before.
///
/// `free`, which may be NULL, is called once with `user_data` when no more call of `callback` can come: after
/// another responder took its place or the last client of the fake was freed, on any thread, and before this
/// returns if it fails. Without it, what `user_data` points to has to stay until then: that is so when
/// seekauth_client_free_and_wait has returned for the last of them.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a client that is no fake, and without a callback.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_fake_respond_with(const struct seekauth_client *client,
                                                  seekauth_responder_callback callback,
                                                  void *user_data,
                                                  seekauth_free_callback free);

/// What `client`, and the clients that share with it (see seekauth_client_with_scopes), were asked so far.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a client that is no fake.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_fake_journal(const struct seekauth_client *client,
                                             struct seekauth_journal **out);

/// How many requests there are; 0 for NULL.
size_t seekauth_journal_count(const struct seekauth_journal *journal);

/// The scopes that the request for a token with this index, counted from 0, asked for, separated by spaces; ""
/// for none. NULL for a request to the API, past the last one and for NULL. The journal owns the text.
const char *seekauth_journal_scopes(const struct seekauth_journal *journal,
                                     size_t index);

/// The code that the request for a token with this index, counted from 0, was made to fail with; SEEKAUTH_OK if
/// it was not, for a request to the API, past the last one and for NULL.
int32_t seekauth_journal_failure(const struct seekauth_journal *journal,
                                 size_t index);

/// The request to the API with this index, counted from 0. NULL for a request for a token, past the last one
/// and for NULL. The journal owns it.
const struct seekauth_fake_request *seekauth_journal_request(const struct seekauth_journal *journal,
                                                             size_t index);

/// Frees the journal and everything it owns. NULL is accepted.
void seekauth_journal_free(struct seekauth_journal *journal);

/* --- The whole library ------------------------------------------------------------------------ */

/// Ends the library's threads and connections, and waits until nothing of it runs any more, for at most
/// `timeout_ms` milliseconds; 0 means 30 seconds. Calls under way end with SEEKAUTH_CANCELLED, and so do
/// those that begin meanwhile; every callback has returned when this has.
///
/// Call it before dlclose(), and at the end of a program that is searched for leaks or unjoined threads; no
/// other needs it. Objects may be freed before or after it. The library may be used again afterwards: the
/// first call that waits starts anew, and clients still have their tokens. A forked child ends what is its own.
///
/// Fails with SEEKAUTH_TIMEOUT if a callback, the look-up of a name, or something that finds credentials still
/// runs when the time is up; a later call goes on waiting for it. Fails with SEEKAUTH_INVALID_ARGUMENT in a
/// callback.
SEEKAUTH_NODISCARD
struct seekauth_error *seekauth_shutdown(uint64_t timeout_ms);

/* --- Version ---------------------------------------------------------------------------------- */

/// The major version of this header; that of the library is part of seekauth_version().
#define SEEKAUTH_VERSION_MAJOR 0

/// The minor version of this header.
#define SEEKAUTH_VERSION_MINOR 1

/// The patch version of this header.
#define SEEKAUTH_VERSION_PATCH 0

/// The version of this header as text, such as "1.2.3".
#define SEEKAUTH_VERSION "0.1.0"

/// Whether the library that is running fits this header: see seekauth_version_fits.
#define SEEKAUTH_VERSION_FITS()                                                                    \
    seekauth_version_fits(SEEKAUTH_VERSION_MAJOR, SEEKAUTH_VERSION_MINOR, SEEKAUTH_VERSION_PATCH)

/// The version of the library that is running, such as "1.2.3". Never fails; the text is static.
const char *seekauth_version(void);

/// Whether the library that is running has all that the header of this version declares: whether it is
/// that version or a later one. SEEKAUTH_VERSION_FITS() asks it for the header that the program is
/// compiled with.
bool seekauth_version_fits(uint32_t major,
                           uint32_t minor,
                           uint32_t patch);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SEEKAUTH_H */
