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

static void durations(void) {
    seekauth_options options = oauth_options("http://127.0.0.1:9/token");
    options.timeout_ms = 1;
    accepted(&options);
    options.timeout_ms = UINT64_MAX;
    refused(&options, "timeout");
}

int main(void) {
    sizes();
    a_newer_header();
    flags();
    durations();
    return checks_failed();
}
