/* seekauth_client_send_async and seekauth_client_graphql_async: the callback runs exactly once, on another
 * thread, and with SEEKAUTH_CANCELLED when the call is cancelled or its client is closed or freed, at every
 * stage: before the token, before the response, and in the middle of its body. Closing also ends calls that
 * wait in threads of the program. */

#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "admin.h"
#include "clock.h"
#include "outcome.h"

static const char BODY[] = "{\"query\": \"{ self { partner { name } } }\"}";

static const seekauth_header JSON = {"Content-Type", "application/json"};

static seekauth_http_request post(void) {
    seekauth_http_request request = SEEKAUTH_HTTP_REQUEST_INIT;
    request.method = "POST";
    request.headers = &JSON;
    request.header_count = 1;
    request.url = "/graphql";
    request.body = BODY;
    request.body_length = sizeof BODY - 1;
    return request;
}

static seekauth_graphql query(void) {
    seekauth_graphql operation = SEEKAUTH_GRAPHQL_INIT;
    operation.query = "{ self { partner { name } } }";
    return operation;
}

static seekauth_client *api_client(void) {
    seekauth_options options = api_options();
    sandbox_reset();
    return make_client(&options);
}

/* Until so many requests have arrived there. */
static void await_arrival(const char *endpoint, long requests) {
    while (sandbox_count(endpoint) < requests)
        nanosleep(&(struct timespec){0, 10 * 1000 * 1000}, NULL);
}

static void a_response_arrives_once_and_elsewhere(void) {
    seekauth_client *client = api_client();
    outcome sent = OUTCOME_INIT, asked = OUTCOME_INIT;
    seekauth_call *call = NULL;
    /* Gone when the call returns. */
    seekauth_http_request *request = malloc(sizeof *request);
    seekauth_header *headers = malloc(2 * sizeof *headers);
    char *body = malloc(sizeof BODY);
    memcpy(body, BODY, sizeof BODY);
    *request = post();
    headers[0] = JSON;
    headers[1] = (seekauth_header){"X-Own", "mine"};
    request->body = body;
    request->headers = headers;
    request->header_count = 2;
    CHECK_OK(seekauth_client_send_async(client, request, on_response, &sent, &call));
    memset(body, '#', sizeof BODY);
    memset(headers, 0, 2 * sizeof *headers);
    memset(request, 0, sizeof *request);
    free(body);
    free(headers);
    free(request);
    await_outcome(&sent);
    CHECK(sent.error == NULL && seekauth_response_status(sent.response) == 200);
    CHECK(strstr(seekauth_response_body(sent.response), "\"data\"") != NULL);
    CHECK(!pthread_equal(sent.thread, pthread_self()));
    CHECK(sandbox_saw("graphql", "\"x-own\":\"mine\""));

    seekauth_graphql operation = query();
    CHECK_OK(seekauth_client_graphql_async(client, &operation, on_response, &asked, NULL));
    await_outcome(&asked);
    CHECK(asked.error == NULL && seekauth_response_status(asked.response) == 200);
    CHECK(!pthread_equal(asked.thread, pthread_self()));

    /* Cancelling a call that has ended changes nothing. */
    seekauth_call_cancel(call);
    seekauth_call_free(call);
    seekauth_client_free(client);
    CHECK(sent.calls == 1 && asked.calls == 1);
    forget_outcome(&sent);
    forget_outcome(&asked);
}

typedef enum { CANCEL, CLOSE, FREE, ENDINGS } ending;

static void end(seekauth_client *client, seekauth_call *const *calls, ending how) {
    switch (how) {
    case CANCEL:
        seekauth_call_cancel(calls[0]);
        seekauth_call_cancel(calls[1]);
        break;
    case CLOSE:
        seekauth_client_close(client);
        break;
    default:
        seekauth_client_free(client);
        break;
    }
}

/* Ends two calls that the scripted response holds up, once so many requests have arrived at the endpoint. */
static void calls_that_end_early(const char *script, const char *endpoint, long arrived, ending how) {
    seekauth_client *client = api_client();
    outcome results[2] = {OUTCOME_INIT, OUTCOME_INIT};
    seekauth_call *calls[2] = {NULL, NULL};
    seekauth_http_request request = post();
    seekauth_graphql operation = query();
    sandbox_script(script);
    CHECK_OK(seekauth_client_send_async(client, &request, on_response, &results[0], &calls[0]));
    CHECK_OK(seekauth_client_graphql_async(client, &operation, on_response, &results[1], &calls[1]));
    await_arrival(endpoint, arrived);
    end(client, calls, how);
    for (int i = 0; i < 2; i++) {
        await_outcome(&results[i]);
        CHECK(seekauth_error_code(results[i].error) == SEEKAUTH_CANCELLED);
        CHECK(results[i].response == NULL);
        seekauth_call_cancel(calls[i]);
        seekauth_call_free(calls[i]);
    }
    if (how != FREE)
        seekauth_client_free(client);
    for (int i = 0; i < 2; i++) {
        CHECK(results[i].calls == 1);
        forget_outcome(&results[i]);
    }
}

