/* A callback for events that notes what it is told, and does what a test wants it to. */
#ifndef HEARING_H
#define HEARING_H

#include <pthread.h>

#include "check.h"

enum { HEARD = 64, WORD = 32 };

typedef struct hearing hearing;

struct hearing {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* What to do with each event, without the lock; may be NULL. */
    void (*act)(hearing *, const seekauth_event *);
    const seekauth_client *client;
    char names[HEARD][WORD], levels[HEARD][WORD];
    int count, running, most, freed;
    bool blocks;
    pthread_t thread;
};

#define HEARING_INIT                                                                               \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER                     \
    }

static inline void hear(void *user_data, const seekauth_event *event) {
    hearing *to = user_data;
    pthread_mutex_lock(&to->lock);
    to->running++;
    to->most = to->running > to->most ? to->running : to->most;
    to->thread = pthread_self();
    if (to->count < HEARD) {
        snprintf(to->names[to->count], WORD, "%s", seekauth_event_name(event));
        snprintf(to->levels[to->count], WORD, "%s", seekauth_event_level(event));
    }
    to->count++;
    pthread_cond_broadcast(&to->changed);
    while (to->blocks)
        pthread_cond_wait(&to->changed, &to->lock);
    pthread_mutex_unlock(&to->lock);
    if (to->act != NULL)
        to->act(to, event);
    pthread_mutex_lock(&to->lock);
    to->running--;
    pthread_mutex_unlock(&to->lock);
}

static inline void free_hearing(void *user_data) {
    hearing *to = user_data;
    pthread_mutex_lock(&to->lock);
    to->freed++;
    pthread_cond_broadcast(&to->changed);
    pthread_mutex_unlock(&to->lock);
}

static inline void await_heard(hearing *from, const int *number, int wanted) {
    pthread_mutex_lock(&from->lock);
    while (*number < wanted)
        pthread_cond_wait(&from->changed, &from->lock);
    pthread_mutex_unlock(&from->lock);
}

static inline void set_blocks(hearing *of, bool blocks) {
    pthread_mutex_lock(&of->lock);
    of->blocks = blocks;
    pthread_cond_broadcast(&of->changed);
    pthread_mutex_unlock(&of->lock);
}

/* A client of the sandbox that this one hears down to the level. */
static inline seekauth_client *heard_client(hearing *by, const char *level) {
    const seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options);
    by->client = client;
    CHECK_OK(seekauth_client_set_event_callback(client, level, hear, by, free_hearing));
    return client;
}

#endif
