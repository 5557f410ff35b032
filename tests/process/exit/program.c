/* Brings a client to a stage and leaves the process in a way, as run.py tells it to.
 *
 *     exit-c STAGE WAY
 *
 * Prints `ready` and the number of token requests that belong to the stage, reads a line, and leaves.
 * Together with opened.c it loads the library while it runs and unloads it before it leaves. */

#define _GNU_SOURCE

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <seekauth.h>

enum { CODE = 7, WAITERS = 4, GIVES_UP_AFTER_MS = 250 };

/* In opened.c only. */
extern void unload_library(void) __attribute__((weak));

static seekauth_client *client;

static int is(const char *text, const char *other) { return strcmp(text, other) == 0; }

static void misused(const char *what) {
    fprintf(stderr, "%s\n", what);
    _exit(2);
}

static void check(seekauth_error *error) {
    if (error != NULL)
        misused("the library failed");
}

static void *wait_for_token(void *unused) {
    seekauth_token *token = NULL;
    (void)unused;
    seekauth_error_free(seekauth_client_get_token(client, 0, &token));
    seekauth_token_free(token);
    return NULL;
}

static void receive(void *unused, seekauth_error *error, seekauth_token *token) {
    (void)unused;
    seekauth_error_free(error);
    seekauth_token_free(token);
}

static sem_t told;

/* Returns when the process ends. */
static void hang(void *unused, const seekauth_event *event) {
    (void)unused;
    (void)event;
    sem_post(&told);
    for (;;)
        pause();
}

static void start_threads(void *(*work)(void *), int count) {
    pthread_t thread;
    for (int i = 0; i < count; i++)
        if (pthread_create(&thread, NULL, work, NULL) != 0 || pthread_detach(thread) != 0)
            misused("no thread");
}

static void start_calls(void) {
    for (int i = 0; i < WAITERS; i++)
        check(seekauth_client_get_token_async(client, 0, receive, NULL, NULL));
}

/* Returns how many token requests that takes. */
static int reach(const char *stage) {
    seekauth_token *token = NULL;
    if (is(stage, "nothing"))
        return 0;
    check(seekauth_client_from_env(&client));
    if (is(stage, "before"))
        return 0;
    if (is(stage, "flight")) {
        seekauth_error_free(seekauth_client_get_token(client, GIVES_UP_AFTER_MS, &token));
        return 1;
    }
    /* A client that is being waited on in a thread must not be freed; one with callbacks may be. */
    if (is(stage, "freed")) {
        start_calls();
        return 1;
    }
    if (is(stage, "waiters") || is(stage, "landing") || is(stage, "lookup") || is(stage, "closed")) {
        start_calls();
        start_threads(wait_for_token, WAITERS);
        return 1;
    }
    /* An event that needs no request. */
    if (is(stage, "told")) {
        if (sem_init(&told, 0, 0) != 0)
            misused("no semaphore");
        check(seekauth_client_set_event_callback(client, "debug", hang, NULL, NULL));
        seekauth_client_close(client);
        while (sem_wait(&told) != 0)
            continue;
        return 0;
    }
    if (is(stage, "refresh")) {
        check(seekauth_client_get_token(client, 0, &token));
        seekauth_token_free(token);
        return 2;
    }
    misused("no such stage");
    return 0;
}

static void *exit_here(void *unused) {
    (void)unused;
    exit(CODE);
}

static void *exit_here_at_once(void *unused) {
    (void)unused;
    _exit(CODE);
}

static void leave_in_thread(void *(*leave)(void *)) {
    start_threads(leave, 1);
    for (;;)
        pause();
}

static void close_client(void) { seekauth_client_close(client); }

static int leave(const char *way) {
    if (is(way, "return"))
        return CODE;
    if (is(way, "exit"))
        exit(CODE);
    if (is(way, "exit in a thread"))
        leave_in_thread(exit_here);
    if (is(way, "_exit"))
        _exit(CODE);
    if (is(way, "_exit in a thread"))
        leave_in_thread(exit_here_at_once);
    if (is(way, "quick_exit"))
        quick_exit(CODE);
    if (is(way, "abort"))
        abort();
    if (is(way, "SIGINT"))
        raise(SIGINT);
    if (is(way, "close at exit")) {
        atexit(close_client);
        return CODE;
    }
    misused("no such way");
    return 2;
}

int main(int count, char **arguments) {
    char line[16];
    if (count != 3)
        misused("usage: exit-c STAGE WAY");
    const char *stage = arguments[1];
    printf("ready %d\n", reach(stage));
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL)
        misused("nobody told the program to leave");
    if (is(stage, "closed"))
        seekauth_client_close(client);
    if (is(stage, "freed")) {
        seekauth_client_free(client);
        client = NULL;
    }
    if (unload_library != NULL)
        unload_library();
    return leave(arguments[2]);
}
