/* The flow for programs with an HTTP client of their own: where the token may go, which headers go with it,
 * what is a rejection, and that there is one repetition at most. Nothing here reaches a network. */

#include "check.h"

#define API "http://127.0.0.1:9/graphql"

static const char UNAUTHENTICATED[] =
    "{\"errors\": [{\"message\": \"no\", \"extensions\": {\"code\": \"UNAUTHENTICATED\"}}], \"data\": null}";

static seekauth_options offline_options(void) {
    seekauth_options options = SEEKAUTH_OPTIONS_INIT;
    options.service = "seek_api";
    options.environment = "playground";
    options.token_url = "http://127.0.0.1:9/token";
    options.api_url = API;
    options.client_id = "id";
    options.client_secret = "secret";
    options.user_agent = "c-tests/1.0";
    options.accept_language = "en-AU";
    return options;
}

static seekauth_auth_flow *begin(const seekauth_client *client, bool replayable) {
    seekauth_auth_flow *flow = NULL;
    CHECK_OK(seekauth_client_auth_flow(client, API, replayable, &flow));
    return flow;
}

/* The value of the header, which has to be there once. */
static const char *sent(const seekauth_auth_flow *flow, const char *name) {
    const char *value = NULL;
    int times = 0;
    for (size_t i = 0; i < seekauth_auth_flow_header_count(flow); i++) {
        if (strcmp(seekauth_auth_flow_header_name(flow, i), name) == 0) {
            value = seekauth_auth_flow_header_value(flow, i);
            times++;
        }
    }
    CHECK(times == 1);
    return value == NULL ? "" : value;
}

static void the_token_goes_to_the_api_only(const seekauth_client *client) {
    const char *elsewhere[] = {
        "http://127.0.0.1:8/graphql", "https://127.0.0.1:9/graphql", "http://127.0.0.1.evil.example:9/",
        "http://user@127.0.0.1:9/",   "http://127.0.0.1:9@evil/",    "http://127.0.0.1:9\\@evil/",
        "//127.0.0.1:9/",             "/graphql",                    "",
    };
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        seekauth_auth_flow *flow = NULL;
        CHECK_ERROR(seekauth_client_auth_flow(client, elsewhere[i], true, &flow),
                    SEEKAUTH_FORBIDDEN_ORIGIN, NULL);
        CHECK(flow == NULL);
    }
}

static void it_lists_the_headers_to_send(const seekauth_client *client) {
    const seekauth_header own[] = {
        {"authorization", "Basic x"}, {"USER-AGENT", "other/1"}, {"X-Own", "1"}, {"X-Own", "2"}};
    const seekauth_header given[] = {{"x-request-id", "mine"}, {"accept-language", "th"}};
    char request_id[64];
    seekauth_auth_flow *flow = begin(client, true);
    CHECK(seekauth_auth_flow_header_count(flow) == 0);
    CHECK_OK(seekauth_auth_flow_attempt(flow, "Bearer one", own, 4));
    CHECK(seekauth_auth_flow_header_count(flow) == 6);
    CHECK(strcmp(seekauth_auth_flow_header_name(flow, 0), "X-Own") == 0);
    CHECK(strcmp(seekauth_auth_flow_header_value(flow, 0), "1") == 0);
    CHECK(strcmp(seekauth_auth_flow_header_value(flow, 1), "2") == 0);
    CHECK(strcmp(sent(flow, "Authorization"), "Bearer one") == 0);
    CHECK(strncmp(sent(flow, "User-Agent"), "c-tests/1.0", 11) == 0);
    CHECK(strcmp(sent(flow, "Accept-Language"), "en-AU") == 0);
    snprintf(request_id, sizeof request_id, "%s", sent(flow, "X-Request-Id"));
    CHECK(strlen(request_id) == 36);
    CHECK(seekauth_auth_flow_header_name(flow, 6) == NULL);
    CHECK(seekauth_auth_flow_header_value(flow, 6) == NULL);

    /* The second time, the id is the same; and the list is made anew. */
    CHECK_OK(seekauth_auth_flow_retry(flow));
    CHECK_OK(seekauth_auth_flow_attempt(flow, "Bearer two", NULL, 0));
    CHECK(seekauth_auth_flow_header_count(flow) == 4);
    CHECK(strcmp(sent(flow, "Authorization"), "Bearer two") == 0);
    CHECK(strcmp(sent(flow, "X-Request-Id"), request_id) == 0);
    seekauth_auth_flow_free(flow);

    flow = begin(client, true);
    CHECK_OK(seekauth_auth_flow_attempt(flow, "Bearer one", given, 2));
    CHECK(seekauth_auth_flow_header_count(flow) == 4);
    CHECK(strcmp(sent(flow, "x-request-id"), "mine") == 0);
    CHECK(strcmp(sent(flow, "accept-language"), "th") == 0);
    seekauth_auth_flow_free(flow);
}

