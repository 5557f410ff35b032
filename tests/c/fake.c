/* Clients for tests: they cache, renew and retry as real ones do, fail as they are told to, respond with what
 * they are given, tell what they were asked, and never touch the network. */

#define _GNU_SOURCE

#include <pthread.h>
#include <time.h>

#include "check.h"
#include "outcome.h"
#include "sockets.h"

enum { HOUR_MS = 3600000, THREADS = 20, CALLS = 25 };

static const char REJECTED[] = "{\"errors\":[{\"message\":\"no\",\"extensions\":{\"code\":\"UNAUTHENTICATED\"}}]}";
static const char DATA[] = "{\"data\":{\"self\":{\"id\":\"1\"}}}";

static seekauth_client *make_fake(const seekauth_fake_options *options) {
    const seekauth_fake_options usual = SEEKAUTH_FAKE_OPTIONS_INIT;
    seekauth_client *client = NULL;
    CHECK_OK(seekauth_client_fake(options == NULL ? &usual : options, &client));
    return client;
}

static int has(const char *text, const char *wanted) {
    return text != NULL && strcmp(text, wanted) == 0;
}

static void authorizes_by(const seekauth_client *client, const char *wanted) {
    char value[64] = "";
    CHECK_OK(seekauth_client_authorization(client, value, sizeof value, NULL));
    CHECK(has(value, wanted));
}

static seekauth_fake_response response_of(int status, const char *body) {
    const seekauth_fake_response response = {status, NULL, 0, body, strlen(body)};
    return response;
}

static seekauth_graphql who(void) {
    seekauth_graphql operation = SEEKAUTH_GRAPHQL_INIT;
    operation.query = "query Me { self { id } }";
    operation.operation_name = "Me";
    return operation;
}

static seekauth_http_request echo(void) {
    seekauth_http_request request = SEEKAUTH_HTTP_REQUEST_INIT;
    request.method = "PUT";
    request.url = "/echo?a=b";
    request.body = "a\0b";
    request.body_length = 3;
    return request;
}

static seekauth_journal *journal_of(const seekauth_client *client) {
    seekauth_journal *journal = NULL;
    CHECK_OK(seekauth_fake_journal(client, &journal));
    return journal;
}

static int token_requests(const seekauth_client *client) {
    seekauth_journal *journal = journal_of(client);
    int count = 0;
    for (size_t i = 0; i < seekauth_journal_count(journal); i++)
        count += seekauth_journal_scopes(journal, i) != NULL;
    seekauth_journal_free(journal);
    return count;
}

static void it_is_a_client(void) {
    seekauth_fake_options options = SEEKAUTH_FAKE_OPTIONS_INIT;
    options.token = "t";
    options.lifetime_ms = 60000;
    options.api_url = "http://localhost:8080/graphql";
    seekauth_client *client = make_fake(&options), *usual = make_fake(NULL);
    seekauth_token *token = NULL, *cached = NULL;
    CHECK(seekauth_client_is_fake(client) && !seekauth_client_is_fake(NULL));
    CHECK(has(seekauth_client_api_url(client), "http://localhost:8080/graphql"));
    CHECK(has(seekauth_client_warnings(client), ""));
    CHECK_OK(seekauth_client_cached_token(client, &cached));
    CHECK(cached == NULL);
    authorizes_by(client, "Bearer t");
    authorizes_by(client, "Bearer t");
    CHECK_OK(seekauth_client_get_token(client, 0, &token));
    CHECK(has(seekauth_token_value(token), "t") && seekauth_token_scope_count(token) == 0);
    CHECK(seekauth_token_remaining_ms(token) == 60000);
    const uint64_t now = seekauth_fake_now_ms(client), really = (uint64_t)time(NULL) * 1000;
    CHECK(seekauth_token_expires_at_ms(token) == now + 60000);
    CHECK(now > really - HOUR_MS && now < really + HOUR_MS);
    CHECK(token_requests(client) == 1);
    authorizes_by(usual, "Bearer fake-token");
    seekauth_client_close(client);
    CHECK_ERROR(seekauth_client_get_token(client, 0, &cached), SEEKAUTH_CLOSED, NULL);
    seekauth_client_free(client);
    seekauth_client_free(usual);
    seekauth_token_free(token);
}

