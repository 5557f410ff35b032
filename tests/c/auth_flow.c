/* The exchange, for programs with an HTTP client of their own: where the token may go, which headers go
 * with it, what is a rejection, and that there is one repetition at most. Nothing here reaches a network. */

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

static seekauth_exchange *begin(const seekauth_client *client, bool replayable) {
    seekauth_exchange *exchange = NULL;
    CHECK_OK(seekauth_client_exchange(client, API, replayable, &exchange));
    return exchange;
}

/* The value of the header, which has to be there once. */
static const char *sent(const seekauth_exchange *exchange, const char *name) {
    const char *value = NULL;
    int times = 0;
    for (size_t i = 0; i < seekauth_exchange_header_count(exchange); i++) {
        if (strcmp(seekauth_exchange_header_name(exchange, i), name) == 0) {
            value = seekauth_exchange_header_value(exchange, i);
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
        seekauth_exchange *exchange = NULL;
        CHECK_ERROR(seekauth_client_exchange(client, elsewhere[i], true, &exchange),
                    SEEKAUTH_FORBIDDEN_ORIGIN, NULL);
        CHECK(exchange == NULL);
    }
}

static void it_lists_the_headers_to_send(const seekauth_client *client) {
    const seekauth_header own[] = {
        {"authorization", "Basic x"}, {"USER-AGENT", "other/1"}, {"X-Own", "1"}, {"X-Own", "2"}};
    const seekauth_header given[] = {{"x-request-id", "mine"}, {"accept-language", "th"}};
    char request_id[64];
    seekauth_exchange *exchange = begin(client, true);
    CHECK(seekauth_exchange_header_count(exchange) == 0);
    CHECK_OK(seekauth_exchange_admit(exchange, "Bearer one", own, 4));
    CHECK(seekauth_exchange_header_count(exchange) == 6);
    CHECK(strcmp(seekauth_exchange_header_name(exchange, 0), "X-Own") == 0);
    CHECK(strcmp(seekauth_exchange_header_value(exchange, 0), "1") == 0);
    CHECK(strcmp(seekauth_exchange_header_value(exchange, 1), "2") == 0);
    CHECK(strcmp(sent(exchange, "Authorization"), "Bearer one") == 0);
    CHECK(strncmp(sent(exchange, "User-Agent"), "c-tests/1.0", 11) == 0);
    CHECK(strcmp(sent(exchange, "Accept-Language"), "en-AU") == 0);
    snprintf(request_id, sizeof request_id, "%s", sent(exchange, "X-Request-Id"));
    CHECK(strlen(request_id) == 36);
    CHECK(seekauth_exchange_header_name(exchange, 6) == NULL);
    CHECK(seekauth_exchange_header_value(exchange, 6) == NULL);

    /* The second time, the id is the same; and the list is made anew. */
    CHECK_OK(seekauth_exchange_reject(exchange));
    CHECK_OK(seekauth_exchange_admit(exchange, "Bearer two", NULL, 0));
    CHECK(seekauth_exchange_header_count(exchange) == 4);
    CHECK(strcmp(sent(exchange, "Authorization"), "Bearer two") == 0);
    CHECK(strcmp(sent(exchange, "X-Request-Id"), request_id) == 0);
    seekauth_exchange_free(exchange);

    exchange = begin(client, true);
    CHECK_OK(seekauth_exchange_admit(exchange, "Bearer one", given, 2));
    CHECK(seekauth_exchange_header_count(exchange) == 4);
    CHECK(strcmp(sent(exchange, "x-request-id"), "mine") == 0);
    CHECK(strcmp(sent(exchange, "accept-language"), "th") == 0);
    seekauth_exchange_free(exchange);
}

static void the_code_in_the_body_decides(const seekauth_client *client) {
    const struct {
        int status;
        const char *url, *body;
        bool rejected;
    } answers[] = {
        {200, NULL, UNAUTHENTICATED, true},
        {200, API, UNAUTHENTICATED, true},
        {200, "https://files.example/", UNAUTHENTICATED, false},
        {200, NULL, "{\"data\": {\"text\": \"UNAUTHENTICATED\"}}", false},
        {403, NULL, "{\"errors\": [{\"extensions\": {\"code\": \"FORBIDDEN\"}}]}", false},
        {401, NULL, "<html>", true},
        {401, NULL, "", true},
        {500, NULL, "", false},
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        seekauth_exchange *exchange = begin(client, true);
        bool more = false;
        CHECK_OK(seekauth_exchange_inspect(exchange, answers[i].status, answers[i].url, &more));
        for (const char *byte = answers[i].body; *byte != '\0' && more; byte++)
            more = seekauth_exchange_feed(exchange, byte, 1);
        CHECK(seekauth_exchange_rejected(exchange) == answers[i].rejected);
        /* It is decided. */
        CHECK(!seekauth_exchange_feed(exchange, UNAUTHENTICATED, sizeof UNAUTHENTICATED - 1));
        CHECK(seekauth_exchange_rejected(exchange) == answers[i].rejected);
        seekauth_exchange_free(exchange);
    }
}

static void there_is_one_repetition(const seekauth_client *client) {
    seekauth_exchange *exchange = begin(client, true);
    CHECK_OK(seekauth_exchange_admit(exchange, "Bearer one", NULL, 0));
    CHECK_OK(seekauth_exchange_reject(exchange));
    CHECK_ERROR(seekauth_exchange_admit(exchange, "Bearer one", NULL, 0), SEEKAUTH_TOKEN_REJECTED, NULL);
    CHECK_OK(seekauth_exchange_admit(exchange, "Bearer two", NULL, 0));
    CHECK_ERROR(seekauth_exchange_reject(exchange), SEEKAUTH_TOKEN_REJECTED, "audience");
    seekauth_exchange_free(exchange);

    exchange = begin(client, false);
    CHECK_OK(seekauth_exchange_admit(exchange, "Bearer one", NULL, 0));
    CHECK_ERROR(seekauth_exchange_reject(exchange), SEEKAUTH_TOKEN_REJECTED, "stream");
    seekauth_exchange_free(exchange);
}

static void an_exchange_outlives_its_client(void) {
    seekauth_options options = offline_options();
    seekauth_client *client = make_client(&options);
    seekauth_exchange *exchange = begin(client, true);
    seekauth_client_free(client);
    CHECK_OK(seekauth_exchange_admit(exchange, "Bearer one", NULL, 0));
    CHECK(strcmp(sent(exchange, "Authorization"), "Bearer one") == 0);
    CHECK_OK(seekauth_exchange_reject(exchange));
    seekauth_exchange_free(exchange);
}

int main(void) {
    seekauth_options options = offline_options();
    seekauth_client *client = make_client(&options);
    the_token_goes_to_the_api_only(client);
    it_lists_the_headers_to_send(client);
    the_code_in_the_body_decides(client);
    there_is_one_repetition(client);
    seekauth_client_free(client);
    an_exchange_outlives_its_client();
    return checks_failed();
}
