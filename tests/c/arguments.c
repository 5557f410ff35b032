/* NULL and garbage to every function of the header: each says which argument was wrong, or returns
 * what it promises, and writes no output. */

#include "check.h"

static const char NOT_UTF8[] = {'a', (char)0xff, 'b', 0};

static void on_token(void *user_data, seekauth_error *error, seekauth_token *token) {
    (void)user_data;
    seekauth_error_free(error);
    seekauth_token_free(token);
    CHECK(!"a call that failed must not run its callback");
}

static void on_authorization(void *user_data, seekauth_error *error, const char *authorization) {
    (void)authorization;
    on_token(user_data, error, NULL);
}

static void on_response(void *user_data, seekauth_error *error, seekauth_response *response) {
    seekauth_response_free(response);
    on_token(user_data, error, NULL);
}

static void making_a_client(void) {
    seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    seekauth_client *client = NULL;
    CHECK_ERROR(seekauth_client_new(NULL, &client), SEEKAUTH_INVALID_ARGUMENT, "options");
    CHECK_ERROR(seekauth_client_new(&options, NULL), SEEKAUTH_INVALID_ARGUMENT, "out");
    CHECK_ERROR(seekauth_client_from_env(NULL), SEEKAUTH_INVALID_ARGUMENT, "out");
    CHECK_ERROR(seekauth_client_from_env_with_prefix(NULL, &client), SEEKAUTH_INVALID_ARGUMENT, "prefix");
    CHECK_ERROR(seekauth_client_from_env_with_prefix(NOT_UTF8, &client), SEEKAUTH_INVALID_ARGUMENT,
                "prefix");
    CHECK_ERROR(seekauth_client_from_env_with_prefix("PASS", &client), SEEKAUTH_INVALID_ARGUMENT,
                "underscore last");
    CHECK_ERROR(seekauth_client_from_env_with_prefix("PASS_", NULL), SEEKAUTH_INVALID_ARGUMENT, "out");
    CHECK(client == NULL);
    CHECK(seekauth_client_api_url(NULL) == NULL);
    CHECK(strcmp(seekauth_client_warnings(NULL), "") == 0);
    seekauth_client_close(NULL);
    seekauth_client_free(NULL);
}

static void credentials_without_a_receiver(void) {
    CHECK_ERROR(seekauth_credentials_set(NULL, "id", "secret", NULL), SEEKAUTH_INVALID_ARGUMENT,
                "credentials");
}

static int wrong_credentials(void *user_data, seekauth_credentials *credentials) {
    (void)user_data;
    CHECK_ERROR(seekauth_credentials_set(credentials, NULL, "secret", NULL),
                SEEKAUTH_INVALID_ARGUMENT, "client_id");
    CHECK_ERROR(seekauth_credentials_set(credentials, "id", NULL, NULL), SEEKAUTH_INVALID_ARGUMENT,
                "client_secret");
    CHECK_ERROR(seekauth_credentials_set(credentials, "id", NOT_UTF8, NULL),
                SEEKAUTH_INVALID_ARGUMENT, "client_secret");
    CHECK_ERROR(seekauth_credentials_set(credentials, "id", "secret", NOT_UTF8),
                SEEKAUTH_INVALID_ARGUMENT, "client_secret_next");
    return 1;
}

static void credentials_with_bad_arguments(void) {
    seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    seekauth_token *token = NULL;
    options.client_id = NULL;
    options.client_secret = NULL;
    options.credentials_callback = wrong_credentials;
    seekauth_client *client = make_client(&options);
    CHECK_ERROR(seekauth_client_get_token(client, 5000, &token), SEEKAUTH_CREDENTIALS_UNAVAILABLE,
                NULL);
    CHECK(token == NULL);
    seekauth_client_free(client);
}

