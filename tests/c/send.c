/* seekauth_client_send and seekauth_client_graphql against the sandbox: what arrives there, what comes
 * back, and which responses are errors. */

#include "admin.h"
#include "clock.h"

static const char QUERY[] = "{ self { partner { name } } }";
static const char BODY[] = "{\"query\": \"{ self { partner { name } } }\"}";

static const seekauth_header JSON = {"Content-Type", "application/json"};

static seekauth_http_request post(const char *body) {
    seekauth_http_request request = SEEKAUTH_HTTP_REQUEST_INIT;
    request.method = "POST";
    request.headers = &JSON;
    request.header_count = 1;
    request.url = "/graphql";
    request.body = body;
    request.body_length = strlen(body);
    return request;
}

static seekauth_graphql operation(const char *query) {
    seekauth_graphql operation = SEEKAUTH_GRAPHQL_INIT;
    operation.query = query;
    return operation;
}

static seekauth_client *api_client(void) {
    seekauth_options options = api_options();
    sandbox_reset();
    return make_client(&options);
}

/* Sends and wants a response with this status. */
static seekauth_response *responded(const seekauth_client *client, const seekauth_http_request *request,
                                   int status) {
    seekauth_response *response = NULL;
    CHECK_OK(seekauth_client_send(client, request, &response));
    CHECK(seekauth_response_status(response) == status);
    return response;
}

static bool holds(const seekauth_response *response, const char *words) {
    const char *body = seekauth_response_body(response);
    return body != NULL && strstr(body, words) != NULL;
}

static void a_request_arrives_with_the_token(void) {
    const seekauth_header headers[] = {{"Content-Type", "application/json"}, {"X-Own", "mine"},
                                       {"Authorization", "Basic x"}};
    seekauth_client *client = api_client();
    seekauth_http_request request = post(BODY);
    request.headers = headers;
    request.header_count = 3;
    seekauth_response *response = responded(client, &request, 200);
    CHECK(holds(response, "\"data\""));
    CHECK(sandbox_saw("graphql", "\"x-own\":\"mine\""));
    CHECK(sandbox_saw("graphql", "\"authorization\":\"Bearer "));
    CHECK(!sandbox_saw("graphql", "Basic x"));
    CHECK(sandbox_saw("graphql", "\"user-agent\":\"c-tests/1.0"));
    CHECK(sandbox_saw("graphql", "\"x-request-id\":\""));
    CHECK(!sandbox_saw("graphql", "\"accept-language\""));
    /* It outlives its client. */
    seekauth_client_free(client);
    CHECK(holds(response, "\"data\""));
    seekauth_response_free(response);
}

static void a_response_shows_all_of_itself(void) {
    seekauth_client *client = api_client();
    seekauth_http_request request = post("x");
    sandbox_script("{\"endpoint\": \"graphql\", \"status\": 299, \"body\": \"a\\u0000b\","
                   " \"headers\": {\"X-One\": \"1\", \"x-two\": \"zwei \\t drei\"}}");
    seekauth_response *response = responded(client, &request, 299);
    CHECK(seekauth_response_body_length(response) == 3);
    CHECK(memcmp(seekauth_response_body(response), "a\0b", 4) == 0);
    CHECK(strcmp(seekauth_response_header(response, "x-one"), "1") == 0);
    CHECK(strcmp(seekauth_response_header(response, "X-TWO"), "zwei \t drei") == 0);
    CHECK(seekauth_response_header(response, "x-three") == NULL);
    CHECK(seekauth_response_header(response, "") == NULL);
    CHECK(seekauth_response_header(response, "\xff") == NULL);
    CHECK(seekauth_response_header(response, NULL) == NULL);
    size_t count = seekauth_response_header_count(response);
    int found = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = seekauth_response_header_name(response, i);
        const char *value = seekauth_response_header_value(response, i);
        CHECK(strcmp(seekauth_response_header(response, name), value) == 0);
        found += strcmp(name, "x-one") == 0 || strcmp(name, "x-two") == 0;
    }
    CHECK(found == 2);
    CHECK(seekauth_response_header_name(response, count) == NULL);
    CHECK(seekauth_response_header_value(response, count) == NULL);
    seekauth_response_free(response);
    seekauth_client_free(client);
}

