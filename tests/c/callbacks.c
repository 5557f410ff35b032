/* Asynchronous calls: the callback runs exactly once, on another thread, and with SEEKAUTH_CANCELLED
 * when the call is cancelled or its client is closed or freed. */

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "outcome.h"
#include "silent.h"

static void a_result_arrives_once_and_elsewhere(void) {
    seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options);
    outcome first = OUTCOME_INIT, second = OUTCOME_INIT;
    seekauth_call *call = NULL;

    CHECK_OK(seekauth_client_get_token_async(client, 0, on_token, &first, &call));
    await_outcome(&first);
    CHECK(first.error == NULL);
    CHECK(seekauth_token_value(first.token) != NULL);
    CHECK(!pthread_equal(first.thread, pthread_self()));

    /* A cached token does not come inside the call either. */
    CHECK_OK(seekauth_client_authorization_async(client, 0, on_authorization, &second, NULL));
    await_outcome(&second);
    CHECK(second.error == NULL);
    CHECK(second.authorization != NULL &&
          strcmp(second.authorization, seekauth_token_authorization(first.token)) == 0);
    CHECK(!pthread_equal(second.thread, pthread_self()));

    /* Cancelling a call that has ended changes nothing. */
    seekauth_call_cancel(call);
    seekauth_call_free(call);
    seekauth_client_free(client);
    CHECK(first.calls == 1);
    CHECK(second.calls == 1);
    forget_outcome(&first);
    forget_outcome(&second);
}

typedef enum { CANCEL, CLOSE, FREE } ending;

static void a_call_that_ends_early(const char *silent, ending how) {
    seekauth_options options = oauth_options(silent);
    seekauth_client *client = make_client(&options);
    outcome token = OUTCOME_INIT, authorization = OUTCOME_INIT;
    seekauth_call *calls[2] = {NULL, NULL};
    CHECK_OK(seekauth_client_get_token_async(client, 0, on_token, &token, &calls[0]));
    CHECK_OK(seekauth_client_authorization_async(client, 0, on_authorization, &authorization,
                                                 &calls[1]));
    switch (how) {
    case CANCEL:
        seekauth_call_cancel(calls[0]);
        seekauth_call_cancel(calls[0]);
        seekauth_call_cancel(calls[1]);
        break;
    case CLOSE:
        seekauth_client_close(client);
        break;
    case FREE:
        seekauth_client_free(client);
        client = NULL;
        break;
    }
    await_outcome(&token);
    await_outcome(&authorization);
    CHECK(seekauth_error_code(token.error) == SEEKAUTH_CANCELLED);
    CHECK(token.token == NULL);
    CHECK(seekauth_error_code(authorization.error) == SEEKAUTH_CANCELLED);
    CHECK(authorization.authorization == NULL);
    seekauth_call_cancel(calls[0]);
    seekauth_call_free(calls[0]);
    seekauth_call_free(calls[1]);
    seekauth_client_free(client);
    CHECK(token.calls == 1);
    CHECK(authorization.calls == 1);
    forget_outcome(&token);
    forget_outcome(&authorization);
}

static void a_freed_call_goes_on(void) {
    seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options);
    outcome result = OUTCOME_INIT;
    seekauth_call *call = NULL;
    CHECK_OK(seekauth_client_get_token_async(client, 0, on_token, &result, &call));
    seekauth_call_free(call);
    await_outcome(&result);
    CHECK(result.error == NULL);
    forget_outcome(&result);
    seekauth_client_free(client);
}

static void the_deadline_is_the_callers(const char *silent) {
    seekauth_options options = oauth_options(silent);
    seekauth_client *client = make_client(&options);
    outcome result = OUTCOME_INIT;
    CHECK_OK(seekauth_client_get_token_async(client, 50, on_token, &result, NULL));
    await_outcome(&result);
    CHECK(seekauth_error_code(result.error) == SEEKAUTH_TIMEOUT);
    CHECK(seekauth_error_retryable(result.error));
    forget_outcome(&result);
    seekauth_client_free(client);
}

