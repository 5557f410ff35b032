/* The error table as a C program sees it: every constant has its name and says whether a repeat may help, and no
 * other number has either. */

#include "check.h"

typedef struct {
    int32_t code;
    const char *name;
    bool retryable;
} row;

static const row table[] = {
    {SEEKAUTH_OK, "ok", false},
    {SEEKAUTH_INVALID_ARGUMENT, "invalid_argument", false},
    {SEEKAUTH_CLOSED, "closed", false},
    {SEEKAUTH_CANCELLED, "cancelled", false},
    {SEEKAUTH_TIMEOUT, "timeout", true},
    {SEEKAUTH_NETWORK, "network", true},
    {SEEKAUTH_INVALID_CREDENTIALS, "invalid_credentials", false},
    {SEEKAUTH_NOT_GRANTED, "not_granted", false},
    {SEEKAUTH_THROTTLED, "throttled", true},
    {SEEKAUTH_UNAVAILABLE, "unavailable", true},
    {SEEKAUTH_PROTOCOL, "protocol", false},
    {SEEKAUTH_TOKEN_REJECTED, "token_rejected", false},
    {SEEKAUTH_FORBIDDEN_ORIGIN, "forbidden_origin", false},
    {SEEKAUTH_CREDENTIALS_UNAVAILABLE, "credentials_unavailable", false},
    {SEEKAUTH_INTERNAL, "internal", false},
};

static const row *expected_row(int32_t code) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].code == code)
            return &table[i];
    return NULL;
}

static void the_table_is_what_the_header_says(void) {
    for (int32_t code = -1000; code <= 1000; code++) {
        const row *expected = expected_row(code);
        const char *name = seekauth_error_code_name(code);
        CHECK((name == NULL) == (expected == NULL));
        if (name != NULL && expected != NULL)
            CHECK(strcmp(name, expected->name) == 0);
        CHECK((seekauth_error_code_meaning(code) != NULL) == (expected != NULL));
        CHECK(seekauth_error_code_retryable(code) == (expected != NULL && expected->retryable));
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
    CHECK(seekauth_error_request_id(error) == NULL);
    CHECK(seekauth_error_server_message(error) == NULL);
    CHECK(seekauth_error_server_path(error) == NULL);
    seekauth_error_free(error);
}

int main(void) {
    the_table_is_what_the_header_says();
    an_error_tells_what_it_knows();
    return checks_failed();
}