static void bodies_are_any_bytes_of_any_size(void) {
    enum { SENT = 3 << 20, RECEIVED = 8 << 20 };
    seekauth_client *client = api_client();
    seekauth_http_request request = post("");
    sandbox_script("[{\"endpoint\": \"graphql\", \"body\": \"\"}, {\"endpoint\": \"graphql\", \"body\": \"\"},"
                   " {\"endpoint\": \"graphql\", \"body_size\": 8388608}]");
    request.body = "a\0b";
    request.body_length = 3;
    seekauth_response *response = responded(client, &request, 200);
    CHECK(sandbox_saw("graphql", "\"a\\u0000b\""));
    CHECK(seekauth_response_body_length(response) == 0);
    CHECK(seekauth_response_body(response) != NULL && *seekauth_response_body(response) == '\0');
    seekauth_response_free(response);

    char *big = malloc(SENT);
    memset(big, 'x', SENT);
    request.body = big;
    request.body_length = SENT;
    seekauth_response_free(responded(client, &request, 200));
    free(big);
    CHECK(sandbox_saw("graphql", "\"content-length\":\"3145728\""));

    request.body_length = 0;
    response = responded(client, &request, 200);
    CHECK(seekauth_response_body_length(response) == RECEIVED);
    CHECK(strlen(seekauth_response_body(response)) == RECEIVED);
    seekauth_response_free(response);
    seekauth_client_free(client);
}

static void a_rejected_token_is_renewed_once(void) {
    char authorization[4096];
    seekauth_client *client = api_client();
    seekauth_http_request request = post(BODY);
    seekauth_response *response = NULL;
    CHECK_OK(seekauth_client_authorization(client, authorization, sizeof authorization, NULL));
    sandbox_revoke(authorization);
    let_tokens_age();
    response = responded(client, &request, 200);
    CHECK(holds(response, "\"data\"") && !holds(response, "UNAUTHENTICATED"));
    CHECK(sandbox_count("graphql") == 2);
    CHECK(sandbox_count("seek_api_token") == 2);
    seekauth_response_free(response);

    response = NULL;
    let_tokens_age();
    sandbox_script("{\"endpoint\": \"graphql\", \"error\": \"UNAUTHENTICATED\", \"times\": 0}");
    CHECK_ERROR(seekauth_client_send(client, &request, &response), SEEKAUTH_TOKEN_REJECTED, "audience");
    CHECK(response == NULL);
    CHECK(sandbox_count("graphql") == 4);
    CHECK(sandbox_count("seek_api_token") == 3);
    seekauth_client_free(client);
}

static size_t count_of(const char *words, const char *text) {
    size_t count = 0;
    for (; (text = strstr(text, words)) != NULL; text += strlen(words))
        count++;
    return count;
}