static void time_is_moved_by_hand(void) {
    seekauth_fake_options options = SEEKAUTH_FAKE_OPTIONS_INIT;
    options.token = "t";
    options.lifetime_ms = 60000;
    seekauth_client *client = make_fake(&options), *other = make_fake(NULL);
    seekauth_token *token = NULL;
    const uint64_t began = seekauth_fake_now_ms(client), others = seekauth_fake_now_ms(other);
    CHECK_OK(seekauth_client_get_token(client, 0, &token));
    CHECK_OK(seekauth_fake_advance(client, 59000));
    CHECK(seekauth_token_remaining_ms(token) == 1000);
    CHECK(seekauth_fake_now_ms(client) == began + 59000 && seekauth_fake_now_ms(other) == others);
    CHECK_OK(seekauth_fake_advance(client, 1000));
    authorizes_by(client, "Bearer t-2");
    CHECK(token_requests(client) == 2);
    CHECK_ERROR(seekauth_fake_advance(client, (uint64_t)-1), SEEKAUTH_INVALID_ARGUMENT, "span_ms");
    seekauth_token_free(token);
    seekauth_client_free(client);
    seekauth_client_free(other);
}

static void it_fails_with_every_code(void) {
    int codes = 0;
    for (int code = 1; code < 128; code++) {
        seekauth_client *client = make_fake(NULL);
        seekauth_token *token = NULL;
        if (seekauth_error_code_name(code) == NULL) {
            CHECK_ERROR(seekauth_fake_fail_with(client, code, -1), SEEKAUTH_INVALID_ARGUMENT, "code");
        } else {
            CHECK_OK(seekauth_fake_fail_with(client, code, 7200000));
            seekauth_error *error = seekauth_client_get_token(client, 0, &token);
            CHECK(seekauth_error_retry_after_ms(error) == 7200000);
            CHECK(seekauth_error_retryable(error) == seekauth_error_code_retryable(code));
            CHECK_ERROR(error, code, "a test");
            seekauth_journal *journal = journal_of(client);
            const size_t count = seekauth_journal_count(journal);
            CHECK(count > 0 && seekauth_journal_failure(journal, count - 1) == code);
            seekauth_journal_free(journal);
            CHECK_OK(seekauth_fake_succeed(client));
            CHECK_OK(seekauth_fake_advance(client, 2 * HOUR_MS));
            authorizes_by(client, "Bearer fake-token");
            codes++;
        }
        seekauth_client_free(client);
    }
    CHECK(codes == 14);
}

static void a_good_token_outlives_a_failure(void) {
    seekauth_client *client = make_fake(NULL);
    seekauth_token *token = NULL;
    authorizes_by(client, "Bearer fake-token");
    CHECK_OK(seekauth_fake_fail_with(client, SEEKAUTH_UNAVAILABLE, -1));
    CHECK_OK(seekauth_fake_advance(client, HOUR_MS / 2 - 10000));
    authorizes_by(client, "Bearer fake-token");
    CHECK_OK(seekauth_fake_advance(client, HOUR_MS));
    seekauth_error *error = seekauth_client_get_token(client, 0, &token);
    CHECK(seekauth_error_code(error) == SEEKAUTH_UNAVAILABLE);
    seekauth_error_free(error);
    seekauth_client_free(client);
}

static void a_rejected_token_is_renewed_and_the_request_sent_again(void) {
    seekauth_fake_options options = SEEKAUTH_FAKE_OPTIONS_INIT;
    options.token = "t";
    seekauth_client *client = make_fake(&options);
    seekauth_response *response = NULL;
    const seekauth_graphql operation = who();
    const seekauth_fake_response responses[] = {response_of(200, REJECTED), response_of(200, DATA)};
    authorizes_by(client, "Bearer t");
    CHECK_OK(seekauth_fake_advance(client, 10000));
    CHECK_OK(seekauth_fake_respond(client, responses, 2));
    CHECK_OK(seekauth_client_graphql(client, &operation, &response));
    CHECK(has(seekauth_response_body(response), DATA));
    seekauth_response_free(response);
    /* The last response stands. */
    CHECK_OK(seekauth_client_graphql(client, &operation, &response));
    seekauth_response_free(response);

    seekauth_journal *journal = journal_of(client);
    const char *const sent[] = {NULL, "Bearer t", NULL, "Bearer t-2", "Bearer t-2"};
    CHECK(seekauth_journal_count(journal) == 5);
    for (size_t i = 0; i < 5; i++) {
        const seekauth_fake_request *request = seekauth_journal_request(journal, i);
        CHECK((request == NULL) == (sent[i] == NULL));
        CHECK((seekauth_journal_scopes(journal, i) == NULL) == (sent[i] != NULL));
        CHECK(request == NULL || has(seekauth_fake_request_header(request, "AUTHORIZATION"), sent[i]));
        CHECK(request == NULL || strstr(seekauth_fake_request_body(request), "\"operationName\":\"Me\"") != NULL);
    }
    CHECK(has(seekauth_fake_request_header(seekauth_journal_request(journal, 1), "x-request-id"),
              seekauth_fake_request_header(seekauth_journal_request(journal, 3), "x-request-id")));
    CHECK(seekauth_journal_request(journal, 5) == NULL && seekauth_journal_scopes(journal, 5) == NULL);
    CHECK(seekauth_journal_failure(journal, 5) == SEEKAUTH_OK);
    /* It outlives its client, and so do its requests. */
    seekauth_client_free(client);
    CHECK(has(seekauth_fake_request_method(seekauth_journal_request(journal, 4)), "POST"));
    seekauth_journal_free(journal);
}

