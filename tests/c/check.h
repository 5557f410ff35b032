/* What the test programs share: checks that say where they failed and let the program go on, and
 * options for the sandbox. main() ends with `return checks_failed();`. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seekauth.h"

static int failed_checks = 0;

static inline void check(int holds, const char *what, const char *file, int line) {
    if (!holds) {
        fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
        failed_checks++;
    }
}

/* Frees `error`, which has to have this code and to mention these words. */
static inline void check_error(seekauth_error *error, int code, const char *words,
                               const char *file, int line) {
    const char *message = seekauth_error_message(error);
    if (seekauth_error_code(error) != code || (words != NULL && strstr(message, words) == NULL)) {
        fprintf(stderr, "%s:%d: wanted %s%s%s, got %s: %s\n", file, line,
                seekauth_error_code_name(code), words == NULL ? "" : " about ",
                words == NULL ? "" : words, seekauth_error_name(error),
                message == NULL ? "-" : message);
        failed_checks++;
    }
    seekauth_error_free(error);
}

#define CHECK(condition) check((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define CHECK_OK(call) check_error((call), SEEKAUTH_OK, NULL, __FILE__, __LINE__)
#define CHECK_ERROR(call, code, words) check_error((call), (code), (words), __FILE__, __LINE__)

static inline int checks_failed(void) {
    return failed_checks == 0 ? 0 : 1;
}

static inline const char *require_env(const char *name) {
    const char *value = getenv(name);
    if (value == NULL) {
        fprintf(stderr, "%s is not set; run this through with-sandbox.sh\n", name);
        exit(2);
    }
    return value;
}

/* An `oauth` client of this endpoint. */
static inline seekauth_options oauth_options(const char *token_url) {
    seekauth_options options = SEEKAUTH_OPTIONS_INIT;
    options.service = "oauth";
    options.token_url = token_url;
    options.client_id = "id";
    options.client_secret = "secret";
    options.user_agent = "c-tests/1.0";
    return options;
}

/* Deadlines that no machine misses, however busy it is and slow under valgrind. */
static inline seekauth_options patient_options(void) {
    seekauth_options options = SEEKAUTH_OPTIONS_INIT;
    options.timeout_ms = 300000;
    options.request_timeout_ms = 120000;
    options.connect_timeout_ms = 120000;
    return options;
}

/* A client of the sandbox's SEEK Pass. */
static inline seekauth_options sandbox_options(void) {
    seekauth_options options = patient_options();
    options.service = "seek_pass";
    options.environment = "staging";
    options.base_url = require_env("SANDBOX_PASS_URL");
    options.client_id = "sandbox-pass";
    options.client_secret = "sandbox-pass-secret & more=100%";
    options.user_agent = "c-tests/1.0";
    options.scopes = "write.education";
    return options;
}

/* A client of the sandbox's SEEK API. */
static inline seekauth_options api_options(void) {
    seekauth_options options = patient_options();
    options.service = "seek_api";
    options.environment = "playground";
    options.token_url = require_env("SANDBOX_TOKEN_URL");
    options.api_url = require_env("SANDBOX_GRAPHQL_URL");
    options.client_id = "sandbox-playground";
    options.client_secret = "sandbox-playground-secret";
    options.user_agent = "c-tests/1.0";
    return options;
}

static inline seekauth_client *make_client(const seekauth_options *options) {
    seekauth_client *client = NULL;
    seekauth_error *error = seekauth_client_new(options, &client);
    if (error != NULL) {
        fprintf(stderr, "no client: %s\n", seekauth_error_message(error));
        exit(2);
    }
    return client;
}

#endif