/* Calls on one client from inside a callback. */
typedef struct {
    const seekauth_client *client;
    outcome waited;
    outcome started;
} nested;

static void on_nested(void *user_data, seekauth_error *error, seekauth_token *token) {
    nested *calls = user_data;
    seekauth_token *none = NULL;
    seekauth_error_free(error);
    seekauth_token_free(token);
    CHECK_OK(seekauth_client_get_token_async(calls->client, 50, on_token, &calls->started, NULL));
    error = seekauth_client_get_token(calls->client, 0, &none);
    keep(&calls->waited, error, none, NULL);
}

static void a_callback_may_start_a_call_but_not_wait(const char *silent) {
    seekauth_options options = oauth_options(silent);
    seekauth_client *client = make_client(&options);
    nested calls = {client, OUTCOME_INIT, OUTCOME_INIT};
    CHECK_OK(seekauth_client_get_token_async(client, 50, on_nested, &calls, NULL));
    await_outcome(&calls.waited);
    CHECK(seekauth_error_code(calls.waited.error) == SEEKAUTH_INVALID_ARGUMENT);
    await_outcome(&calls.started);
    CHECK(seekauth_error_code(calls.started.error) == SEEKAUTH_TIMEOUT);
    forget_outcome(&calls.waited);
    forget_outcome(&calls.started);
    seekauth_client_free(client);
}

static void on_last(void *user_data, seekauth_error *error, seekauth_token *token) {
    nested *calls = user_data;
    seekauth_client_free((seekauth_client *)calls->client);
    keep(&calls->waited, error, token, NULL);
}

static void a_callback_may_free_the_client(void) {
    seekauth_options options = sandbox_options();
    nested calls = {make_client(&options), OUTCOME_INIT, OUTCOME_INIT};
    CHECK_OK(seekauth_client_get_token_async(calls.client, 0, on_last, &calls, NULL));
    await_outcome(&calls.waited);
    CHECK(calls.waited.error == NULL);
    forget_outcome(&calls.waited);
}

/* Writes to a pipe that nobody reads, which raises SIGPIPE where that is not blocked. */
static void on_broken_pipe(void *user_data, seekauth_error *error, seekauth_token *token) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    close(ends[0]);
    CHECK(write(ends[1], "", 1) == -1 && errno == EPIPE);
    close(ends[1]);
    keep(user_data, error, token, NULL);
}

static void no_signal_reaches_a_library_thread(void) {
    seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options);
    outcome result = OUTCOME_INIT;
    signal(SIGPIPE, SIG_DFL);
    CHECK_OK(seekauth_client_get_token_async(client, 0, on_broken_pipe, &result, NULL));
    await_outcome(&result);
    CHECK(result.error == NULL);
    forget_outcome(&result);
    seekauth_client_free(client);
}

static void a_parent_may_go_first(void) {
    seekauth_options options = sandbox_options();
    seekauth_client *parent = make_client(&options);
    seekauth_client *child = NULL;
    seekauth_token *token = NULL;
    CHECK_OK(seekauth_client_with_scopes(parent, "write.career_history", &child));
    seekauth_client_free(parent);
    CHECK_OK(seekauth_client_get_token(child, 0, &token));
    CHECK(seekauth_token_scope_count(token) == 1);
    seekauth_client_free(child);
    /* A token outlives its client. */
    CHECK(strcmp(seekauth_token_scope(token, 0), "write.career_history") == 0);
    seekauth_token_free(token);
}

int main(void) {
    char silent[64];
    int listener = silent_endpoint(silent, sizeof silent);
    a_result_arrives_once_and_elsewhere();
    a_call_that_ends_early(silent, CANCEL);
    a_call_that_ends_early(silent, CLOSE);
    a_call_that_ends_early(silent, FREE);
    a_freed_call_goes_on();
    the_deadline_is_the_callers(silent);
    a_callback_may_start_a_call_but_not_wait(silent);
    a_callback_may_free_the_client();
    no_signal_reaches_a_library_thread();
    a_parent_may_go_first();
    close(listener);
    return checks_failed();
}