static void responses_have_all_that_they_are_given(void) {
    seekauth_client *client = make_fake(NULL);
    seekauth_response *response = NULL;
    const seekauth_http_request request = echo();
    const seekauth_header headers[] = {{"X-One", "1"}, {"x-two", "zwei"}};
    seekauth_fake_response canned = {299, headers, 2, "a\0b", 3};
    CHECK_ERROR(seekauth_client_send(client, &request, &response), SEEKAUTH_INVALID_ARGUMENT, "no response");
    CHECK_OK(seekauth_fake_respond(client, &canned, 1));
    CHECK_OK(seekauth_client_send(client, &request, &response));
    CHECK(seekauth_response_status(response) == 299 && seekauth_response_body_length(response) == 3);
    CHECK(memcmp(seekauth_response_body(response), "a\0b", 4) == 0);
    CHECK(has(seekauth_response_header(response, "x-one"), "1"));
    CHECK(has(seekauth_response_header(response, "X-Two"), "zwei"));
    seekauth_response_free(response);
    /* What cannot be a response. */
    canned.status = 65536;
    CHECK_ERROR(seekauth_fake_respond(client, &canned, 1), SEEKAUTH_INVALID_ARGUMENT, "status");
    canned.status = 0;
    CHECK_OK(seekauth_fake_respond(client, &canned, 1));
    CHECK_ERROR(seekauth_client_send(client, &request, &response), SEEKAUTH_INVALID_ARGUMENT, "status");
    CHECK_OK(seekauth_fake_respond(client, NULL, 0));
    CHECK_ERROR(seekauth_client_send(client, &request, &response), SEEKAUTH_INVALID_ARGUMENT, "no response");
    seekauth_client_free(client);
}

/* A function that responds: what it is to do, and what became of it. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const seekauth_client *client;
    seekauth_client *frees;
    int32_t code;
    bool sets, blocks, replaces;
    int calls, returned, freed;
} responding;

#define RESPONDING_INIT                                                                            \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .sets = true       \
    }

static void note(responding *in, int *number) {
    pthread_mutex_lock(&in->lock);
    ++*number;
    pthread_cond_broadcast(&in->changed);
    pthread_mutex_unlock(&in->lock);
}

static void await(responding *in, const int *number, int wanted) {
    pthread_mutex_lock(&in->lock);
    while (*number < wanted)
        pthread_cond_wait(&in->changed, &in->lock);
    pthread_mutex_unlock(&in->lock);
}

static void *unblock(void *user_data) {
    responding *in = user_data;
    pthread_mutex_lock(&in->lock);
    in->blocks = false;
    pthread_cond_broadcast(&in->changed);
    pthread_mutex_unlock(&in->lock);
    return NULL;
}

static void free_responding(void *user_data) {
    responding *in = user_data;
    /* Not under a lock of the library's. */
    CHECK(in->client == NULL || seekauth_fake_now_ms(in->client) > 0);
    CHECK(in->client == NULL || token_requests(in->client) >= 0);
    note(in, &in->freed);
}