static void calls_end_early_at_every_stage(void) {
    for (ending how = CANCEL; how < ENDINGS; how++) {
        calls_that_end_early("{\"endpoint\": \"seek_api_token\", \"hold\": true, \"times\": 0}",
                             "seek_api_token", 1, how);
        calls_that_end_early("{\"endpoint\": \"graphql\", \"hold\": true, \"times\": 0}", "graphql", 2,
                             how);
    }
}

/* An API that begins a response, more of it than connections buffer, and leaves it at that. */
typedef struct {
    int listener;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool begun;
} slow_api;

static void *serve_half(void *argument) {
    enum { CHUNK = 1 << 16, CHUNKS = 512 };
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\n";
    static char chunk[CHUNK];
    slow_api *api = argument;
    int connection = accept(api->listener, NULL, NULL);
    bool sent = recv(connection, chunk, sizeof chunk, 0) > 0 &&
                send(connection, head, sizeof head - 1, MSG_NOSIGNAL) == sizeof head - 1;
    for (int i = 0; i < CHUNKS && sent; i++)
        for (ssize_t part, rest = CHUNK; rest > 0 && sent; rest -= part)
            sent = (part = send(connection, chunk, (size_t)rest, MSG_NOSIGNAL)) > 0;
    CHECK(sent);
    pthread_mutex_lock(&api->lock);
    api->begun = true;
    pthread_cond_broadcast(&api->changed);
    pthread_mutex_unlock(&api->lock);
    /* Until the client hangs up. */
    while (recv(connection, chunk, sizeof chunk, 0) > 0)
        continue;
    close(connection);
    return NULL;
}

static void a_body_that_is_on_its_way_is_cancelled(ending how) {
    slow_api api = {0, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    pthread_t server;
    char url[64];
    outcome result = OUTCOME_INIT;
    seekauth_call *calls[2] = {NULL, NULL};
    seekauth_options options = sandbox_options();
    seekauth_http_request request = post();
    api.listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(api.listener, (struct sockaddr *)&address, length) != 0 || listen(api.listener, 1) != 0 ||
        getsockname(api.listener, (struct sockaddr *)&address, &length) != 0 ||
        pthread_create(&server, NULL, serve_half, &api) != 0) {
        perror("slow API");
        exit(2);
    }
    snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    options.api_url = url;
    sandbox_reset();
    seekauth_client *client = make_client(&options);
    CHECK_OK(seekauth_client_send_async(client, &request, on_response, &result, &calls[0]));
    pthread_mutex_lock(&api.lock);
    while (!api.begun)
        pthread_cond_wait(&api.changed, &api.lock);
    pthread_mutex_unlock(&api.lock);
    end(client, calls, how);
    await_outcome(&result);
    CHECK(seekauth_error_code(result.error) == SEEKAUTH_CANCELLED);
    CHECK(result.calls == 1 && result.response == NULL);
    pthread_join(server, NULL);
    forget_outcome(&result);
    seekauth_call_free(calls[0]);
    if (how != FREE)
        seekauth_client_free(client);
    close(api.listener);
}

typedef struct {
    const seekauth_client *client;
    seekauth_error *sent, *asked;
    seekauth_response *response;
} waiter;

static void *wait_for_a_send(void *argument) {
    waiter *self = argument;
    seekauth_http_request request = post();
    self->sent = seekauth_client_send(self->client, &request, &self->response);
    return NULL;
}

static void *wait_for_an_operation(void *argument) {
    waiter *self = argument;
    seekauth_graphql operation = query();
    self->asked = seekauth_client_graphql(self->client, &operation, &self->response);
    return NULL;
}

static void closing_ends_calls_that_wait(void) {
    seekauth_client *client = api_client();
    waiter sends = {client, NULL, NULL, NULL}, asks = {client, NULL, NULL, NULL};
    pthread_t threads[2];
    sandbox_script("{\"endpoint\": \"graphql\", \"hold\": true, \"times\": 0}");
    if (pthread_create(&threads[0], NULL, wait_for_a_send, &sends) != 0 ||
        pthread_create(&threads[1], NULL, wait_for_an_operation, &asks) != 0) {
        perror("thread");
        exit(2);
    }
    await_arrival("graphql", 2);
    seekauth_client_close(client);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    CHECK_ERROR(sends.sent, SEEKAUTH_CANCELLED, NULL);
    CHECK_ERROR(asks.asked, SEEKAUTH_CANCELLED, NULL);
    CHECK(sends.response == NULL && asks.response == NULL);
    seekauth_client_free(client);
}

