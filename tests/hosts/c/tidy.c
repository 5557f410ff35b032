/* Everything once: clients, tokens, errors, calls that block and call back, a function for credentials, a client
 * for tests. With an argument it ends without a shutdown, as programs may. Searches for leaks and races have
 * nothing to report. */

#include "check.h"
#include "outcome.h"

static int found(void *user_data, seekauth_credentials *credentials) {
    const char *const *pair = user_data;
    return seekauth_error_code(seekauth_credentials_set(credentials, pair[0], pair[1], NULL));
}

/* Written before the call, by the callback, and after it: each time by whoever has it then. */
typedef struct {
    int written;
    seekauth_token *token;
    char authorization[4096];
} shared;

static void on_shared(void *user_data, seekauth_error *error, seekauth_token *token) {
    shared *with = user_data;
    with->written++;
    with->token = token;
    if (token != NULL)
        snprintf(with->authorization, sizeof with->authorization, "%s", seekauth_token_authorization(token));
    seekauth_error_free(error);
}

static void on_body(void *user_data, seekauth_error *error, seekauth_response *response) {
    seekauth_response **to = user_data;
    *to = response;
    seekauth_error_free(error);
}

static int32_t respond(void *user_data, const seekauth_fake_request *request, seekauth_responder *responder) {
    const seekauth_fake_response response = {200, NULL, 0, "{\"data\":null}", 13};
    shared *with = user_data;
    with->written += strcmp(seekauth_fake_request_method(request), "POST") == 0;
    return seekauth_error_code(seekauth_responder_set(responder, &response));
}

/* A client for tests, whose responses come from a function. */
static void fake(const seekauth_graphql *operation) {
    const seekauth_fake_options options = SEEKAUTH_FAKE_OPTIONS_INIT;
    seekauth_client *client = NULL;
    seekauth_journal *journal = NULL;
    CHECK_OK(seekauth_client_fake(&options, &client));
    shared *with = calloc(1, sizeof *with);
    CHECK_OK(seekauth_fake_respond_with(client, respond, with, free));
    for (int i = 0; i < 5; i++) {
        seekauth_response *response = NULL;
        with->written++;
        CHECK_OK(seekauth_client_graphql(client, operation, &response));
        CHECK(with->written == 2 * i + 2);
        seekauth_response_free(response);
    }
    CHECK_OK(seekauth_fake_journal(client, &journal));
    CHECK(seekauth_journal_count(journal) == 6);
    seekauth_client_free_and_wait(client);
    seekauth_journal_free(journal);
}

int main(int count, char **arguments) {
    static const char *pair[] = {"sandbox-playground", "sandbox-playground-secret"};
    seekauth_options options = api_options(), pass = sandbox_options(), none = SEEKAUTH_OPTIONS_INIT;
    seekauth_graphql operation = SEEKAUTH_GRAPHQL_INIT;
    seekauth_response *response = NULL, *later = NULL;
    seekauth_client *client = NULL, *other = NULL;
    seekauth_token *token = NULL;
    seekauth_call *call = NULL;
    (void)arguments;
    CHECK_ERROR(seekauth_client_new(&none, &client), SEEKAUTH_INVALID_ARGUMENT, "service");
    options.client_id = NULL;
    options.client_secret = NULL;
    options.credentials_callback = found;
    options.credentials_user_data = (void *)pair;
    operation.query = "{ self { partner { name } } }";
    client = make_client(&options);
    other = make_client(&pass);
    CHECK_OK(seekauth_client_graphql(client, &operation, &response));
    CHECK(strstr(seekauth_response_body(response), "\"data\"") != NULL);
    CHECK_OK(seekauth_client_graphql_async(client, &operation, on_body, &later, &call));
    CHECK_OK(seekauth_client_drain(client, 0));
    CHECK(strcmp(seekauth_response_body(later), seekauth_response_body(response)) == 0);
    fake(&operation);
    CHECK_OK(seekauth_client_get_token(other, 0, &token));
    for (int i = 0; i < 20; i++) {
        shared *with = calloc(1, sizeof *with);
        with->written++;
        CHECK_OK(seekauth_client_get_token_async(other, 0, on_shared, with, NULL));
        CHECK_OK(seekauth_client_drain(other, 0));
        with->written++;
        CHECK(with->written == 3 && strcmp(with->authorization, seekauth_token_authorization(token)) == 0);
        seekauth_token_free(with->token);
        free(with);
    }
    CHECK(strcmp(seekauth_error_code_name(SEEKAUTH_THROTTLED), "throttled") == 0);
    seekauth_token_free(token);
    seekauth_call_free(call);
    seekauth_response_free(response);
    seekauth_response_free(later);
    seekauth_client_free_and_wait(other);
    if (count > 1) {
        seekauth_client_free_and_wait(client);
        return checks_failed();
    }
    CHECK_OK(seekauth_shutdown(0));
    seekauth_client_free(client);
    return checks_failed();
}
