/* struct_size and the fields behind it: structs of older and newer headers, sizes that nobody set, and
 * values that a field does not take. */

#include "check.h"

/* As a later header may have it. */
typedef struct {
    seekauth_options known;
    const char *later_text;
    uint64_t later_number;
} later_options;

static void refused(const seekauth_options *options, const char *words) {
    seekauth_client *client = NULL;
    CHECK_ERROR(seekauth_client_new(options, &client), SEEKAUTH_INVALID_ARGUMENT, words);
    CHECK(client == NULL);
}

static void accepted(const seekauth_options *options) {
    seekauth_client *client = NULL;
    CHECK_OK(seekauth_client_new(options, &client));
    seekauth_client_free(client);
}

static void sizes(void) {
    const size_t size = sizeof(seekauth_options);
    /* The first header had no accept_language and nothing behind it. */
    const size_t first = offsetof(seekauth_options, accept_language);
    const size_t wrong[] = {0,        1,        sizeof(size_t), first - sizeof(void *),
                            size - 1, size + 1, SIZE_MAX};
    seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    CHECK(options.struct_size == size);
    accepted(&options);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        options.struct_size = wrong[i];
        refused(&options, "struct_size");
    }
    options.struct_size = first;
    options.accept_language = (const char *)-1;
    accepted(&options);
}

static void a_newer_header(void) {
    later_options options;
    memset(&options, 0, sizeof options);
    options.known = oauth_options("http://127.0.0.1:9/token");
    options.known.struct_size = sizeof options;
    accepted(&options.known);
    options.later_number = 1;
    refused(&options.known, "older");
    options.later_number = 0;
    options.later_text = "";
    refused(&options.known, "older");
}

static void flags(void) {
    seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    options.stay_warm = 1;
    accepted(&options);
    options.stay_warm = 2;
    refused(&options, "stay_warm");
    options.stay_warm = UINT64_MAX;
    refused(&options, "stay_warm");
}

/* In the caller's own unit, under the name that the caller gave. */
static void durations(void) {
    seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    uint64_t *const fields[] = {&options.timeout_ms, &options.request_timeout_ms,
                                &options.connect_timeout_ms, &options.refresh_margin_ms};
    const char *const said[] = {"timeout_ms must be from 0 to 86400000 milliseconds",
                                "request_timeout_ms must be from 0 to 86400000 milliseconds",
                                "connect_timeout_ms must be from 0 to 86400000 milliseconds",
                                "refresh_margin_ms must be from 0 to 86400000 milliseconds"};
    const uint64_t too_long[] = {86400001, UINT32_MAX, (uint64_t)UINT32_MAX + 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        for (size_t j = 0; j < sizeof too_long / sizeof too_long[0]; j++) {
            *fields[i] = too_long[j];
            refused(&options, said[i]);
        }
        *fields[i] = 86400000;
        accepted(&options);
        *fields[i] = 0;
    }
    seekauth_client *client = make_client(&options);
    seekauth_token *token = NULL;
    CHECK_ERROR(seekauth_client_get_token(client, 86400001, &token), SEEKAUTH_INVALID_ARGUMENT, said[0]);
    CHECK(token == NULL);
    seekauth_client_free(client);
}

int main(void) {
    sizes();
    a_newer_header();
    flags();
    durations();
    return checks_failed();
}