/* Responds with the request's body, and its method and URL in headers. */
static int32_t respond(void *user_data, const seekauth_fake_request *request, seekauth_responder *responder) {
    responding *in = user_data;
    const seekauth_header headers[] = {{"x-method", seekauth_fake_request_method(request)},
                                       {"x-url", seekauth_fake_request_url(request)}};
    const seekauth_fake_response response = {201, headers, 2, seekauth_fake_request_body(request),
                                             seekauth_fake_request_body_length(request)};
    const size_t count = seekauth_fake_request_header_count(request);
    for (size_t i = 0; i < count; i++)
        CHECK(has(seekauth_fake_request_header(request, seekauth_fake_request_header_name(request, i)),
                  seekauth_fake_request_header_value(request, i)));
    CHECK(count > 2 && seekauth_fake_request_header_name(request, count) == NULL);
    CHECK(seekauth_fake_request_header_value(request, count) == NULL);
    CHECK(seekauth_fake_request_header(request, "x-none") == NULL);
    CHECK_ERROR(seekauth_responder_set(responder, NULL), SEEKAUTH_INVALID_ARGUMENT, "response");
    if (in->sets)
        CHECK_OK(seekauth_responder_set(responder, &response));
    note(in, &in->calls);
    pthread_mutex_lock(&in->lock);
    while (in->blocks)
        pthread_cond_wait(&in->changed, &in->lock);
    pthread_mutex_unlock(&in->lock);
    if (in->replaces) {
        const seekauth_fake_response next = response_of(204, "");
        CHECK_OK(seekauth_fake_respond(in->client, &next, 1));
        CHECK(in->freed == 0);
    }
    if (in->frees != NULL) {
        seekauth_client_free_and_wait(in->frees);
        CHECK(in->freed == 0);
    }
    note(in, &in->returned);
    return in->code;
}

static seekauth_client *client_by(responding *in) {
    seekauth_fake_options options = SEEKAUTH_FAKE_OPTIONS_INIT;
    options.scopes = "read.employment";
    seekauth_client *client = make_fake(&options);
    CHECK_OK(seekauth_fake_respond_with(client, respond, in, free_responding));
    return client;
}

static void a_function_responds(void) {
    responding in = RESPONDING_INIT;
    seekauth_client *client = client_by(&in);
    seekauth_response *response = NULL;
    const seekauth_http_request request = echo();
    CHECK_OK(seekauth_client_send(client, &request, &response));
    CHECK(seekauth_response_status(response) == 201 && seekauth_response_body_length(response) == 3);
    CHECK(memcmp(seekauth_response_body(response), "a\0b", 3) == 0);
    CHECK(has(seekauth_response_header(response, "x-method"), "PUT"));
    const char *url = seekauth_response_header(response, "x-url");
    CHECK(url != NULL && strncmp(url, "http://127.0.0.1", 16) == 0 && strstr(url, "/echo?a=b") != NULL);
    seekauth_response_free(response);
    response = NULL;
    for (int code = 1; code < 128; code++) {
        in.code = code;
        const bool known = seekauth_error_code_name(code) != NULL;
        CHECK_ERROR(seekauth_client_send(client, &request, &response),
                    known ? code : SEEKAUTH_INVALID_ARGUMENT, known ? "a test" : "code");
    }
    in.code = SEEKAUTH_OK;
    in.sets = false;
    CHECK_ERROR(seekauth_client_send(client, &request, &response), SEEKAUTH_INVALID_ARGUMENT,
                "seekauth_responder_set");
    CHECK(response == NULL && in.freed == 0);
    in.client = client;
    in.sets = in.replaces = true;
    CHECK_OK(seekauth_client_send(client, &request, &response));
    CHECK(seekauth_response_status(response) == 201 && in.freed == 1);
    seekauth_response_free(response);
    CHECK_OK(seekauth_client_send(client, &request, &response));
    CHECK(seekauth_response_status(response) == 204);
    seekauth_response_free(response);
    seekauth_client_free(client);
    CHECK(in.freed == 1 && in.calls == in.returned);
}

