/* The buffer of seekauth_client_authorization: every capacity around the right one, the question for
 * the size, and memory beside the buffer that stays as it is. */

#include "check.h"

int main(void) {
    seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options);
    seekauth_token *token = NULL;
    size_t length = 0;

    /* The first call fetches, whatever it asks for. */
    CHECK_OK(seekauth_client_authorization(client, NULL, 0, &length));
    CHECK_OK(seekauth_client_cached_token(client, &token));
    CHECK(token != NULL);
    const char *expected = seekauth_token_authorization(token);
    CHECK(strncmp(expected, "Bearer ", 7) == 0);
    CHECK(strcmp(expected + 7, seekauth_token_value(token)) == 0);
    CHECK(length == strlen(expected));

    char *buffer = malloc(length + 9);
    for (size_t capacity = 0; capacity <= length + 8; capacity++) {
        size_t written = 0;
        memset(buffer, '#', length + 9);
        seekauth_error *error = seekauth_client_authorization(client, buffer, capacity, &written);
        CHECK(written == length);
        if (capacity > length) {
            CHECK_OK(error);
            CHECK(strcmp(buffer, expected) == 0);
            CHECK(buffer[length + 1] == '#');
        } else {
            CHECK_ERROR(error, SEEKAUTH_INVALID_ARGUMENT, "capacity");
            CHECK(buffer[0] == '#' && buffer[capacity] == '#');
        }
    }

    /* The length may be of no interest. */
    CHECK_OK(seekauth_client_authorization(client, buffer, length + 1, NULL));
    CHECK(strcmp(buffer, expected) == 0);
    CHECK_ERROR(seekauth_client_authorization(client, buffer, length, NULL),
                SEEKAUTH_INVALID_ARGUMENT, "capacity");

    /* A call that fails for another reason leaves the length alone. */
    seekauth_client_close(client);
    length = 7;
    CHECK_ERROR(seekauth_client_authorization(client, buffer, 8, &length), SEEKAUTH_CLOSED, NULL);
    CHECK(length == 7);

    free(buffer);
    seekauth_token_free(token);
    seekauth_client_free(client);
    return checks_failed();
}