static void the_code_in_the_body_decides(const seekauth_client *client) {
    const struct {
        int status;
        const char *url, *body;
        bool rejected;
    } responses[] = {
        {200, NULL, UNAUTHENTICATED, true},
        {200, API, UNAUTHENTICATED, true},
        {200, "https://files.example/", UNAUTHENTICATED, false},
        {200, NULL, "{\"data\": {\"text\": \"UNAUTHENTICATED\"}}", false},
        {403, NULL, "{\"errors\": [{\"extensions\": {\"code\": \"FORBIDDEN\"}}]}", false},
        {401, NULL, "<html>", true},
        {401, NULL, "", true},
        {500, NULL, "", false},
    };
    for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++) {
        seekauth_auth_flow *flow = begin(client, true);
        bool more = false;
        CHECK_OK(seekauth_auth_flow_inspect(flow, responses[i].status, responses[i].url, &more));
        for (const char *byte = responses[i].body; *byte != '\0' && more; byte++)
            more = seekauth_auth_flow_feed(flow, byte, 1);
        CHECK(seekauth_auth_flow_rejected(flow) == responses[i].rejected);
        /* It is decided. */
        CHECK(!seekauth_auth_flow_feed(flow, UNAUTHENTICATED, sizeof UNAUTHENTICATED - 1));
        CHECK(seekauth_auth_flow_rejected(flow) == responses[i].rejected);
        seekauth_auth_flow_free(flow);
    }
}

static void there_is_one_repetition(const seekauth_client *client) {
    seekauth_auth_flow *flow = begin(client, true);
    CHECK_OK(seekauth_auth_flow_attempt(flow, "Bearer one", NULL, 0));
    CHECK_OK(seekauth_auth_flow_retry(flow));
    CHECK_ERROR(seekauth_auth_flow_attempt(flow, "Bearer one", NULL, 0), SEEKAUTH_TOKEN_REJECTED, NULL);
    CHECK_OK(seekauth_auth_flow_attempt(flow, "Bearer two", NULL, 0));
    CHECK_ERROR(seekauth_auth_flow_retry(flow), SEEKAUTH_TOKEN_REJECTED, "audience");
    seekauth_auth_flow_free(flow);

    flow = begin(client, false);
    CHECK_OK(seekauth_auth_flow_attempt(flow, "Bearer one", NULL, 0));
    CHECK_ERROR(seekauth_auth_flow_retry(flow), SEEKAUTH_TOKEN_REJECTED, "stream");
    seekauth_auth_flow_free(flow);
}

/* A Host header of the request's own would take the token to another server behind the same address. */
static void the_host_is_the_api_s(const seekauth_client *client) {
    const char *others[] = {"evil.example", "127.0.0.1",      "127.0.0.1:8",  "127.0.0.1:9@evil.example",
                            "",             "127.0.0.1:9/x", "a, 127.0.0.1:9", "127.0.0.1:9\r\nX-Y: z"};
    seekauth_auth_flow *flow = begin(client, true);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const seekauth_header own[] = {{"X-Own", "1"}, {"hOsT", others[i]}};
        CHECK_ERROR(seekauth_auth_flow_check_host(flow, others[i]), SEEKAUTH_FORBIDDEN_ORIGIN, "Host");
        CHECK_ERROR(seekauth_auth_flow_attempt(flow, "Bearer one", own, 2), SEEKAUTH_FORBIDDEN_ORIGIN, "Host");
        CHECK(seekauth_auth_flow_header_count(flow) == 0);
    }
    const seekauth_header own = {"Host", "127.0.0.1:9"};
    CHECK_OK(seekauth_auth_flow_check_host(flow, "127.0.0.1:9"));
    CHECK_OK(seekauth_auth_flow_attempt(flow, "Bearer one", &own, 1));
    CHECK(strcmp(sent(flow, "Host"), "127.0.0.1:9") == 0);
    seekauth_auth_flow_free(flow);
}

/* One that breaks off leaves the response of the attempt before. */
static void an_attempt_begins_anew(const seekauth_client *client) {
    seekauth_auth_flow *flow = begin(client, true);
    CHECK_OK(seekauth_auth_flow_attempt(flow, "Bearer one", NULL, 0));
    CHECK_OK(seekauth_auth_flow_inspect(flow, 401, NULL, NULL));
    CHECK(seekauth_auth_flow_rejected(flow));
    CHECK_OK(seekauth_auth_flow_retry(flow));
    CHECK_OK(seekauth_auth_flow_attempt(flow, "Bearer two", NULL, 0));
    CHECK(!seekauth_auth_flow_rejected(flow));
    seekauth_auth_flow_free(flow);
}

static void a_flow_outlives_its_client(void) {
    seekauth_options options = offline_options();
    seekauth_client *client = make_client(&options);
    seekauth_auth_flow *flow = begin(client, true);
    seekauth_token *token = NULL;
    seekauth_client_free(client);
    CHECK_OK(seekauth_auth_flow_attempt(flow, "Bearer one", NULL, 0));
    CHECK(strcmp(sent(flow, "Authorization"), "Bearer one") == 0);
    CHECK_OK(seekauth_auth_flow_retry(flow));
    CHECK_ERROR(seekauth_auth_flow_get_token(flow, 0, &token), SEEKAUTH_CLOSED, NULL);
    CHECK(token == NULL);
    seekauth_auth_flow_free(flow);
}

int main(void) {
    seekauth_options options = offline_options();
    seekauth_client *client = make_client(&options);
    the_token_goes_to_the_api_only(client);
    it_lists_the_headers_to_send(client);
    the_code_in_the_body_decides(client);
    there_is_one_repetition(client);
    the_host_is_the_api_s(client);
    an_attempt_begins_anew(client);
    seekauth_client_free(client);
    a_flow_outlives_its_client();
    return checks_failed();
}