static void what_it_was_given_is_freed_once(void) {
    responding in = RESPONDING_INIT, next = RESPONDING_INIT;
    seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    seekauth_client *client = client_by(&in), *real = make_client(&options), *other = NULL;
    in.client = client;
    CHECK_OK(seekauth_fake_respond_with(client, respond, &next, free_responding));
    CHECK(in.freed == 1 && next.freed == 0);
    /* Also where it is not taken. */
    CHECK_ERROR(seekauth_fake_respond_with(client, NULL, &in, free_responding), SEEKAUTH_INVALID_ARGUMENT,
                "callback");
    CHECK_ERROR(seekauth_fake_respond_with(real, respond, &in, free_responding), SEEKAUTH_INVALID_ARGUMENT,
                "seekauth_client_fake");
    CHECK(in.freed == 3);
    /* With the last client of the fake. */
    CHECK_OK(seekauth_client_with_scopes(client, "write.education", &other));
    seekauth_client_free(client);
    CHECK(next.freed == 0);
    seekauth_client_free(other);
    CHECK(next.freed == 1);
    seekauth_client_free(real);
}

static void a_client_is_freed_while_its_function_runs(void) {
    const seekauth_http_request request = echo();
    for (int waits = 0; waits < 2; waits++) {
        responding in = RESPONDING_INIT;
        outcome result = OUTCOME_INIT;
        pthread_t other;
        in.blocks = true;
        seekauth_client *client = client_by(&in);
        CHECK_OK(seekauth_client_send_async(client, &request, on_response, &result, NULL));
        await(&in, &in.calls, 1);
        if (waits) {
            CHECK(pthread_create(&other, NULL, unblock, &in) == 0);
            seekauth_client_free_and_wait(client);
            CHECK(in.returned == 1 && result.calls == 1);
            pthread_join(other, NULL);
        } else {
            seekauth_client_free(client);
            CHECK(in.returned == 0 && in.freed == 0);
            unblock(&in);
        }
        await(&in, &in.freed, 1);
        await_outcome(&result);
        CHECK(result.error == NULL || seekauth_error_code(result.error) == SEEKAUTH_CANCELLED);
        CHECK(in.returned == 1 && in.freed == 1 && result.calls == 1);
        forget_outcome(&result);
    }
    responding in = RESPONDING_INIT;
    outcome result = OUTCOME_INIT;
    in.blocks = true;
    in.frees = client_by(&in);
    CHECK_OK(seekauth_client_send_async(in.frees, &request, on_response, &result, NULL));
    unblock(&in);
    await(&in, &in.freed, 1);
    await_outcome(&result);
    CHECK(in.returned == 1);
    forget_outcome(&result);
}

static int32_t wait_in_vain(void *user_data, const seekauth_fake_request *request,
                            seekauth_responder *responder) {
    const seekauth_client *client = user_data;
    const seekauth_fake_response response = response_of(200, DATA);
    seekauth_response *none = NULL;
    const seekauth_graphql operation = who();
    (void)request;
    CHECK_ERROR(seekauth_client_graphql(client, &operation, &none), SEEKAUTH_INVALID_ARGUMENT, "callback");
    CHECK_ERROR(seekauth_client_drain(client, 0), SEEKAUTH_INVALID_ARGUMENT, "callback");
    /* What needs no waiting it may have. */
    authorizes_by(client, "Bearer fake-token");
    CHECK_OK(seekauth_responder_set(responder, &response));
    return SEEKAUTH_OK;
}

static void its_function_cannot_wait_for_itself(void) {
    seekauth_client *client = make_fake(NULL);
    seekauth_response *response = NULL;
    const seekauth_graphql operation = who();
    CHECK_OK(seekauth_fake_respond_with(client, wait_in_vain, client, NULL));
    CHECK_OK(seekauth_client_graphql(client, &operation, &response));
    CHECK(has(seekauth_response_body(response), DATA));
    seekauth_response_free(response);
    seekauth_client_free(client);
}

static void *call(void *user_data) {
    const seekauth_client *client = user_data;
    const seekauth_graphql operation = who();
    for (int i = 0; i < CALLS; i++) {
        seekauth_response *response = NULL;
        CHECK_OK(seekauth_client_graphql(client, &operation, &response));
        seekauth_response_free(response);
        CHECK(token_requests(client) == 1);
        CHECK_OK(seekauth_fake_advance(client, 1));
    }
    return NULL;
}

static void threads_share_it(void) {
    seekauth_client *client = make_fake(NULL);
    const seekauth_fake_response response = response_of(200, DATA);
    pthread_t threads[THREADS];
    const uint64_t began = seekauth_fake_now_ms(client);
    CHECK_OK(seekauth_fake_respond(client, &response, 1));
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, call, client) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    seekauth_journal *journal = journal_of(client);
    CHECK(seekauth_journal_count(journal) == 1 + THREADS * CALLS);
    CHECK(seekauth_fake_now_ms(client) > began);
    seekauth_journal_free(journal);
    seekauth_client_free(client);
}

