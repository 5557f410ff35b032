/* A callback that keeps what it received, and a wait for it. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "seekauth.h"

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    int calls;
    pthread_t thread;
    seekauth_error *error;
    seekauth_token *token;
    char *authorization;
    seekauth_response *response;
} outcome;

#define OUTCOME_INIT                                                                               \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, (pthread_t)0, NULL, NULL, NULL, NULL \
    }

static inline void lock_outcome(outcome *to, seekauth_error *error) {
    pthread_mutex_lock(&to->lock);
    to->calls++;
    to->thread = pthread_self();
    to->error = error;
}

static inline void unlock_outcome(outcome *to) {
    pthread_cond_broadcast(&to->arrived);
    pthread_mutex_unlock(&to->lock);
}

static inline void keep(outcome *to, seekauth_error *error, seekauth_token *token,
                        const char *authorization) {
    lock_outcome(to, error);
    to->token = token;
    if (authorization != NULL) {
        to->authorization = malloc(strlen(authorization) + 1);
        strcpy(to->authorization, authorization);
    }
    unlock_outcome(to);
}

static inline void on_response(void *user_data, seekauth_error *error,
                               seekauth_response *response) {
    outcome *to = user_data;
    lock_outcome(to, error);
    to->response = response;
    unlock_outcome(to);
}

static inline void on_token(void *user_data, seekauth_error *error, seekauth_token *token) {
    keep(user_data, error, token, NULL);
}

static inline void on_authorization(void *user_data, seekauth_error *error,
                                    const char *authorization) {
    keep(user_data, error, NULL, authorization);
}

/* Waits until the callback has run. */
static inline void await_outcome(outcome *from) {
    pthread_mutex_lock(&from->lock);
    while (from->calls == 0)
        pthread_cond_wait(&from->arrived, &from->lock);
    pthread_mutex_unlock(&from->lock);
}

static inline void forget_outcome(outcome *from) {
    seekauth_error_free(from->error);
    seekauth_token_free(from->token);
    seekauth_response_free(from->response);
    free(from->authorization);
    from->error = NULL;
    from->token = NULL;
    from->authorization = NULL;
    from->response = NULL;
    from->calls = 0;
}

#endif
