/* A callback for events in a forked child, also if the parent was in it when it forked. */

#define _POSIX_C_SOURCE 200809L

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "clock.h"

/* Pipes, for they outlive a fork in whatever state it finds them. */
static int told[2], go_on[2];

static void write_name(void *user_data, const seekauth_event *event) {
    char name[32] = "", byte;
    (void)user_data;
    snprintf(name, sizeof name, "%s", seekauth_event_name(event));
    CHECK(write(told[1], name, sizeof name) == sizeof name);
    CHECK(read(go_on[0], &byte, 1) == 1);
}

static void expect(const char *name) {
    char read_name[32];
    CHECK(read(told[0], read_name, sizeof read_name) == sizeof read_name);
    CHECK(strcmp(read_name, name) == 0);
}

static void open_pipes(void) {
    if (pipe(told) != 0 || pipe(go_on) != 0) {
        perror("pipe");
        exit(2);
    }
}

static void let_it_go_on(void) {
    CHECK(write(go_on[1], "....", 4) == 4);
}

int main(void) {
    const seekauth_options options = sandbox_options();
    char before[4096] = "", after[4096] = "";
    seekauth_test_clock_start();
    open_pipes();
    seekauth_client *client = make_client(&options);
    CHECK_OK(seekauth_client_set_event_callback(client, "debug", write_name, NULL, NULL));
    CHECK_OK(seekauth_client_authorization(client, before, sizeof before, NULL));
    expect("token_request");
    let_tokens_age();

    /* The parent's callback hangs in its call; the child has pipes of its own. */
    const pid_t child = fork();
    if (child < 0) {
        perror("fork");
        return 2;
    }
    if (child == 0) {
        bool invalidated = false;
        open_pipes();
        let_it_go_on();
        CHECK_OK(seekauth_client_invalidate(client, before, &invalidated));
        CHECK(invalidated);
        CHECK_OK(seekauth_client_authorization(client, after, sizeof after, NULL));
        CHECK_OK(seekauth_client_drain(client, 0));
        expect("token_rejected");
        expect("token_request");
        expect("token_obtained");
        seekauth_client_free_and_wait(client);
        _exit(checks_failed());
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    let_it_go_on();
    expect("token_obtained");
    CHECK_OK(seekauth_client_drain(client, 0));
    seekauth_client_free_and_wait(client);
    return checks_failed();
}
