/* A thousand callers at once on an empty cache: 200 threads with five calls each get one token. */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>

#include "check.h"

enum { THREADS = 200, CALLS = 5 };

typedef struct {
    const seekauth_client *client;
    pthread_barrier_t start;
    char values[THREADS][CALLS][4096];
} herd;

typedef struct {
    herd *herd;
    int number;
} caller;

static void *call(void *argument) {
    const caller *self = argument;
    herd *all = self->herd;
    pthread_barrier_wait(&all->start);
    for (int i = 0; i < CALLS; i++)
        CHECK_OK(seekauth_client_authorization(all->client, all->values[self->number][i],
                                               sizeof all->values[0][0], NULL));
    return NULL;
}

int main(void) {
    seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options);
    herd *all = calloc(1, sizeof *all);
    static caller callers[THREADS];
    static pthread_t threads[THREADS];
    int distinct = 0;

    all->client = client;
    pthread_barrier_init(&all->start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        callers[i].herd = all;
        callers[i].number = i;
        if (pthread_create(&threads[i], NULL, call, &callers[i]) != 0) {
            perror("thread");
            return 2;
        }
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);

    char(*values)[4096] = &all->values[0][0];
    for (int i = 0; i < THREADS * CALLS; i++) {
        int seen = 0;
        for (int j = 0; j < i && !seen; j++)
            seen = strcmp(values[i], values[j]) == 0;
        distinct += !seen;
    }
    CHECK(strncmp(values[0], "Bearer ", 7) == 0);
    CHECK(distinct == 1);
    printf("%d callers, %d distinct\n", THREADS * CALLS, distinct);

    pthread_barrier_destroy(&all->start);
    free(all);
    seekauth_client_free(client);
    return checks_failed();
}
