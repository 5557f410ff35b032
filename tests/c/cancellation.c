/* Deferred cancellation of a thread (pthread_cancel): asked for before or during a call, it waits until the
 * call has returned, and then ends the thread at its next cancellation point as it always does. */

#define _POSIX_C_SOURCE 200809L

#include <unistd.h>

#include "outcome.h"
#include "silent.h"

/* A call into the library, with a client of the sandbox's SEEK API that has no token yet. */
typedef void (*into_library)(seekauth_client *client);

static void making(seekauth_client *client) {
    seekauth_options options = api_options();
    seekauth_client *other = NULL;
    (void)client;
    CHECK_OK(seekauth_client_new(&options, &other));
    seekauth_client_free(other);
}

static void making_with_a_mistake(seekauth_client *client) {
    seekauth_client *none = NULL;
    (void)client;
    /* The environment has no settings. */
    CHECK_ERROR(seekauth_client_from_env(&none), SEEKAUTH_INVALID_ARGUMENT, NULL);
}

static void making_with_files(seekauth_client *client) {
    seekauth_options options = api_options();
    seekauth_client *none = NULL;
    (void)client;
    options.client_secret = NULL;
    options.client_secret_file = "/nowhere/at/all";
    options.ca_file = "/nowhere/at/all";
    seekauth_error *error = seekauth_client_new(&options, &none);
    seekauth_error_free(error);
    seekauth_client_free(none);
}

static void header(seekauth_client *client) {
    char authorization[4096];
    CHECK_OK(seekauth_client_authorization(client, authorization, sizeof authorization, NULL));
    /* And out of the cache. */
    CHECK_OK(seekauth_client_authorization(client, authorization, sizeof authorization, NULL));
}

static void token(seekauth_client *client) {
    seekauth_token *token = NULL;
    bool invalidated = false;
    CHECK_OK(seekauth_client_get_token(client, 0, &token));
    CHECK(seekauth_token_remaining_ms(token) > 0);
    CHECK(seekauth_token_expires_at_ms(token) > 0);
    CHECK_OK(seekauth_client_invalidate(client, seekauth_token_value(token), &invalidated));
    seekauth_token_free(token);
    token = NULL;
    CHECK_OK(seekauth_client_cached_token(client, &token));
    seekauth_token_free(token);
}

static void no_token_in_time(seekauth_client *client) {
    seekauth_token *none = NULL;
    CHECK_ERROR(seekauth_client_get_token(client, 50, &none), SEEKAUTH_TIMEOUT, NULL);
}

static void token_by_callback(seekauth_client *client) {
    outcome result = OUTCOME_INIT;
    seekauth_call *call = NULL;
    CHECK_OK(seekauth_client_get_token_async(client, 0, on_token, &result, &call));
    seekauth_call_cancel(call);
    seekauth_call_free(call);
    /* pthread_cond_wait is a cancellation point of the program's own. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    await_outcome(&result);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    forget_outcome(&result);
}

static void request(seekauth_client *client) {
    seekauth_http_request get = SEEKAUTH_HTTP_REQUEST_INIT;
    seekauth_response *response = NULL;
    get.method = "GET";
    get.url = "/";
    CHECK_OK(seekauth_client_send(client, &get, &response));
    CHECK(seekauth_response_status(response) != 0);
    seekauth_response_free(response);
}

static void operation(seekauth_client *client) {
    seekauth_graphql query = SEEKAUTH_GRAPHQL_INIT;
    seekauth_response *response = NULL;
    query.query = "{ self { partner { name } } }";
    CHECK_OK(seekauth_client_graphql(client, &query, &response));
    seekauth_response_free(response);
}

static void flow(seekauth_client *client) {
    seekauth_auth_flow *flow = NULL;
    seekauth_token *token = NULL;
    CHECK_OK(seekauth_client_auth_flow(client, seekauth_client_api_url(client), true, &flow));
    CHECK_OK(seekauth_auth_flow_get_token(flow, 0, &token));
    CHECK_OK(seekauth_auth_flow_attempt(flow, seekauth_token_authorization(token), NULL, 0));
    CHECK_OK(seekauth_auth_flow_inspect(flow, 401, NULL, NULL));
    CHECK(seekauth_auth_flow_rejected(flow));
    CHECK_OK(seekauth_auth_flow_retry(flow));
    seekauth_token_free(token);
    seekauth_auth_flow_free(flow);
}

static void closing(seekauth_client *client) {
    header(client);
    seekauth_client_close(client);
}

typedef struct {
    into_library call;
    seekauth_client *client;
    int returned;
    int went_on;
} cancelled_thread;

static void *with_a_cancellation_pending(void *argument) {
    cancelled_thread *self = argument;
    pthread_cancel(pthread_self());
    self->call(self->client);
    self->returned = 1;
    pthread_testcancel();
    self->went_on = 1;
    return NULL;
}

static void a_pending_cancellation_waits(into_library call, seekauth_options options) {
    cancelled_thread thread = {call, make_client(&options), 0, 0};
    pthread_t id;
    void *result = NULL;
    CHECK(pthread_create(&id, NULL, with_a_cancellation_pending, &thread) == 0);
    CHECK(pthread_join(id, &result) == 0);
    CHECK(thread.returned && !thread.went_on && result == PTHREAD_CANCELED);
    seekauth_client_free(thread.client);
}

typedef struct {
    const seekauth_client *client;
    int code;
    int went_on;
} waiting_thread;

static void *wait_for_a_token(void *argument) {
    waiting_thread *self = argument;
    seekauth_token *none = NULL;
    seekauth_error *error = seekauth_client_get_token(self->client, 0, &none);
    self->code = seekauth_error_code(error);
    seekauth_error_free(error);
    pthread_testcancel();
    self->went_on = 1;
    return NULL;
}

/* The thread waits inside the library when it is cancelled. Closing the client ends the wait, and with it the
 * thread. */
static void a_cancellation_during_a_call_waits(int listener, const char *silent) {
    seekauth_options options = oauth_options(silent);
    seekauth_client *client = make_client(&options);
    waiting_thread thread = {client, 0, 0};
    pthread_t id;
    void *result = NULL;
    CHECK(pthread_create(&id, NULL, wait_for_a_token, &thread) == 0);
    const int connection = accept(listener, NULL, NULL);
    CHECK(connection >= 0);
    CHECK(pthread_cancel(id) == 0);
    seekauth_client_close(client);
    CHECK(pthread_join(id, &result) == 0);
    CHECK(thread.code == SEEKAUTH_CANCELLED && !thread.went_on && result == PTHREAD_CANCELED);
    close(connection);
    seekauth_client_free(client);
}

/* What the program had turned off stays off. */
static void the_programs_own_state_is_kept(void) {
    seekauth_options options = api_options();
    seekauth_client *client = make_client(&options);
    int state = -1;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    header(client);
    token(client);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    CHECK(state == PTHREAD_CANCEL_DISABLE);
    header(client);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    CHECK(state == PTHREAD_CANCEL_ENABLE);
    seekauth_client_free(client);
}

int main(void) {
    char silent[64];
    const int listener = silent_endpoint(silent, sizeof silent);
    const into_library calls[] = {making,  making_with_a_mistake, making_with_files, header, token,
                                  request, token_by_callback,     operation,         flow,   closing};
    a_cancellation_during_a_call_waits(listener, silent);
    a_pending_cancellation_waits(no_token_in_time, oauth_options(silent));
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        a_pending_cancellation_waits(calls[i], api_options());
    the_programs_own_state_is_kept();
    close(listener);
    return checks_failed();
}
