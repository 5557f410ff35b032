/* A server of the oldest kind: the parent uses its client, forks, and all children accept on one socket.
 * forking FD WORKERS
 *
 * PREFORK_STATE says how the parent leaves its token: fresh, expired or dropped. On SIGTERM it ends its
 * children, renews its token and writes it to PREFORK_REPORT. */

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "seekauth.h"

enum { HEADER = 4096, MOST_WORKERS = 64, TRIES = 6000 };

static const struct timespec MOMENT = {0, 10 * 1000 * 1000};

static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static void must(seekauth_error *error) {
    if (error != NULL)
        fail(seekauth_error_message(error));
}

static bool is_cached(const seekauth_client *client) {
    seekauth_token *token = NULL;
    must(seekauth_client_cached_token(client, &token));
    seekauth_token_free(token);
    return token != NULL;
}

/* Whether the token, which has to be two seconds old for that, is rejected with effect. */
static bool set_aside(const seekauth_client *client, const char *header) {
    bool acted = false;
    for (int tries = 0; !acted && tries < TRIES; tries++) {
        char now[HEADER];
        must(seekauth_client_invalidate(client, header, &acted));
        must(acted ? NULL : seekauth_client_authorization(client, now, sizeof now, NULL));
        if (!acted && strcmp(now, header) != 0)
            return false;
        if (!acted)
            nanosleep(&MOMENT, NULL);
    }
    return acted;
}

static void prepare(const seekauth_client *client) {
    const char *state = getenv("PREFORK_STATE");
    char header[HEADER];
    must(seekauth_client_authorization(client, header, sizeof header, NULL));
    if (state != NULL && strcmp(state, "expired") == 0) {
        while (is_cached(client))
            nanosleep(&MOMENT, NULL);
    } else if (state != NULL && strcmp(state, "dropped") == 0) {
        if (!set_aside(client, header))
            fail("the parent's token was not the current one");
    }
}

static void finish(const seekauth_client *client) {
    char before[HEADER], after[HEADER];
    must(seekauth_client_authorization(client, before, sizeof before, NULL));
    /* A token that is shared is not renewed for a rejection so soon after another process got it. */
    const bool is_shared = getenv("SEEKAUTH_STORE") != NULL;
    if (!is_shared)
        set_aside(client, before); /* or it was renewed meanwhile */
    must(seekauth_client_authorization(client, after, sizeof after, NULL));
    if (!is_shared && strcmp(before, after) == 0)
        fail("the parent did not get another token");
    FILE *report = fopen(getenv("PREFORK_REPORT"), "w");
    if (report == NULL || fputs(after, report) < 0 || fclose(report) != 0)
        fail("the parent could not report");
}

/* Reads to the end of the request's head; its content does not matter. */
static bool read_request(int connection) {
    char request[8192];
    size_t length = 0;
    while (length < sizeof request - 1) {
        ssize_t got = read(connection, request + length, sizeof request - 1 - length);
        if (got <= 0)
            return false;
        length += (size_t)got;
        request[length] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL)
            return true;
    }
    return false;
}

static void respond(const seekauth_client *client, int connection) {
    char header[HEADER], body[HEADER + 64], response[HEADER + 256];
    const char *status = "200 OK";
    seekauth_error *error = seekauth_client_authorization(client, header, sizeof header, NULL);
    if (error == NULL) {
        snprintf(body, sizeof body, "%ld %s", (long)getpid(), header);
    } else {
        status = "500 Internal Server Error";
        snprintf(body, sizeof body, "%s", seekauth_error_message(error));
        seekauth_error_free(error);
    }
    int length = snprintf(response, sizeof response, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                          status, strlen(body), body);
    for (int sent = 0; sent < length;) {
        ssize_t wrote = write(connection, response + sent, (size_t)(length - sent));
        if (wrote <= 0)
            return;
        sent += (int)wrote;
    }
}

static void serve(const seekauth_client *client, int listener) {
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        if (connection < 0) {
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            perror("accept");
            _exit(1);
        }
        if (read_request(connection))
            respond(client, connection);
        close(connection);
    }
}

int main(int count, char **arguments) {
    int workers = count == 3 ? atoi(arguments[2]) : 0;
    if (workers < 1 || workers > MOST_WORKERS)
        fail("usage: forking FD WORKERS");
    int listener = atoi(arguments[1]);

    seekauth_client *client = NULL;
    must(seekauth_client_from_env(&client));
    prepare(client);

    /* Blocked before the first fork, so that no SIGTERM is lost; the children take it as it comes. */
    sigset_t end, before;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, &before);
    pid_t children[MOST_WORKERS];
    for (int i = 0; i < workers; i++) {
        children[i] = fork();
        if (children[i] < 0)
            fail("fork failed");
        if (children[i] == 0) {
            sigprocmask(SIG_SETMASK, &before, NULL);
            serve(client, listener);
        }
    }

    int signal_number = 0;
    sigwait(&end, &signal_number);
    for (int i = 0; i < workers; i++)
        kill(children[i], SIGTERM);
    for (int i = 0; i < workers; i++)
        waitpid(children[i], NULL, 0);
    finish(client);
    seekauth_client_free(client);
    return 0;
}
