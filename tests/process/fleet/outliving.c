/* A process that forks while its call stands still on its way through the store, and whose child outlives it.
 * outliving REACHED
 *
 * The file REACHED is there once the call stands still. Prints "forked" then, and waits to be killed. The child
 * waits for the end of its standard input, asks for itself, and prints its header or what went wrong. */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "seekauth.h"

enum { HEADER = 4096 };

static const struct timespec MOMENT = {0, 5 * 1000 * 1000};

static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* Killed with its process, or late: what comes of it is of no interest. */
static void *stand_still(void *client) {
    char header[HEADER];
    seekauth_error_free(seekauth_client_authorization(client, header, sizeof header, NULL));
    return NULL;
}

static void live_on(const seekauth_client *client) {
    char header[HEADER];
    while (getchar() != EOF)
        ;
    seekauth_error *error = seekauth_client_authorization(client, header, sizeof header, NULL);
    puts(error == NULL ? header : seekauth_error_message(error));
    exit(error == NULL ? 0 : 1);
}

int main(int count, char **arguments) {
    if (count != 2)
        fail("usage: outliving REACHED");
    seekauth_client *client = NULL;
    seekauth_error *error = seekauth_client_from_env(&client);
    if (error != NULL)
        fail(seekauth_error_message(error));
    pthread_t thread;
    if (pthread_create(&thread, NULL, stand_still, client) != 0)
        fail("no thread");
    while (access(arguments[1], F_OK) != 0)
        nanosleep(&MOMENT, NULL);
    pid_t child = fork();
    if (child < 0)
        fail("fork failed");
    if (child == 0)
        live_on(client);
    puts("forked");
    fflush(stdout);
    for (;;)
        pause();
}
