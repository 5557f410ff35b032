/* Requests and operations as C hands them over: struct sizes of older and newer headers, and pointers,
 * numbers and texts that are not what the header says. Nothing here reaches a network. */

#define _POSIX_C_SOURCE 200809L

#include "check.h"
#include "outcome.h"

static const char NOT_UTF8[] = {'a', (char)0xff, 'b', 0};

static seekauth_client *client;

static seekauth_http_request good_request(void) {
    seekauth_http_request request = SEEKAUTH_HTTP_REQUEST_INIT;
    request.method = "GET";
    request.url = "/graphql";
    return request;
}

static seekauth_graphql good_operation(void) {
    seekauth_graphql operation = SEEKAUTH_GRAPHQL_INIT;
    operation.query = "{ self { partner { name } } }";
    return operation;
}

/* Refused, blocking or not. The callback runs only for what the call itself accepted. */
static void request_refused(const seekauth_http_request *request, const char *words) {
    seekauth_response *response = NULL;
    outcome result = OUTCOME_INIT;
    CHECK_ERROR(seekauth_client_send(client, request, &response), SEEKAUTH_INVALID_ARGUMENT, words);
    CHECK(response == NULL);
    seekauth_error *error = seekauth_client_send_async(client, request, on_response, &result, NULL);
    if (error == NULL) {
        await_outcome(&result);
        error = result.error;
        result.error = NULL;
        CHECK(result.calls == 1 && result.response == NULL);
    }
    CHECK_ERROR(error, SEEKAUTH_INVALID_ARGUMENT, words);
}

static void operation_refused(const seekauth_graphql *operation, const char *words) {
    seekauth_response *response = NULL;
    outcome result = OUTCOME_INIT;
    CHECK_ERROR(seekauth_client_graphql(client, operation, &response), SEEKAUTH_INVALID_ARGUMENT,
                words);
    CHECK(response == NULL);
    seekauth_error *error =
        seekauth_client_graphql_async(client, operation, on_response, &result, NULL);
    if (error == NULL) {
        await_outcome(&result);
        error = result.error;
        result.error = NULL;
        CHECK(result.calls == 1 && result.response == NULL);
    }
    CHECK_ERROR(error, SEEKAUTH_INVALID_ARGUMENT, words);
}

static void sizes(void) {
    seekauth_http_request request = good_request();
    seekauth_graphql operation = good_operation();
    CHECK(request.struct_size == sizeof request);
    CHECK(operation.struct_size == sizeof operation);
    const size_t of_request[] = {0, 1, sizeof request - 8, sizeof request + 1, SIZE_MAX};
    const size_t of_operation[] = {0, 1, sizeof operation - 8, sizeof operation + 1, SIZE_MAX};
    for (size_t i = 0; i < sizeof of_request / sizeof of_request[0]; i++) {
        request.struct_size = of_request[i];
        request_refused(&request, "SEEKAUTH_HTTP_REQUEST_INIT");
        operation.struct_size = of_operation[i];
        operation_refused(&operation, "SEEKAUTH_GRAPHQL_INIT");
    }
}

static void a_newer_header(void) {
    struct {
        seekauth_http_request known;
        uint64_t later;
    } request = {good_request(), 1};
    struct {
        seekauth_graphql known;
        const char *later;
    } operation = {good_operation(), ""};
    request.known.struct_size = sizeof request;
    operation.known.struct_size = sizeof operation;
    request_refused(&request.known, "older");
    operation_refused(&operation.known, "older");
    /* Unused, it does no harm: the next thing that is wrong is found. */
    request.later = 0;
    request.known.method = NULL;
    request_refused(&request.known, "method");
    operation.later = NULL;
    operation.known.query = NULL;
    operation_refused(&operation.known, "query");
}

static void texts(void) {
    seekauth_http_request request = good_request();
    request.method = NULL;
    request_refused(&request, "method");
    request.method = NOT_UTF8;
    request_refused(&request, "method");
    request.method = "NOT A METHOD";
    request_refused(&request, "method");
    request.method = "";
    request_refused(&request, "method");
    request = good_request();
    request.url = NULL;
    request_refused(&request, "url");
    request.url = NOT_UTF8;
    request_refused(&request, "url");
    request.url = "graphql";
    request_refused(&request, "url");
    request.url = "";
    request_refused(&request, "url");

    seekauth_graphql operation = good_operation();
    operation.query = NOT_UTF8;
    operation_refused(&operation, "query");
    operation = good_operation();
    operation.operation_name = NOT_UTF8;
    operation_refused(&operation, "operation_name");
    const char *not_objects[] = {NOT_UTF8, "", "null", "[]", "7", "\"{}\"", "{", "{} {}", "{a: 1}"};
    for (size_t i = 0; i < sizeof not_objects / sizeof not_objects[0]; i++) {
        operation = good_operation();
        operation.variables = not_objects[i];
        operation_refused(&operation, "variables");
    }
}

static void headers(void) {
    const struct {
        seekauth_header header;
        const char *words;
    } wrong[] = {
        {{NULL, "value"}, "headers[0].name"},      {{"X-Name", NULL}, "headers[0].value"},
        {{NOT_UTF8, "value"}, "headers[0].name"},  {{"X-Name", NOT_UTF8}, "headers[0].value"},
        {{"", "value"}, "header"},                 {{"X Name", "value"}, "header"},
        {{"X-Name:", "value"}, "header"},          {{"X-Name", "a\r\nX-Other: b"}, "x-name"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        seekauth_http_request request = good_request();
        seekauth_graphql operation = good_operation();
        request.headers = operation.headers = &wrong[i].header;
        request.header_count = operation.header_count = 1;
        request_refused(&request, wrong[i].words);
        operation_refused(&operation, wrong[i].words);
    }
    seekauth_http_request request = good_request();
    seekauth_graphql operation = good_operation();
    request.header_count = operation.header_count = 1;
    request_refused(&request, "headers");
    operation_refused(&operation, "headers");
    request.headers = operation.headers = &wrong[0].header;
    request.header_count = operation.header_count = SIZE_MAX / 2;
    request_refused(&request, "headers");
    operation_refused(&operation, "headers");
}

static void bodies(void) {
    seekauth_http_request request = good_request();
    request.body_length = 1;
    request_refused(&request, "body");
    request.body = "x";
    request.body_length = SIZE_MAX;
    request_refused(&request, "body");
}

static void a_client_without_an_api(void) {
    seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    seekauth_http_request request = good_request();
    seekauth_graphql operation = good_operation();
    seekauth_auth_flow *flow = NULL;
    seekauth_client *with_api = client;
    client = make_client(&options);
    request_refused(&request, "api_url");
    operation_refused(&operation, "api_url");
    CHECK_ERROR(seekauth_client_auth_flow(client, "http://127.0.0.1:9/", true, &flow),
                SEEKAUTH_INVALID_ARGUMENT, "api_url");
    CHECK(flow == NULL);
    seekauth_client_free(client);
    client = with_api;
}

int main(void) {
    seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    options.api_url = "http://127.0.0.1:9/";
    client = make_client(&options);
    sizes();
    a_newer_header();
    texts();
    headers();
    bodies();
    a_client_without_an_api();
    seekauth_client_free(client);
    return checks_failed();
}