static void clients_for_other_scopes_are_of_the_same_fake(void) {
    seekauth_fake_options options = SEEKAUTH_FAKE_OPTIONS_INIT;
    options.scopes = "read.employment read.education";
    seekauth_client *client = make_fake(&options), *other = NULL;
    seekauth_token *token = NULL;
    CHECK_OK(seekauth_client_with_scopes(client, "write.education", &other));
    CHECK(seekauth_client_is_fake(other));
    CHECK_OK(seekauth_client_get_token(client, 0, &token));
    CHECK(seekauth_token_scope_count(token) == 2 && has(seekauth_token_scope(token, 0), "read.education"));
    seekauth_token_free(token);
    seekauth_client_free(client);
    CHECK_OK(seekauth_client_get_token(other, 0, &token));
    CHECK(has(seekauth_token_scope(token, 0), "write.education"));
    seekauth_token_free(token);
    seekauth_journal *journal = journal_of(other);
    CHECK(seekauth_journal_count(journal) == 2);
    CHECK(has(seekauth_journal_scopes(journal, 0), "read.education read.employment"));
    CHECK(has(seekauth_journal_scopes(journal, 1), "write.education"));
    seekauth_journal_free(journal);
    seekauth_client_free(other);
}

static void its_tokens_stay_on_this_machine(void) {
    static const char *const ours[] = {"http://127.0.0.1:8080/x", "http://localhost/", "https://[::1]:9/x"};
    static const char *const others[] = {"https://graphql.seek.com/graphql", "http://127.0.0.1.evil.example/",
                                         "http://127.0.0.1@evil.example/", "http://10.0.0.1/"};
    seekauth_client *client = make_fake(NULL), *none = NULL;
    seekauth_fake_options options = SEEKAUTH_FAKE_OPTIONS_INIT;
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        seekauth_auth_flow *flow = NULL;
        seekauth_token *token = NULL;
        CHECK_OK(seekauth_client_auth_flow(client, ours[i], true, &flow));
        CHECK_OK(seekauth_auth_flow_get_token(flow, 0, &token));
        CHECK_OK(seekauth_auth_flow_attempt(flow, seekauth_token_authorization(token), NULL, 0));
        seekauth_token_free(token);
        seekauth_auth_flow_free(flow);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        seekauth_auth_flow *flow = NULL;
        CHECK_ERROR(seekauth_client_auth_flow(client, others[i], true, &flow), SEEKAUTH_FORBIDDEN_ORIGIN, NULL);
        CHECK(flow == NULL);
    }
    options.api_url = others[0];
    CHECK_ERROR(seekauth_client_fake(&options, &none), SEEKAUTH_INVALID_ARGUMENT, "api_url");
    options.api_url = NULL;
    options.token = "a b";
    CHECK_ERROR(seekauth_client_fake(&options, &none), SEEKAUTH_INVALID_ARGUMENT, "token");
    options.token = NULL;
    options.scopes = "a\"b";
    CHECK_ERROR(seekauth_client_fake(&options, &none), SEEKAUTH_INVALID_ARGUMENT, "scope");
    CHECK(none == NULL);
    seekauth_client_free(client);
}

/* What all the tests before did, the network never saw; and it is seen what a real client does. */
static void the_network_is_never_touched(void) {
    CHECK(network_calls == 0);
    seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    options.timeout_ms = 1000;
    seekauth_client *client = make_client(&options);
    seekauth_token *token = NULL;
    seekauth_error_free(seekauth_client_get_token(client, 0, &token));
    CHECK(network_calls > 0);
    seekauth_client_free(client);
}

int main(void) {
    it_is_a_client();
    time_is_moved_by_hand();
    it_fails_with_every_code();
    a_good_token_outlives_a_failure();
    a_rejected_token_is_renewed_and_the_request_sent_again();
    responses_have_all_that_they_are_given();
    a_function_responds();
    what_it_was_given_is_freed_once();
    a_client_is_freed_while_its_function_runs();
    its_function_cannot_wait_for_itself();
    threads_share_it();
    clients_for_other_scopes_are_of_the_same_fake();
    its_tokens_stay_on_this_machine();
    the_network_is_never_touched();
    return checks_failed();
}
