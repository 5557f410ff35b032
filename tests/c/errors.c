/* The error table as a C program sees it: every constant has its name, and no other number has one. */

#include "check.h"

typedef struct {
    int32_t code;
    const char *name;
} row;

static const row table[] = {
    {SEEKAUTH_OK, "ok"},
    {SEEKAUTH_INVALID_ARGUMENT, "invalid_argument"},
    {SEEKAUTH_CLOSED, "closed"},
    {SEEKAUTH_CANCELLED, "cancelled"},
    {SEEKAUTH_TIMEOUT, "timeout"},
    {SEEKAUTH_NETWORK, "network"},
    {SEEKAUTH_INVALID_CREDENTIALS, "invalid_credentials"},
    {SEEKAUTH_NOT_GRANTED, "not_granted"},
    {SEEKAUTH_THROTTLED, "throttled"},
    {SEEKAUTH_UNAVAILABLE, "unavailable"},
    {SEEKAUTH_PROTOCOL, "protocol"},
    {SEEKAUTH_TOKEN_REJECTED, "token_rejected"},
    {SEEKAUTH_FORBIDDEN_ORIGIN, "forbidden_origin"},
    {SEEKAUTH_CREDENTIALS_UNAVAILABLE, "credentials_unavailable"},
    {SEEKAUTH_INTERNAL, "internal"},
};

static const char *expected_name(int32_t code) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].code == code)
            return table[i].name;
    return NULL;
}

static void the_table_is_what_the_header_says(void) {
    for (int32_t code = -1000; code <= 1000; code++) {
        const char *expected = expected_name(code);
        const char *name = seekauth_error_code_name(code);
        CHECK((name == NULL) == (expected == NULL));
        if (name != NULL && expected != NULL)
            CHECK(strcmp(name, expected) == 0);
        CHECK((seekauth_error_code_meaning(code) != NULL) == (expected != NULL));
    }
    CHECK(seekauth_error_code_name(INT32_MIN) == NULL);
    CHECK(seekauth_error_code_name(INT32_MAX) == NULL);
}

static void an_error_tells_what_it_knows(void) {
    seekauth_options options = SEEKAUTH_OPTIONS_INIT;
    seekauth_client *client = NULL;
    seekauth_error *error = seekauth_client_new(&options, &client);
    CHECK(error != NULL);
    CHECK(client == NULL);
    CHECK(seekauth_error_code(error) == SEEKAUTH_INVALID_ARGUMENT);
    CHECK(strcmp(seekauth_error_name(error), "invalid_argument") == 0);
    CHECK(strstr(seekauth_error_message(error), "service") != NULL);
    CHECK(!seekauth_error_retryable(error));
    CHECK(seekauth_error_retry_after_ms(error) == -1);
    CHECK(seekauth_error_status(error) == 0);
    CHECK(seekauth_error_server_code(error) == NULL);
    CHECK(seekauth_error_target(error) == NULL);
    seekauth_error_free(error);
}

int main(void) {
    the_table_is_what_the_header_says();
    an_error_tells_what_it_knows();
    return checks_failed();
}
