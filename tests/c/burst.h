/* The C agent's verb `burst`: so many calls for a token at once, from threads or with callbacks. */
#ifndef BURST_H
#define BURST_H

#include <pthread.h>

#include "outcome.h"
#include "response.h"

enum { THREADS = 200 };

typedef struct {
    const seekauth_client *client;
    size_t from, step, callers;
    outcome *results;
} worker;

static inline void *call_in_turn(void *argument) {
    const worker *self = argument;
    for (size_t i = self->from; i < self->callers; i += self->step)
        self->results[i].error = seekauth_client_get_token(self->client, 0, &self->results[i].token);
    return NULL;
}

static inline void call_from_threads(const seekauth_client *client, outcome *results, size_t callers) {
    static pthread_t threads[THREADS];
    static worker workers[THREADS];
    size_t count = callers < THREADS ? callers : THREADS;
    for (size_t i = 0; i < count; i++) {
        workers[i] = (worker){client, i, count, callers, results};
        if (pthread_create(&threads[i], NULL, call_in_turn, &workers[i]) != 0) {
            perror("agent: thread");
            exit(2);
        }
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static inline void call_together(const seekauth_client *client, outcome *results, size_t callers) {
    for (size_t i = 0; i < callers; i++) {
        seekauth_error *error =
            seekauth_client_get_token_async(client, 0, on_token, &results[i], NULL);
        if (error != NULL)
            keep(&results[i], error, NULL, NULL);
    }
    for (size_t i = 0; i < callers; i++)
        await_outcome(&results[i]);
}

static inline void burst(const seekauth_client *client) {
    const outcome empty = OUTCOME_INIT;
    size_t callers = (size_t)number("n");
    outcome *results = malloc((callers + 1) * sizeof *results);
    size_t distinct = 0, errors = 0;
    for (size_t i = 0; i < callers; i++)
        results[i] = empty;
    if (flag("async"))
        call_together(client, results, callers);
    else
        call_from_threads(client, results, callers);
    for (size_t i = 0; i < callers; i++) {
        const char *value = seekauth_token_value(results[i].token);
        bool seen = value == NULL;
        errors += value == NULL;
        for (size_t j = 0; j < i && !seen; j++) {
            const char *other = seekauth_token_value(results[j].token);
            seen = other != NULL && strcmp(value, other) == 0;
        }
        distinct += !seen;
    }
    for (size_t i = 0; i < callers; i++)
        forget_outcome(&results[i]);
    free(results);
    printf("ok\tdistinct=%zu\terrors=%zu", distinct, errors);
}

#endif
