/* Compiled against seekauth-0.1.h, the header as the first release of this SONAME had it, and run with
 * today's library. Neither file is ever edited: if this stops working, so do the programs out there. */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "seekauth-0.1.h"

static int failed(const char *what) {
    fprintf(stderr, "abi: %s\n", what);
    return EXIT_FAILURE;
}

/* The first header of all had no accept_language and no field behind it. */
static int shorter_options_are_accepted(seekauth_options options) {
    seekauth_client *client = NULL;
    options.struct_size = offsetof(seekauth_options, accept_language);
    options.accept_language = (const char *)-1;
    if (seekauth_client_new(&options, &client) != NULL)
        return failed("no client for shorter options");
    seekauth_client_free(client);
    return EXIT_SUCCESS;
}

static int a_request_is_sent(const seekauth_client *client) {
    const seekauth_header json = {"Content-Type", "application/json"};
    seekauth_http_request request = SEEKAUTH_HTTP_REQUEST_INIT;
    seekauth_response *response = NULL;
    request.method = "POST";
    request.url = "/api/partner/v1/add/education.json";
    request.headers = &json;
    request.header_count = 1;
    request.body = "{\"id\": \"abi-test\"}";
    request.body_length = strlen(request.body);
    request.timeout_ms = 10000;
    if (seekauth_client_send(client, &request, &response) != NULL)
        return failed("no response");
    const char *type = seekauth_response_header(response, "content-type");
    if (seekauth_response_status(response) != 201 || type == NULL ||
        strlen(seekauth_response_body(response)) != seekauth_response_body_length(response) ||
        seekauth_response_header_count(response) == 0 ||
        seekauth_response_header_name(response, 0) == NULL ||
        seekauth_response_header_value(response, 0) == NULL)
        return failed("the response is not what it was");
    seekauth_response_free(response);
    return EXIT_SUCCESS;
}

static int find(void *user_data, seekauth_credentials *credentials) {
    return seekauth_credentials_set(credentials, user_data, "sandbox-playground-secret", NULL) != NULL;
}

static void count_up(void *user_data) {
    ((char *)user_data)[0]++;
}

static int an_operation_is_sent(void) {
    char id[] = "sandbox-playground";
    seekauth_options options = SEEKAUTH_OPTIONS_INIT;
    seekauth_graphql operation = SEEKAUTH_GRAPHQL_INIT;
    seekauth_client *client = NULL;
    seekauth_response *response = NULL;
    options.service = "seek_api";
    options.environment = "playground";
    options.token_url = getenv("SANDBOX_TOKEN_URL");
    options.api_url = getenv("SANDBOX_GRAPHQL_URL");
    options.user_agent = "abi-test/1.0";
    options.credentials_callback = find;
    options.credentials_user_data = id;
    options.credentials_free = count_up;
    operation.query = "{ self { partner { name } } }";
    operation.timeout_ms = 10000;
    if (seekauth_client_new(&options, &client) != NULL)
        return failed("no client with a callback for credentials");
    if (strcmp(seekauth_client_api_url(client), options.api_url) != 0 ||
        strcmp(seekauth_client_warnings(client), "") != 0)
        return failed("the client is not what it was");
    if (seekauth_client_graphql(client, &operation, &response) != NULL ||
        strstr(seekauth_response_body(response), "\"data\"") == NULL)
        return failed("no response to a GraphQL operation");
    seekauth_response_free(response);
    seekauth_client_free(client);
    /* Once, when no more call can come. */
    if (id[0] != 's' + 1)
        return failed("the callback's data was not freed");
    return EXIT_SUCCESS;
}

