/* The header alone, at the top of a file, and each of its macros. */

#include "seekauth.h"

#if SEEKAUTH_VERSION_MAJOR < 0 || SEEKAUTH_VERSION_MINOR < 0 || SEEKAUTH_VERSION_PATCH < 0
#error "a version has numbers"
#endif

int main(void) {
    seekauth_options options = SEEKAUTH_OPTIONS_INIT;
    const seekauth_http_request request = SEEKAUTH_HTTP_REQUEST_INIT;
    const seekauth_graphql operation = SEEKAUTH_GRAPHQL_INIT;
    const char version[] = SEEKAUTH_VERSION;
    seekauth_client *client = NULL;
    seekauth_error *error = seekauth_client_new(&options, &client);
    const int code = seekauth_error_code(error);
    seekauth_error_free(error);
    return code == SEEKAUTH_INVALID_ARGUMENT && request.body_length + operation.header_count == 0 &&
                   version[0] == seekauth_version()[0]
               ? 0
               : 1;
}
