/* Compiled against seekauth-0.1.h, the header as the first release of this SONAME had it, and run with
 * today's library. Neither file is ever edited: if this stops working, so do the programs out there. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seekauth-0.1.h"

static int failed(const char *what) {
    fprintf(stderr, "abi: %s\n", what);
    return EXIT_FAILURE;
}

int main(void) {
    seekauth_options options = SEEKAUTH_OPTIONS_INIT;
    seekauth_client *client = NULL, *other = NULL;
    seekauth_token *token = NULL, *cached = NULL;
    seekauth_error *error = NULL;
    char header[4096];
    size_t length = 0;
    bool acted = false;

    error = seekauth_client_new(&options, &client);
    if (seekauth_error_code(error) != SEEKAUTH_INVALID_ARGUMENT || client != NULL)
        return failed("options without a service were not refused");
    if (strcmp(seekauth_error_name(error), "invalid_argument") != 0 ||
        seekauth_error_message(error) == NULL || seekauth_error_retryable(error) ||
        seekauth_error_retry_after_ms(error) != -1 || seekauth_error_status(error) != 0 ||
        seekauth_error_server_code(error) != NULL || seekauth_error_target(error) != NULL)
        return failed("the error is not what it was");
    seekauth_error_free(error);

    options.service = "seek_pass";
    options.environment = "staging";
    options.base_url = getenv("SANDBOX_PASS_URL");
    options.client_id = "sandbox-pass";
    options.client_secret = "sandbox-pass-secret & more=100%";
    options.user_agent = "abi-test/1.0";
    options.scopes = "write.education";
    options.timeout_ms = 10000;
    options.stay_warm = 0;
    if (seekauth_client_new(&options, &client) != NULL)
        return failed("no client");
    if (seekauth_client_authorization(client, header, sizeof header, &length) != NULL)
        return failed("no authorization");
    if (strncmp(header, "Bearer ", 7) != 0 || strlen(header) != length)
        return failed("not a header value");
    if (seekauth_client_get_token(client, 1000, &token) != NULL)
        return failed("no token");
    if (strcmp(seekauth_token_authorization(token), header) != 0 ||
        strcmp(seekauth_token_value(token), header + 7) != 0 ||
        seekauth_token_remaining_ms(token) == 0 || seekauth_token_expires_at_ms(token) == 0 ||
        seekauth_token_scope_count(token) != 1 ||
        strcmp(seekauth_token_scope(token, 0), "write.education") != 0)
        return failed("the token is not what it was");
    if (seekauth_client_invalidate(client, header, &acted) != NULL || !acted)
        return failed("the token was not invalidated");
    if (seekauth_client_cached_token(client, &cached) != NULL || cached != NULL)
        return failed("an invalidated token is still in the cache");
    if (seekauth_client_with_scopes(client, "write.career_history", &other) != NULL)
        return failed("no client for other scopes");
    seekauth_token_free(token);
    seekauth_client_close(other);
    seekauth_client_free(other);
    seekauth_client_free(client);
    return EXIT_SUCCESS;
}