static void client_without_a_self(void) {
    seekauth_client *client = NULL;
    seekauth_token *token = NULL;
    seekauth_call *call = NULL;
    size_t length = 7;
    bool invalidated = true;
    char buffer[8] = "as was";
    CHECK_ERROR(seekauth_client_with_scopes(NULL, "a", &client), SEEKAUTH_INVALID_ARGUMENT, "client");
    CHECK_ERROR(seekauth_client_authorization(NULL, buffer, sizeof buffer, &length),
                SEEKAUTH_INVALID_ARGUMENT, "client");
    CHECK_ERROR(seekauth_client_authorization_async(NULL, 0, on_authorization, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "client");
    CHECK_ERROR(seekauth_client_get_token(NULL, 0, &token), SEEKAUTH_INVALID_ARGUMENT, "client");
    CHECK_ERROR(seekauth_client_get_token_async(NULL, 0, on_token, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "client");
    CHECK_ERROR(seekauth_client_cached_token(NULL, &token), SEEKAUTH_INVALID_ARGUMENT, "client");
    seekauth_store_status *status = NULL;
    CHECK_ERROR(seekauth_client_store_status(NULL, &status), SEEKAUTH_INVALID_ARGUMENT, "client");
    CHECK(status == NULL && seekauth_store_status_kind(NULL) == NULL);
    CHECK(!seekauth_store_status_usable(NULL) && seekauth_store_status_last_problem(NULL) == NULL);
    CHECK(seekauth_store_status_count(NULL, "reads") == 0);
    seekauth_store_status_free(NULL);
    CHECK_ERROR(seekauth_client_invalidate(NULL, "a", &invalidated), SEEKAUTH_INVALID_ARGUMENT, "client");
    CHECK_ERROR(seekauth_client_drain(NULL, 0), SEEKAUTH_INVALID_ARGUMENT, "client");
    seekauth_client_free_and_wait(NULL);
    CHECK(client == NULL && token == NULL && call == NULL);
    CHECK(length == 7 && invalidated && strcmp(buffer, "as was") == 0);
}

static void client_with_bad_arguments(void) {
    seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    seekauth_client *client = make_client(&options);
    seekauth_client *other = NULL;
    seekauth_token *token = NULL;
    seekauth_call *call = NULL;
    size_t length = 7;
    bool invalidated = true;
    CHECK_ERROR(seekauth_client_with_scopes(client, NULL, &other), SEEKAUTH_INVALID_ARGUMENT,
                "scopes");
    CHECK_ERROR(seekauth_client_with_scopes(client, NOT_UTF8, &other), SEEKAUTH_INVALID_ARGUMENT,
                "scopes");
    CHECK_ERROR(seekauth_client_with_scopes(client, "a\"b", &other), SEEKAUTH_INVALID_ARGUMENT,
                "scope");
    CHECK_ERROR(seekauth_client_with_scopes(client, "a", NULL), SEEKAUTH_INVALID_ARGUMENT, "out");
    CHECK_ERROR(seekauth_client_authorization(client, NULL, 8, &length), SEEKAUTH_INVALID_ARGUMENT,
                "buffer");
    CHECK_ERROR(seekauth_client_authorization(client, NULL, 0, NULL), SEEKAUTH_INVALID_ARGUMENT,
                "length");
    CHECK_ERROR(seekauth_client_authorization_async(client, 0, NULL, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "callback");
    CHECK_ERROR(seekauth_client_authorization_async(client, UINT64_MAX, on_authorization, NULL,
                                                    &call),
                SEEKAUTH_INVALID_ARGUMENT, "timeout_ms");
    CHECK_ERROR(seekauth_client_get_token(client, 0, NULL), SEEKAUTH_INVALID_ARGUMENT, "out");
    CHECK_ERROR(seekauth_client_get_token(client, UINT64_MAX, &token), SEEKAUTH_INVALID_ARGUMENT,
                "timeout_ms");
    CHECK_ERROR(seekauth_client_get_token_async(client, 0, NULL, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "callback");
    CHECK_ERROR(seekauth_client_get_token_async(client, UINT64_MAX, on_token, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "timeout_ms");
    CHECK_ERROR(seekauth_client_cached_token(client, NULL), SEEKAUTH_INVALID_ARGUMENT, "out");
    CHECK_ERROR(seekauth_client_store_status(client, NULL), SEEKAUTH_INVALID_ARGUMENT, "out");
    seekauth_store_status *none = NULL;
    CHECK_OK(seekauth_client_store_status(client, &none));
    CHECK(strcmp(seekauth_store_status_kind(none), "none") == 0);
    CHECK(seekauth_store_status_count(none, NULL) == 0 && seekauth_store_status_count(none, "x") == 0);
    seekauth_store_status_free(none);
    CHECK_ERROR(seekauth_client_invalidate(client, NULL, &invalidated), SEEKAUTH_INVALID_ARGUMENT, "token");
    CHECK_ERROR(seekauth_client_invalidate(client, NOT_UTF8, &invalidated), SEEKAUTH_INVALID_ARGUMENT,
                "token");
    CHECK_ERROR(seekauth_client_drain(client, UINT64_MAX), SEEKAUTH_INVALID_ARGUMENT, "timeout_ms");
    CHECK_ERROR(seekauth_shutdown(UINT64_MAX), SEEKAUTH_INVALID_ARGUMENT, "timeout_ms");
    CHECK(other == NULL && token == NULL && call == NULL);
    CHECK(length == 7 && invalidated);

    /* Where an output may be NULL it is not missed. */
    CHECK_OK(seekauth_client_invalidate(client, "unknown", NULL));
    seekauth_client_close(client);
    seekauth_client_close(client);
    CHECK_ERROR(seekauth_client_get_token(client, 0, &token), SEEKAUTH_CLOSED, NULL);
    CHECK_OK(seekauth_client_cached_token(client, &token));
    CHECK(token == NULL);
    seekauth_client_free(client);
}

static void sending_without_a_self(void) {
    seekauth_http_request get = SEEKAUTH_HTTP_REQUEST_INIT;
    seekauth_graphql query = SEEKAUTH_GRAPHQL_INIT;
    seekauth_response *response = NULL;
    seekauth_call *call = NULL;
    get.method = "GET";
    get.url = "/";
    query.query = "{ self { partner { name } } }";
    CHECK_ERROR(seekauth_client_send(NULL, &get, &response), SEEKAUTH_INVALID_ARGUMENT, "client");
    CHECK_ERROR(seekauth_client_send_async(NULL, &get, on_response, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "client");
    CHECK_ERROR(seekauth_client_graphql(NULL, &query, &response), SEEKAUTH_INVALID_ARGUMENT,
                "client");
    CHECK_ERROR(seekauth_client_graphql_async(NULL, &query, on_response, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "client");
    CHECK(response == NULL && call == NULL);
}

static void sending_with_bad_arguments(void) {
    seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    seekauth_http_request get = SEEKAUTH_HTTP_REQUEST_INIT;
    seekauth_graphql query = SEEKAUTH_GRAPHQL_INIT;
    seekauth_response *response = NULL;
    seekauth_call *call = NULL;
    options.api_url = "http://127.0.0.1:9/";
    seekauth_client *client = make_client(&options);
    get.method = "GET";
    get.url = "/";
    query.query = "{ self { partner { name } } }";
    CHECK_ERROR(seekauth_client_send(client, NULL, &response), SEEKAUTH_INVALID_ARGUMENT, "request");
    CHECK_ERROR(seekauth_client_send(client, &get, NULL), SEEKAUTH_INVALID_ARGUMENT, "out");
    CHECK_ERROR(seekauth_client_send_async(client, NULL, on_response, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "request");
    CHECK_ERROR(seekauth_client_send_async(client, &get, NULL, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "callback");
    CHECK_ERROR(seekauth_client_graphql(client, NULL, &response), SEEKAUTH_INVALID_ARGUMENT,
                "operation");
    CHECK_ERROR(seekauth_client_graphql(client, &query, NULL), SEEKAUTH_INVALID_ARGUMENT, "out");
    CHECK_ERROR(seekauth_client_graphql_async(client, NULL, on_response, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "operation");
    CHECK_ERROR(seekauth_client_graphql_async(client, &query, NULL, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "callback");
    get.timeout_ms = UINT64_MAX;
    query.timeout_ms = UINT64_MAX;
    CHECK_ERROR(seekauth_client_send_async(client, &get, on_response, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "timeout_ms");
    CHECK_ERROR(seekauth_client_graphql_async(client, &query, on_response, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "timeout_ms");
    CHECK(response == NULL && call == NULL);
    seekauth_client_free(client);
}

static void auth_flows(void) {
    seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    seekauth_auth_flow *flow = NULL;
    seekauth_token *token = NULL;
    seekauth_call *call = NULL;
    const seekauth_header nameless = {NULL, "value"}, valueless = {"X-Name", NULL},
                          garbled = {NOT_UTF8, "value"};
    bool more = true;
    options.api_url = "http://127.0.0.1:9/";
    seekauth_client *client = make_client(&options);
    CHECK_ERROR(seekauth_client_auth_flow(NULL, "http://127.0.0.1:9/", true, &flow),
                SEEKAUTH_INVALID_ARGUMENT, "client");
    CHECK_ERROR(seekauth_client_auth_flow(client, NULL, true, &flow), SEEKAUTH_INVALID_ARGUMENT,
                "url");
    CHECK_ERROR(seekauth_client_auth_flow(client, NOT_UTF8, true, &flow),
                SEEKAUTH_INVALID_ARGUMENT, "url");
    CHECK_ERROR(seekauth_client_auth_flow(client, "http://127.0.0.1:9/", true, NULL),
                SEEKAUTH_INVALID_ARGUMENT, "out");
    CHECK(flow == NULL);
    CHECK_ERROR(seekauth_auth_flow_get_token(NULL, 0, &token), SEEKAUTH_INVALID_ARGUMENT, "auth_flow");
    CHECK_ERROR(seekauth_auth_flow_get_token_async(NULL, 0, on_token, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "auth_flow");
    CHECK_ERROR(seekauth_auth_flow_check_host(NULL, "127.0.0.1:9"), SEEKAUTH_INVALID_ARGUMENT,
                "auth_flow");
    CHECK_ERROR(seekauth_auth_flow_attempt(NULL, "Bearer a", NULL, 0), SEEKAUTH_INVALID_ARGUMENT,
                "auth_flow");
    CHECK_ERROR(seekauth_auth_flow_inspect(NULL, 200, NULL, &more), SEEKAUTH_INVALID_ARGUMENT,
                "auth_flow");
    CHECK_ERROR(seekauth_auth_flow_retry(NULL), SEEKAUTH_INVALID_ARGUMENT, "auth_flow");
    CHECK(seekauth_auth_flow_header_count(NULL) == 0);
    CHECK(seekauth_auth_flow_header_name(NULL, 0) == NULL);
    CHECK(seekauth_auth_flow_header_value(NULL, 0) == NULL);
    CHECK(!seekauth_auth_flow_feed(NULL, "{", 1));
    CHECK(!seekauth_auth_flow_rejected(NULL));
    seekauth_auth_flow_free(NULL);

    CHECK_OK(seekauth_client_auth_flow(client, "http://127.0.0.1:9/", true, &flow));
    CHECK_ERROR(seekauth_auth_flow_get_token(flow, 0, NULL), SEEKAUTH_INVALID_ARGUMENT, "out");
    CHECK_ERROR(seekauth_auth_flow_get_token(flow, UINT64_MAX, &token), SEEKAUTH_INVALID_ARGUMENT,
                "timeout_ms");
    CHECK_ERROR(seekauth_auth_flow_get_token_async(flow, 0, NULL, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "callback");
    CHECK_ERROR(seekauth_auth_flow_get_token_async(flow, UINT64_MAX, on_token, NULL, &call),
                SEEKAUTH_INVALID_ARGUMENT, "timeout_ms");
    CHECK_ERROR(seekauth_auth_flow_check_host(flow, NULL), SEEKAUTH_INVALID_ARGUMENT, "host");
    CHECK_ERROR(seekauth_auth_flow_check_host(flow, NOT_UTF8), SEEKAUTH_INVALID_ARGUMENT, "host");
    CHECK(token == NULL && call == NULL);
    CHECK_ERROR(seekauth_auth_flow_attempt(flow, NULL, NULL, 0), SEEKAUTH_INVALID_ARGUMENT,
                "authorization");
    CHECK_ERROR(seekauth_auth_flow_attempt(flow, NOT_UTF8, NULL, 0), SEEKAUTH_INVALID_ARGUMENT,
                "authorization");
    CHECK_ERROR(seekauth_auth_flow_attempt(flow, "Bearer a", NULL, 1), SEEKAUTH_INVALID_ARGUMENT,
                "headers");
    CHECK_ERROR(seekauth_auth_flow_attempt(flow, "Bearer a", &valueless, SIZE_MAX),
                SEEKAUTH_INVALID_ARGUMENT, "headers");
    CHECK_ERROR(seekauth_auth_flow_attempt(flow, "Bearer a", &nameless, 1),
                SEEKAUTH_INVALID_ARGUMENT, "headers[0].name");
    CHECK_ERROR(seekauth_auth_flow_attempt(flow, "Bearer a", &garbled, 1),
                SEEKAUTH_INVALID_ARGUMENT, "headers[0].name");
    CHECK_ERROR(seekauth_auth_flow_attempt(flow, "Bearer a", &valueless, 1),
                SEEKAUTH_INVALID_ARGUMENT, "headers[0].value");
    CHECK(seekauth_auth_flow_header_count(flow) == 0);
    CHECK_ERROR(seekauth_auth_flow_inspect(flow, -1, NULL, &more), SEEKAUTH_INVALID_ARGUMENT,
                "status");
    CHECK_ERROR(seekauth_auth_flow_inspect(flow, 65536 + 200, NULL, &more),
                SEEKAUTH_INVALID_ARGUMENT, "status");
    CHECK_ERROR(seekauth_auth_flow_inspect(flow, 200, NOT_UTF8, &more),
                SEEKAUTH_INVALID_ARGUMENT, "url");
    CHECK(more);
    /* Before there is a response. */
    CHECK(!seekauth_auth_flow_feed(flow, "{", 1));
    CHECK(!seekauth_auth_flow_rejected(flow));
    CHECK_OK(seekauth_auth_flow_inspect(flow, 200, NULL, NULL));
    CHECK(!seekauth_auth_flow_feed(flow, NULL, 1));
    seekauth_auth_flow_free(flow);
    seekauth_client_free(client);
}

static void text_settings_that_are_not_utf8(void) {
    seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    seekauth_client *client = NULL;
    options.client_secret = NOT_UTF8;
    CHECK_ERROR(seekauth_client_new(&options, &client), SEEKAUTH_INVALID_ARGUMENT, "client_secret");
    CHECK(client == NULL);
}

static void accessors_of_nothing(void) {
    CHECK(strcmp(seekauth_version(), SEEKAUTH_VERSION) == 0 && SEEKAUTH_VERSION_FITS());
    CHECK(seekauth_version_fits(0, 0, 0));
    CHECK(!seekauth_version_fits(SEEKAUTH_VERSION_MAJOR, SEEKAUTH_VERSION_MINOR + 1, 0));
    CHECK(!seekauth_version_fits(UINT32_MAX, 0, 0));
    CHECK(seekauth_error_code(NULL) == SEEKAUTH_OK);
    CHECK(strcmp(seekauth_error_name(NULL), "ok") == 0);
    CHECK(seekauth_error_message(NULL) == NULL);
    CHECK(!seekauth_error_retryable(NULL));
    CHECK(seekauth_error_retry_after_ms(NULL) == -1);
    CHECK(seekauth_error_status(NULL) == 0);
    CHECK(seekauth_error_server_code(NULL) == NULL);
    CHECK(seekauth_error_target(NULL) == NULL);
    CHECK(seekauth_error_request_id(NULL) == NULL);
    CHECK(seekauth_error_server_message(NULL) == NULL);
    CHECK(seekauth_error_server_path(NULL) == NULL);
    CHECK(seekauth_response_request_id(NULL) == NULL);
    CHECK(seekauth_error_code_name(-1) == NULL);
    CHECK(seekauth_error_code_meaning(-1) == NULL);
    CHECK(!seekauth_error_code_retryable(-1));
    seekauth_error_free(NULL);
    CHECK(seekauth_token_value(NULL) == NULL);
    CHECK(seekauth_token_authorization(NULL) == NULL);
    CHECK(seekauth_token_expires_at_ms(NULL) == 0);
    CHECK(seekauth_token_remaining_ms(NULL) == 0);
    CHECK(seekauth_token_scope_count(NULL) == 0);
    CHECK(seekauth_token_scope(NULL, 0) == NULL);
    seekauth_token_free(NULL);
    CHECK(seekauth_response_status(NULL) == 0);
    CHECK(seekauth_response_header(NULL, "date") == NULL);
    CHECK(seekauth_response_header_count(NULL) == 0);
    CHECK(seekauth_response_header_name(NULL, 0) == NULL);
    CHECK(seekauth_response_header_value(NULL, 0) == NULL);
    CHECK(seekauth_response_body(NULL) == NULL);
    CHECK(seekauth_response_body_length(NULL) == 0);
    seekauth_response_free(NULL);
    seekauth_call_cancel(NULL);
    seekauth_call_free(NULL);
}

static void on_event(void *user_data, const seekauth_event *event) {
    (void)user_data;
    (void)event;
    CHECK(!"nothing happens here that could be told");
}

static void events(void) {
    const seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    seekauth_client *client = make_client(&options);
    CHECK_ERROR(seekauth_client_set_event_callback(NULL, "info", on_event, NULL, NULL),
                SEEKAUTH_INVALID_ARGUMENT, "client");
    CHECK_ERROR(seekauth_client_set_event_callback(NULL, NULL, NULL, NULL, NULL),
                SEEKAUTH_INVALID_ARGUMENT, "client");
    CHECK_ERROR(seekauth_client_set_event_callback(client, NULL, on_event, NULL, NULL),
                SEEKAUTH_INVALID_ARGUMENT, "level is NULL");
    CHECK_ERROR(seekauth_client_set_event_callback(client, NOT_UTF8, on_event, NULL, NULL),
                SEEKAUTH_INVALID_ARGUMENT, "level is not valid UTF-8");
    CHECK_ERROR(seekauth_client_set_event_callback(client, "INFO", on_event, NULL, NULL),
                SEEKAUTH_INVALID_ARGUMENT, "level has to be");
    CHECK_OK(seekauth_client_set_event_callback(client, NOT_UTF8, NULL, NULL, NULL));
    CHECK(seekauth_event_name(NULL) == NULL && seekauth_event_level(NULL) == NULL);
    CHECK(seekauth_event_message(NULL) == NULL);
    CHECK(seekauth_event_time_ms(NULL) == 0);
    CHECK(seekauth_event_field(NULL, "status") == NULL);
    CHECK(seekauth_event_field_number(NULL, "status") == -1);
    CHECK(seekauth_event_field_count(NULL) == 0);
    CHECK(seekauth_event_field_name(NULL, 0) == NULL && seekauth_event_field_value(NULL, 0) == NULL);
    seekauth_client_free(client);
}

static void figures(void) {
    const seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    seekauth_client *client = make_client(&options);
    seekauth_stats *stats = NULL;
    CHECK_ERROR(seekauth_client_stats(NULL, &stats), SEEKAUTH_INVALID_ARGUMENT, "client");
    CHECK_ERROR(seekauth_client_stats(client, NULL), SEEKAUTH_INVALID_ARGUMENT, "out");
    CHECK(stats == NULL);
    CHECK(seekauth_stats_count(NULL, "waits") == 0);
    CHECK(seekauth_stats_waited_ms(NULL) == 0);
    CHECK(seekauth_stats_failures(NULL, SEEKAUTH_NETWORK) == 0);
    CHECK(seekauth_stats_failure_count(NULL) == 0);
    CHECK(seekauth_stats_failure_code(NULL, 0) == SEEKAUTH_OK);
    CHECK(seekauth_stats_token_count(NULL) == 0);
    CHECK(seekauth_stats_token_scopes(NULL, 0) == NULL && seekauth_stats_token_state(NULL, 0) == NULL);
    CHECK(seekauth_stats_token_remaining_ms(NULL, 0) == -1);
    CHECK(seekauth_stats_token_obtained_at_ms(NULL, 0) == -1);
    CHECK(!seekauth_stats_token_requesting(NULL, 0));
    CHECK(seekauth_stats_token_last_failure(NULL, 0) == SEEKAUTH_OK);
    CHECK_OK(seekauth_client_stats(client, &stats));
    CHECK(seekauth_stats_count(stats, NULL) == 0 && seekauth_stats_count(stats, NOT_UTF8) == 0);
    seekauth_stats_free(stats);
    seekauth_stats_free(NULL);
    seekauth_client_free(client);
}

static int32_t on_request(void *user_data, const seekauth_fake_request *request,
                          seekauth_responder *responder) {
    (void)user_data;
    (void)request;
    (void)responder;
    CHECK(!"nothing is asked for a response");
    return SEEKAUTH_INTERNAL;
}

static void fakes(void) {
    const seekauth_header header = {"x", NOT_UTF8};
    const seekauth_fake_response response = {200, &header, 1, NULL, 0}, bodiless = {200, NULL, 0, NULL, 1};
    seekauth_fake_options options = SEEKAUTH_FAKE_OPTIONS_INIT;
    seekauth_client *client = NULL, *none = NULL;
    seekauth_journal *journal = NULL;
    CHECK_ERROR(seekauth_client_fake(NULL, &none), SEEKAUTH_INVALID_ARGUMENT, "options");
    CHECK_ERROR(seekauth_client_fake(&options, NULL), SEEKAUTH_INVALID_ARGUMENT, "out");
    const char **const texts[] = {&options.token, &options.scopes, &options.api_url};
    const char *const names[] = {"token", "scopes", "api_url"};
    for (size_t i = 0; i < 3; i++) {
        *texts[i] = NOT_UTF8;
        CHECK_ERROR(seekauth_client_fake(&options, &none), SEEKAUTH_INVALID_ARGUMENT, names[i]);
        *texts[i] = NULL;
    }
    options.lifetime_ms = UINT64_MAX;
    CHECK_ERROR(seekauth_client_fake(&options, &none), SEEKAUTH_INVALID_ARGUMENT, "lifetime_ms");
    options.lifetime_ms = 0;
    options.struct_size--;
    CHECK_ERROR(seekauth_client_fake(&options, &none), SEEKAUTH_INVALID_ARGUMENT, "SEEKAUTH_FAKE_OPTIONS_INIT");
    options.struct_size++;
    CHECK(none == NULL);
    CHECK_OK(seekauth_client_fake(&options, &client));

    const seekauth_options real_options = oauth_options("http://127.0.0.1:9/token");
    seekauth_client *const real = make_client(&real_options);
    const seekauth_client *const others[] = {NULL, real};
    const char *const said[] = {"client is NULL", "seekauth_client_fake"};
    for (size_t i = 0; i < 2; i++) {
        CHECK(!seekauth_client_is_fake(others[i]) && seekauth_fake_now_ms(others[i]) == 0);
        CHECK_ERROR(seekauth_fake_fail_with(others[i], SEEKAUTH_NETWORK, -1), SEEKAUTH_INVALID_ARGUMENT, said[i]);
        CHECK_ERROR(seekauth_fake_succeed(others[i]), SEEKAUTH_INVALID_ARGUMENT, said[i]);
        CHECK_ERROR(seekauth_fake_advance(others[i], 1), SEEKAUTH_INVALID_ARGUMENT, said[i]);
        CHECK_ERROR(seekauth_fake_respond(others[i], NULL, 0), SEEKAUTH_INVALID_ARGUMENT, said[i]);
        CHECK_ERROR(seekauth_fake_respond_with(others[i], on_request, NULL, NULL), SEEKAUTH_INVALID_ARGUMENT,
                    said[i]);
        CHECK_ERROR(seekauth_fake_journal(others[i], &journal), SEEKAUTH_INVALID_ARGUMENT, said[i]);
    }
    CHECK_ERROR(seekauth_fake_fail_with(client, SEEKAUTH_OK, -1), SEEKAUTH_INVALID_ARGUMENT, "code is 0");
    CHECK_ERROR(seekauth_fake_fail_with(client, -1, -1), SEEKAUTH_INVALID_ARGUMENT, "code is -1");
    CHECK_ERROR(seekauth_fake_advance(client, UINT64_MAX), SEEKAUTH_INVALID_ARGUMENT, "span_ms");
    CHECK_ERROR(seekauth_fake_respond(client, NULL, 1), SEEKAUTH_INVALID_ARGUMENT, "responses");
    CHECK_ERROR(seekauth_fake_respond(client, &response, 1), SEEKAUTH_INVALID_ARGUMENT, "headers[0].value");
    CHECK_ERROR(seekauth_fake_respond(client, &bodiless, 1), SEEKAUTH_INVALID_ARGUMENT, "body");
    CHECK_ERROR(seekauth_fake_respond(client, &response, SIZE_MAX), SEEKAUTH_INVALID_ARGUMENT, "responses");
    CHECK_ERROR(seekauth_fake_respond_with(client, NULL, NULL, NULL), SEEKAUTH_INVALID_ARGUMENT, "callback");
    CHECK_ERROR(seekauth_responder_set(NULL, &response), SEEKAUTH_INVALID_ARGUMENT, "responder");
    CHECK_ERROR(seekauth_fake_journal(client, NULL), SEEKAUTH_INVALID_ARGUMENT, "out");
    CHECK(journal == NULL);
    CHECK(seekauth_journal_count(NULL) == 0 && seekauth_journal_scopes(NULL, 0) == NULL);
    CHECK(seekauth_journal_failure(NULL, 0) == SEEKAUTH_OK && seekauth_journal_request(NULL, 0) == NULL);
    seekauth_journal_free(NULL);
    CHECK(seekauth_fake_request_method(NULL) == NULL && seekauth_fake_request_url(NULL) == NULL);
    CHECK(seekauth_fake_request_header(NULL, "a") == NULL);
    CHECK(seekauth_fake_request_header_count(NULL) == 0);
    CHECK(seekauth_fake_request_header_name(NULL, 0) == NULL);
    CHECK(seekauth_fake_request_header_value(NULL, 0) == NULL);
    CHECK(seekauth_fake_request_body(NULL) == NULL && seekauth_fake_request_body_length(NULL) == 0);
    seekauth_client_free(client);
    seekauth_client_free(real);
}

int main(void) {
    making_a_client();
    credentials_without_a_receiver();
    credentials_with_bad_arguments();
    client_without_a_self();
    client_with_bad_arguments();
    sending_without_a_self();
    sending_with_bad_arguments();
    auth_flows();
    text_settings_that_are_not_utf8();
    accessors_of_nothing();
    events();
    figures();
    fakes();
    return checks_failed();
}
