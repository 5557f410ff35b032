/* A child with the process id of its parent, as the first process of each pid namespace has: it knows that
 * it is another process all the same. */

#define _GNU_SOURCE

#include <sched.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "outcome.h"

enum { HANGS_AFTER_S = 60 };

static void give_up(int signal_number) {
    (void)signal_number;
    _exit(3);
}

static int status_of(pid_t child) {
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The first process of a namespace within that of its parent, which has used the client. */
static int child(const seekauth_client *client, const char *inherited) {
    outcome result = OUTCOME_INIT;
    seekauth_client *other = NULL;
    seekauth_token *token = NULL;
    char header[4096];
    /* No signal ends the first process of a namespace by itself. */
    signal(SIGALRM, give_up);
    alarm(HANGS_AFTER_S);
    CHECK(getpid() == 1);
    CHECK_OK(seekauth_client_authorization(client, header, sizeof header, NULL));
    CHECK(strcmp(header, inherited) == 0);
    /* What is not cached needs a worker, a lock and a connection of its own. */
    CHECK_OK(seekauth_client_with_scopes(client, "write.career_history", &other));
    CHECK_OK(seekauth_client_get_token(other, 0, &token));
    CHECK(token != NULL && seekauth_token_remaining_ms(token) > 0);
    seekauth_token_free(token);
    CHECK_OK(seekauth_client_with_scopes(client, "write.microcredential", &other));
    CHECK_OK(seekauth_client_get_token_async(other, 0, on_token, &result, NULL));
    await_outcome(&result);
    CHECK(result.error == NULL && result.token != NULL);
    return checks_failed();
}

static int parent(void) {
    seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options);
    char header[4096];
    CHECK(getpid() == 1);
    CHECK_OK(seekauth_client_authorization(client, header, sizeof header, NULL));
    if (unshare(CLONE_NEWPID) != 0) {
        perror("no namespace within a namespace");
        return 2;
    }
    const pid_t of_same_id = fork();
    if (of_same_id == 0)
        _exit(child(client, header));
    CHECK(status_of(of_same_id) == 0);
    seekauth_client_free(client);
    return checks_failed();
}

int main(void) {
    /* Whoever may not make namespaces may in one of its own, of users. */
    if (unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) {
        perror("skipped: this machine does not let the user make pid namespaces");
        return 0;
    }
    const pid_t first = fork();
    if (first == 0)
        _exit(parent());
    CHECK(status_of(first) == 0);
    return checks_failed();
}