static int a_flow_has_two_attempts(const seekauth_client *client) {
    const seekauth_header own = {"X-Own", "1"};
    seekauth_auth_flow *flow = NULL;
    bool more = true;
    if (seekauth_client_auth_flow(client, seekauth_client_api_url(client), true, &flow) != NULL ||
        seekauth_auth_flow_attempt(flow, "Bearer one", &own, 1) != NULL)
        return failed("no flow");
    if (seekauth_auth_flow_header_count(flow) != 4 ||
        strcmp(seekauth_auth_flow_header_name(flow, 0), "X-Own") != 0 ||
        strcmp(seekauth_auth_flow_header_value(flow, 0), "1") != 0)
        return failed("the headers are not what they were");
    if (seekauth_auth_flow_inspect(flow, 401, NULL, &more) != NULL ||
        (more && seekauth_auth_flow_feed(flow, "{}", 2)) || !seekauth_auth_flow_rejected(flow))
        return failed("a rejection was not seen");
    if (seekauth_auth_flow_retry(flow) != NULL)
        return failed("no second attempt");
    seekauth_error *error = seekauth_auth_flow_retry(flow);
    if (seekauth_error_code(error) != SEEKAUTH_TOKEN_REJECTED)
        return failed("a third attempt was not refused");
    seekauth_error_free(error);
    seekauth_auth_flow_free(flow);
    return EXIT_SUCCESS;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int calls;

static void arrived(bool is_right) {
    pthread_mutex_lock(&lock);
    calls += is_right ? 1 : 100;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static void on_token(void *user_data, seekauth_error *error, seekauth_token *token) {
    arrived(user_data == &calls && error == NULL && token != NULL);
    seekauth_token_free(token);
}

static void on_authorization(void *user_data, seekauth_error *error, const char *authorization) {
    arrived(user_data == &calls && error == NULL && strncmp(authorization, "Bearer ", 7) == 0);
}

static void on_response(void *user_data, seekauth_error *error, seekauth_response *response) {
    /* A response or an error: SEEK Pass has neither such a path nor GraphQL. */
    arrived(user_data == &calls && (error == NULL) != (response == NULL));
    seekauth_error_free(error);
    seekauth_response_free(response);
}

static int callbacks_run(const seekauth_client *client) {
    seekauth_http_request request = SEEKAUTH_HTTP_REQUEST_INIT;
    seekauth_graphql operation = SEEKAUTH_GRAPHQL_INIT;
    seekauth_call *call = NULL;
    request.method = "GET";
    request.url = "/";
    operation.query = "{ self { partner { name } } }";
    if (seekauth_client_get_token_async(client, 0, on_token, &calls, &call) != NULL ||
        seekauth_client_authorization_async(client, 0, on_authorization, &calls, NULL) != NULL ||
        seekauth_client_send_async(client, &request, on_response, &calls, NULL) != NULL ||
        seekauth_client_graphql_async(client, &operation, on_response, &calls, NULL) != NULL)
        return failed("no call");
    pthread_mutex_lock(&lock);
    while (calls < 4)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    seekauth_call_cancel(call);
    seekauth_call_free(call);
    return calls == 4 ? EXIT_SUCCESS : failed("an outcome is not what it was");
}

int main(void) {
    seekauth_options options = SEEKAUTH_OPTIONS_INIT;
    seekauth_client *client = NULL, *other = NULL;
    seekauth_token *token = NULL, *cached = NULL;
    seekauth_error *error = NULL;
    char header[4096];
    size_t length = 0;
    bool invalidated = false;
    const struct timespec moment = {0, 10 * 1000 * 1000};

    error = seekauth_client_new(&options, &client);
    if (seekauth_error_code(error) != SEEKAUTH_INVALID_ARGUMENT || client != NULL)
        return failed("options without a service were not refused");
    if (strcmp(seekauth_error_name(error), "invalid_argument") != 0 ||
        seekauth_error_message(error) == NULL || seekauth_error_retryable(error) ||
        seekauth_error_retry_after_ms(error) != -1 || seekauth_error_status(error) != 0 ||
        seekauth_error_server_code(error) != NULL || seekauth_error_target(error) != NULL)
        return failed("the error is not what it was");
    seekauth_error_free(error);
    if (strcmp(seekauth_error_code_name(SEEKAUTH_THROTTLED), "throttled") != 0 ||
        seekauth_error_code_meaning(SEEKAUTH_INTERNAL) == NULL || seekauth_version() == NULL)
        return failed("a static text is not what it was");
    error = seekauth_client_from_env(&client);
    if ((error == NULL) == (client == NULL))
        return failed("neither an error nor a client, or both");
    seekauth_error_free(error);
    seekauth_client_free(client);

    options.service = "seek_pass";
    options.environment = "staging";
    options.base_url = getenv("SANDBOX_PASS_URL");
    options.client_id = "sandbox-pass";
    options.client_secret = "sandbox-pass-secret & more=100%";
    options.user_agent = "abi-test/1.0";
    options.scopes = "write.education";
    options.timeout_ms = 10000;
    options.stay_warm = 0;
    if (seekauth_client_new(&options, &client) != NULL)
        return failed("no client");
    if (seekauth_client_authorization(client, header, sizeof header, &length) != NULL)
        return failed("no authorization");
    if (strncmp(header, "Bearer ", 7) != 0 || strlen(header) != length)
        return failed("not a header value");
    if (seekauth_client_get_token(client, 1000, &token) != NULL)
        return failed("no token");
    if (strcmp(seekauth_token_authorization(token), header) != 0 ||
        strcmp(seekauth_token_value(token), header + 7) != 0 ||
        seekauth_token_remaining_ms(token) == 0 || seekauth_token_expires_at_ms(token) == 0 ||
        seekauth_token_scope_count(token) != 1 ||
        strcmp(seekauth_token_scope(token, 0), "write.education") != 0)
        return failed("the token is not what it was");
    /* A token that has just been issued is given a moment: servers may take one to accept it. */
    for (int tries = 0; tries < 1000 && !invalidated; tries++) {
        nanosleep(&moment, NULL);
        if (seekauth_client_invalidate(client, header, &invalidated) != NULL)
            return failed("invalidating failed");
    }
    if (!invalidated)
        return failed("the token was not invalidated");
    if (seekauth_client_cached_token(client, &cached) != NULL || cached != NULL)
        return failed("an invalidated token is still in the cache");
    if (seekauth_client_with_scopes(client, "write.career_history", &other) != NULL)
        return failed("no client for other scopes");
    seekauth_token_free(token);
    seekauth_client_close(other);
    seekauth_client_free(other);
    if (shorter_options_are_accepted(options) != EXIT_SUCCESS ||
        a_request_is_sent(client) != EXIT_SUCCESS || an_operation_is_sent() != EXIT_SUCCESS ||
        a_flow_has_two_attempts(client) != EXIT_SUCCESS || callbacks_run(client) != EXIT_SUCCESS)
        return EXIT_FAILURE;
    seekauth_client_free(client);
    return EXIT_SUCCESS;
}
