/* The ends of callbacks, which can be waited for, and of the library: every callback has run once, no thread is
 * left, and the next call starts anew. */

#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include "outcome.h"
#include "silent.h"

enum { LONG_MS = 60000, SHORT_MS = 20 };

/* The library's, by their names: tools have threads of their own. */
static int threads(void) {
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    CHECK(tasks != NULL);
    for (const struct dirent *task; (task = readdir(tasks)) != NULL;) {
        char path[300], name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *file = fopen(path, "r");
        count += file != NULL && fgets(name, sizeof name, file) != NULL && strncmp(name, "seekauth", 8) == 0;
        if (file != NULL)
            fclose(file);
    }
    closedir(tasks);
    return count;
}

/* A callback that tells when it has begun, and returns when it may. */
typedef struct {
    outcome began;
    outcome may_return;
    int has_returned;
} held;

#define HELD_INIT {OUTCOME_INIT, OUTCOME_INIT, 0}

static void on_held(void *user_data, seekauth_error *error, seekauth_token *token) {
    held *self = user_data;
    keep(&self->began, error, token, NULL);
    await_outcome(&self->may_return);
    self->has_returned = 1;
}

static void let_return(held *self) {
    keep(&self->may_return, NULL, NULL, NULL);
}

static void callbacks_are_waited_for(void) {
    seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options), *child = NULL, *other = NULL;
    held call = HELD_INIT;
    CHECK_OK(seekauth_client_drain(client, LONG_MS));
    CHECK_OK(seekauth_client_with_scopes(client, "write.career_history", &child));
    CHECK_OK(seekauth_client_with_scopes(client, "write.right_to_work", &other));
    CHECK_OK(seekauth_client_get_token_async(child, 0, on_held, &call, NULL));
    await_outcome(&call.began);
    CHECK_ERROR(seekauth_client_drain(child, SHORT_MS), SEEKAUTH_TIMEOUT, "20 ms");
    CHECK_ERROR(seekauth_client_drain(client, SHORT_MS), SEEKAUTH_TIMEOUT, "callback");
    /* Another one's calls are its own. */
    CHECK_OK(seekauth_client_drain(other, LONG_MS));
    seekauth_client_free_and_wait(other);
    let_return(&call);
    CHECK_OK(seekauth_client_drain(client, 0));
    CHECK(call.has_returned && call.began.error == NULL);
    forget_outcome(&call.began);
    seekauth_client_free(child);
    seekauth_client_free(client);
}

static void closing_first_makes_it_quick(const char *silent) {
    seekauth_options options = oauth_options(silent);
    seekauth_client *client = make_client(&options);
    outcome result = OUTCOME_INIT;
    CHECK_OK(seekauth_client_get_token_async(client, 0, on_token, &result, NULL));
    seekauth_client_close(client);
    CHECK_OK(seekauth_client_drain(client, LONG_MS));
    CHECK(result.calls == 1 && seekauth_error_code(result.error) == SEEKAUTH_CANCELLED);
    forget_outcome(&result);
    seekauth_client_free(client);
}

/* What the callback uses may go with the client. */
static void a_client_is_freed_with_its_callbacks(const char *silent) {
    seekauth_options options = oauth_options(silent);
    seekauth_client *client = make_client(&options);
    outcome *result = calloc(1, sizeof *result);
    CHECK_OK(seekauth_client_get_token_async(client, 0, on_token, result, NULL));
    seekauth_client_free_and_wait(client);
    CHECK(result->calls == 1 && seekauth_error_code(result->error) == SEEKAUTH_CANCELLED);
    forget_outcome(result);
    free(result);
}

typedef struct {
    seekauth_client *client;
    outcome drained;
    outcome ended;
    outcome done;
} inside;

static void on_inside(void *user_data, seekauth_error *error, seekauth_token *token) {
    inside *self = user_data;
    seekauth_error_free(error);
    seekauth_token_free(token);
    keep(&self->drained, seekauth_client_drain(self->client, LONG_MS), NULL, NULL);
    keep(&self->ended, seekauth_shutdown(LONG_MS), NULL, NULL);
    seekauth_client_free_and_wait(self->client);
    keep(&self->done, NULL, NULL, NULL);
}

static void a_callback_does_not_wait_for_itself(void) {
    seekauth_options options = sandbox_options();
    inside calls = {make_client(&options), OUTCOME_INIT, OUTCOME_INIT, OUTCOME_INIT};
    CHECK_OK(seekauth_client_get_token_async(calls.client, 0, on_inside, &calls, NULL));
    await_outcome(&calls.done);
    CHECK(seekauth_error_code(calls.drained.error) == SEEKAUTH_INVALID_ARGUMENT);
    CHECK(seekauth_error_code(calls.ended.error) == SEEKAUTH_INVALID_ARGUMENT);
    forget_outcome(&calls.drained);
    forget_outcome(&calls.ended);
}