static void a_freed_handle_lets_the_call_go_on(void) {
    seekauth_client *client = api_client();
    outcome result = OUTCOME_INIT;
    seekauth_call *call = NULL;
    seekauth_http_request request = post();
    CHECK_OK(seekauth_client_send_async(client, &request, on_response, &result, &call));
    seekauth_call_free(call);
    await_outcome(&result);
    CHECK(result.error == NULL);
    forget_outcome(&result);
    seekauth_client_free(client);
}

/* Calls on the client from inside a callback. */
typedef struct {
    seekauth_client *client;
    outcome sent, asked, started;
} nested;

static void on_nested(void *user_data, seekauth_error *error, seekauth_response *response) {
    nested *calls = user_data;
    seekauth_http_request request = post();
    seekauth_graphql operation = query();
    seekauth_error_free(error);
    seekauth_response_free(response);
    response = NULL;
    on_response(&calls->sent, seekauth_client_send(calls->client, &request, &response), response);
    on_response(&calls->asked, seekauth_client_graphql(calls->client, &operation, &response), response);
    CHECK_OK(seekauth_client_send_async(calls->client, &request, on_response, &calls->started, NULL));
}

static void a_callback_may_start_a_call_but_not_wait(void) {
    nested calls = {api_client(), OUTCOME_INIT, OUTCOME_INIT, OUTCOME_INIT};
    seekauth_http_request request = post();
    CHECK_OK(seekauth_client_send_async(calls.client, &request, on_nested, &calls, NULL));
    await_outcome(&calls.sent);
    await_outcome(&calls.asked);
    await_outcome(&calls.started);
    CHECK(seekauth_error_code(calls.sent.error) == SEEKAUTH_INVALID_ARGUMENT);
    CHECK(seekauth_error_code(calls.asked.error) == SEEKAUTH_INVALID_ARGUMENT);
    CHECK(calls.started.error == NULL && calls.started.calls == 1);
    forget_outcome(&calls.sent);
    forget_outcome(&calls.asked);
    forget_outcome(&calls.started);
    seekauth_client_free(calls.client);
}

static void on_last(void *user_data, seekauth_error *error, seekauth_response *response) {
    nested *calls = user_data;
    seekauth_client_free(calls->client);
    on_response(&calls->sent, error, response);
}

static void a_callback_may_free_the_client(void) {
    nested calls = {api_client(), OUTCOME_INIT, OUTCOME_INIT, OUTCOME_INIT};
    seekauth_http_request request = post();
    CHECK_OK(seekauth_client_send_async(calls.client, &request, on_last, &calls, NULL));
    await_outcome(&calls.sent);
    CHECK(calls.sent.error == NULL && seekauth_response_status(calls.sent.response) == 200);
    forget_outcome(&calls.sent);
}

static void a_hundred_rejections_are_one_renewal(void) {
    enum { CALLS = 100 };
    static outcome results[CALLS];
    const outcome empty = OUTCOME_INIT;
    char authorization[4096];
    seekauth_client *client = api_client();
    seekauth_http_request request = post();
    CHECK_OK(seekauth_client_authorization(client, authorization, sizeof authorization, NULL));
    sandbox_revoke(authorization);
    let_tokens_age();
    for (int i = 0; i < CALLS; i++) {
        results[i] = empty;
        CHECK_OK(seekauth_client_send_async(client, &request, on_response, &results[i], NULL));
    }
    for (int i = 0; i < CALLS; i++) {
        await_outcome(&results[i]);
        CHECK(results[i].error == NULL && results[i].calls == 1);
        CHECK(seekauth_response_status(results[i].response) == 200);
        CHECK(strstr(seekauth_response_body(results[i].response), "UNAUTHENTICATED") == NULL);
        forget_outcome(&results[i]);
    }
    CHECK(sandbox_count("seek_api_token") == 2);
    seekauth_client_free(client);
}

int main(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    a_response_arrives_once_and_elsewhere();
    calls_end_early_at_every_stage();
    for (ending how = CANCEL; how < ENDINGS; how++)
        a_body_that_is_on_its_way_is_cancelled(how);
    closing_ends_calls_that_wait();
    a_freed_handle_lets_the_call_go_on();
    a_callback_may_start_a_call_but_not_wait();
    a_callback_may_free_the_client();
    seekauth_test_clock_start();
    a_hundred_rejections_are_one_renewal();
    curl_global_cleanup();
    return checks_failed();
}