static void a_trace_goes_with_both_attempts_and_not_to_the_token_endpoint(void) {
    const seekauth_header headers[] = {{"Content-Type", "application/json"},
                                       {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}};
    seekauth_client *client = api_client();
    seekauth_http_request request = post(BODY);
    seekauth_graphql query = operation(QUERY);
    request.headers = query.headers = headers;
    request.header_count = query.header_count = 2;
    char authorization[4096];
    CHECK_OK(seekauth_client_authorization(client, authorization, sizeof authorization, NULL));
    let_tokens_age();
    sandbox_script("{\"endpoint\": \"graphql\", \"error\": \"UNAUTHENTICATED\"}");
    seekauth_response_free(responded(client, &request, 200));
    seekauth_response *response = NULL;
    CHECK_OK(seekauth_client_graphql(client, &query, &response));
    seekauth_response_free(response);
    char *journal = admin("GET", "/journal?endpoint=graphql", NULL);
    CHECK(count_of("\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"", journal) == 3);
    free(journal);
    CHECK(!sandbox_saw("seek_api_token", "traceparent"));
    seekauth_client_free(client);
}

static void other_outcomes_are_responses(void) {
    seekauth_client *client = api_client();
    seekauth_http_request request = post(BODY);
    sandbox_script("[{\"endpoint\": \"graphql\", \"error\": \"FORBIDDEN\"},"
                   " {\"endpoint\": \"graphql\", \"status\": 503, \"html\": \"<p>later\"},"
                   " {\"endpoint\": \"graphql\", \"redirect\": \"{pass}/elsewhere\"}]");
    seekauth_response *response = responded(client, &request, 200);
    CHECK(holds(response, "FORBIDDEN"));
    seekauth_response_free(response);
    seekauth_response_free(responded(client, &request, 503));
    response = responded(client, &request, 307);
    CHECK(strstr(seekauth_response_header(response, "location"), "/elsewhere") != NULL);
    seekauth_response_free(response);
    CHECK(sandbox_count("graphql") == 3);
    CHECK(sandbox_count("other") == 0);
    seekauth_client_free(client);
}

static void rest_says_401(void) {
    seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options);
    seekauth_http_request request = post("{\"id\": \"c-tests-1\"}");
    char authorization[4096];
    request.url = "/api/partner/v1/add/education.json";
    sandbox_reset();
    CHECK_OK(seekauth_client_authorization(client, authorization, sizeof authorization, NULL));
    let_tokens_age();
    sandbox_script("[{\"endpoint\": \"seek_pass_api\", \"error\": \"invalid_token\"}, {\"endpoint\": \"seek_pass_api\"},"
                   " {\"endpoint\": \"seek_pass_api\", \"error\": \"insufficient_scope\"}]");
    seekauth_response_free(responded(client, &request, 201));
    CHECK(sandbox_count("seek_pass_token") == 2);
    seekauth_response_free(responded(client, &request, 403));
    CHECK(sandbox_count("seek_pass_token") == 2);
    CHECK(sandbox_count("seek_pass_api") == 3);
    seekauth_client_free(client);
}

static void nothing_goes_elsewhere(void) {
    seekauth_client *client = api_client();
    seekauth_http_request request = post(BODY);
    seekauth_response *response = NULL;
    char url[256];
    snprintf(url, sizeof url, "%s/graphql", require_env("SANDBOX_PASS_URL"));
    const char *elsewhere[] = {url, "https://graphql.seek.com/graphql", "//127.0.0.1/graphql"};
    for (size_t i = 0; i < 3; i++) {
        request.url = elsewhere[i];
        CHECK_ERROR(seekauth_client_send(client, &request, &response), SEEKAUTH_FORBIDDEN_ORIGIN, NULL);
    }
    CHECK(response == NULL);
    CHECK(sandbox_count("other") == 0);
    CHECK(sandbox_count("seek_api_token") == 0);
    /* The whole address of the API is as good as its path. */
    request.url = seekauth_client_api_url(client);
    seekauth_response_free(responded(client, &request, 200));
    seekauth_client_free(client);
}

static void a_deadline_passes(void) {
    seekauth_client *client = api_client();
    seekauth_http_request request = post(BODY);
    seekauth_graphql query = operation(QUERY);
    seekauth_response *response = NULL;
    sandbox_script("{\"endpoint\": \"graphql\", \"hold\": true, \"times\": 0}");
    request.timeout_ms = query.timeout_ms = 50;
    CHECK_ERROR(seekauth_client_send(client, &request, &response), SEEKAUTH_TIMEOUT, NULL);
    CHECK_ERROR(seekauth_client_graphql(client, &query, &response), SEEKAUTH_TIMEOUT, NULL);
    CHECK(response == NULL);
    seekauth_client_free(client);
}

static void graphql_responses(void) {
    seekauth_options options = api_options();
    seekauth_response *response = NULL;
    const seekauth_header language = {"Accept-Language", "th-TH"};
    sandbox_reset();
    options.accept_language = "en-AU";
    seekauth_client *client = make_client(&options);
    seekauth_graphql query = operation("query Who { self { partner { name } } } query Other { x }");
    query.operation_name = "Who";
    query.variables = " {\"a\": 1} ";
    CHECK_OK(seekauth_client_graphql(client, &query, &response));
    CHECK(seekauth_response_status(response) == 200);
    CHECK(holds(response, "\"data\""));
    CHECK(seekauth_response_body_length(response) == strlen(seekauth_response_body(response)));
    CHECK(seekauth_response_header_count(response) == 0);
    seekauth_response_free(response);
    CHECK(sandbox_saw("graphql", "\\\"operationName\\\":\\\"Who\\\""));
    CHECK(sandbox_saw("graphql", "\\\"variables\\\":{\\\"a\\\": 1}"));
    CHECK(sandbox_saw("graphql", "\"accept-language\":\"en-AU\""));
    CHECK(sandbox_saw("graphql", "\"content-type\":\"application/json\""));

    query = operation(QUERY);
    query.headers = &language;
    query.header_count = 1;
    response = NULL;
    CHECK_OK(seekauth_client_graphql(client, &query, &response));
    CHECK(sandbox_saw("graphql", "\"accept-language\":\"th-TH\""));
    seekauth_response_free(response);
    seekauth_client_free(client);
}

static void graphql_errors_are_data(void) {
    seekauth_client *client = api_client();
    seekauth_graphql query = operation(QUERY);
    seekauth_response *response = NULL;
    sandbox_script("[{\"endpoint\": \"graphql\", \"error\": \"FORBIDDEN\"},"
                   " {\"endpoint\": \"graphql\", \"status\": 502, \"html\": \"<p>later\"},"
                   " {\"endpoint\": \"graphql\", \"status\": 429, \"body\": \"\", \"headers\": {\"retry-after\": \"7\"}},"
                   " {\"endpoint\": \"graphql\", \"html\": \"<p>hello\"}]");
    CHECK_OK(seekauth_client_graphql(client, &query, &response));
    CHECK(holds(response, "FORBIDDEN"));
    seekauth_response_free(response);
    response = NULL;
    CHECK_ERROR(seekauth_client_graphql(client, &query, &response), SEEKAUTH_UNAVAILABLE, "502");
    seekauth_error *error = seekauth_client_graphql(client, &query, &response);
    CHECK(seekauth_error_retry_after_ms(error) == 7000 && seekauth_error_status(error) == 429);
    CHECK_ERROR(error, SEEKAUTH_THROTTLED, NULL);
    CHECK_ERROR(seekauth_client_graphql(client, &query, &response), SEEKAUTH_PROTOCOL, "GraphQL");
    CHECK(response == NULL);
    seekauth_client_free(client);
}

static void a_closed_client_sends_nothing(void) {
    seekauth_client *client = api_client();
    seekauth_http_request request = post(BODY);
    seekauth_graphql query = operation(QUERY);
    seekauth_response *response = NULL;
    seekauth_client_close(client);
    CHECK_ERROR(seekauth_client_send(client, &request, &response), SEEKAUTH_CLOSED, NULL);
    CHECK_ERROR(seekauth_client_graphql(client, &query, &response), SEEKAUTH_CLOSED, NULL);
    CHECK(response == NULL);
    seekauth_client_free(client);
}

int main(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    a_request_arrives_with_the_token();
    a_response_shows_all_of_itself();
    bodies_are_any_bytes_of_any_size();
    other_outcomes_are_responses();
    nothing_goes_elsewhere();
    a_deadline_passes();
    graphql_responses();
    graphql_errors_are_data();
    a_closed_client_sends_nothing();
    seekauth_test_clock_start();
    a_rejected_token_is_renewed_once();
    a_trace_goes_with_both_attempts_and_not_to_the_token_endpoint();
    rest_says_401();
    curl_global_cleanup();
    return checks_failed();
}