static int shut_down_inside(void *user_data, seekauth_credentials *credentials) {
    int *refused = user_data;
    seekauth_error *error = seekauth_shutdown(LONG_MS);
    (void)credentials;
    *refused = seekauth_error_code(error) == SEEKAUTH_INVALID_ARGUMENT;
    seekauth_error_free(error);
    return 1;
}

static void nor_does_a_function_for_credentials(void) {
    seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    seekauth_token *none = NULL;
    int refused = 0;
    options.client_id = NULL;
    options.client_secret = NULL;
    options.credentials_callback = shut_down_inside;
    options.credentials_user_data = &refused;
    seekauth_client *client = make_client(&options);
    CHECK_ERROR(seekauth_client_get_token(client, LONG_MS, &none), SEEKAUTH_CREDENTIALS_UNAVAILABLE, NULL);
    CHECK(refused);
    seekauth_client_free_and_wait(client);
    CHECK_OK(seekauth_shutdown(LONG_MS));
}

static void *wait_for_a_token(void *argument) {
    seekauth_token *none = NULL;
    return seekauth_client_get_token(argument, 0, &none);
}

static void a_shutdown_ends_every_call(int listener, const char *silent) {
    seekauth_options options = oauth_options(silent);
    seekauth_client *client = make_client(&options);
    outcome token = OUTCOME_INIT, authorization = OUTCOME_INIT;
    pthread_t waiting;
    void *error = NULL;
    CHECK_OK(seekauth_shutdown(0));
    CHECK(threads() == 0);
    CHECK_OK(seekauth_client_get_token_async(client, 0, on_token, &token, NULL));
    CHECK_OK(seekauth_client_authorization_async(client, 0, on_authorization, &authorization, NULL));
    seekauth_client *other = make_client(&options);
    CHECK(pthread_create(&waiting, NULL, wait_for_a_token, other) == 0);
    const int connections[] = {accept(listener, NULL, NULL), accept(listener, NULL, NULL)};
    CHECK_OK(seekauth_shutdown(LONG_MS));
    CHECK(token.calls == 1 && seekauth_error_code(token.error) == SEEKAUTH_CANCELLED);
    CHECK(authorization.calls == 1 && seekauth_error_code(authorization.error) == SEEKAUTH_CANCELLED);
    CHECK(pthread_join(waiting, &error) == 0);
    CHECK_ERROR(error, SEEKAUTH_CANCELLED, "shut down");
    CHECK(threads() == 0);
    CHECK_OK(seekauth_shutdown(LONG_MS));
    close(connections[0]);
    close(connections[1]);
    forget_outcome(&token);
    forget_outcome(&authorization);
    seekauth_client_free(other);
    seekauth_client_free(client);
}

static void the_next_call_starts_anew(void) {
    seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options), *child = NULL;
    char before[4096], after[4096];
    seekauth_token *token = NULL;
    CHECK_OK(seekauth_client_authorization(client, before, sizeof before, NULL));
    CHECK(threads() > 0);
    CHECK_OK(seekauth_shutdown(LONG_MS));
    CHECK_OK(seekauth_client_authorization(client, after, sizeof after, NULL));
    CHECK(strcmp(before, after) == 0 && threads() == 0);
    CHECK_OK(seekauth_client_with_scopes(client, "write.career_history", &child));
    CHECK_OK(seekauth_client_get_token(child, 0, &token));
    CHECK(threads() > 0);
    seekauth_client_free(child);
    seekauth_client_free(client);
    CHECK_OK(seekauth_shutdown(LONG_MS));
    CHECK(threads() == 0);
    /* It has no thread to ask, and needs none. */
    CHECK(seekauth_token_remaining_ms(token) > 0);
    seekauth_token_free(token);
}

static void a_callback_that_takes_too_long(void) {
    seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options);
    held call = HELD_INIT;
    CHECK_OK(seekauth_client_get_token_async(client, 0, on_held, &call, NULL));
    await_outcome(&call.began);
    CHECK_ERROR(seekauth_shutdown(SHORT_MS), SEEKAUTH_TIMEOUT, "still runs");
    let_return(&call);
    CHECK_OK(seekauth_shutdown(LONG_MS));
    CHECK(call.has_returned && threads() == 0);
    forget_outcome(&call.began);
    seekauth_client_free(client);
}

int main(void) {
    char silent[64];
    const int listener = silent_endpoint(silent, sizeof silent);
    a_shutdown_ends_every_call(listener, silent);
    callbacks_are_waited_for();
    closing_first_makes_it_quick(silent);
    a_client_is_freed_with_its_callbacks(silent);
    a_callback_does_not_wait_for_itself();
    nor_does_a_function_for_credentials();
    the_next_call_starts_anew();
    a_callback_that_takes_too_long();
    close(listener);
    return checks_failed();
}
