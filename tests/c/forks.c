/* A client that was used before fork() works in parent and child, before and after the parent's token
 * is gone. */

#define _POSIX_C_SOURCE 200809L

#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static void get(const seekauth_client *client, char *header, size_t capacity) {
    CHECK_OK(seekauth_client_authorization(client, header, capacity, NULL));
}

/* Returns when the token is old enough for its rejection to count. */
static void await_age(const seekauth_client *client) {
    const struct timespec moment = {0, 10 * 1000 * 1000};
    seekauth_token *token = NULL;
    CHECK_OK(seekauth_client_cached_token(client, &token));
    const uint64_t young = seekauth_token_remaining_ms(token);
    while (seekauth_token_remaining_ms(token) + 2000 > young)
        nanosleep(&moment, NULL);
    seekauth_token_free(token);
}

int main(void) {
    seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options);
    char before[4096] = "", after[4096] = "";
    get(client, before, sizeof before);
    await_age(client);

    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        return 2;
    }
    if (child == 0) {
        /* The inherited token is as good as new; renewing it needs a worker of the child's own. */
        bool acted = false;
        get(client, after, sizeof after);
        CHECK(strcmp(before, after) == 0);
        CHECK_OK(seekauth_client_invalidate(client, before, &acted));
        CHECK(acted);
        get(client, after, sizeof after);
        CHECK(strcmp(before, after) != 0);
        seekauth_client_free(client);
        _exit(checks_failed());
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    get(client, after, sizeof after);
    CHECK(strcmp(before, after) == 0);
    seekauth_client_free(client);
    return checks_failed();
}
