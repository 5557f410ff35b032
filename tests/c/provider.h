/* Credentials callbacks by name, for the agents in C and C++: what each returns is set from outside, and
 * how often it was called is counted. */
#ifndef PROVIDER_H
#define PROVIDER_H

#include <pthread.h>

#include "wire.h"

enum { PROVIDERS = 8, CREDENTIAL = 256 };

typedef struct {
    pthread_mutex_t lock;
    char name[32];
    bool finds, has_next, hangs;
    char client_id[CREDENTIAL], client_secret[CREDENTIAL], client_secret_next[CREDENTIAL];
    unsigned calls;
} provider;

static provider providers[PROVIDERS];

/* The one of this name, made when it is first named. */
static inline provider *find_provider(const char *name) {
    for (size_t i = 0; i < PROVIDERS; i++) {
        if (providers[i].name[0] == '\0') {
            pthread_mutex_init(&providers[i].lock, NULL);
            snprintf(providers[i].name, sizeof providers[i].name, "%s", name);
        }
        if (strcmp(providers[i].name, name) == 0)
            return &providers[i];
    }
    fprintf(stderr, "agent: too many providers\n");
    exit(2);
}

/* Carries out the verb `provide`. */
static inline void provide(void) {
    provider *to = find_provider(text("name"));
    pthread_mutex_lock(&to->lock);
    to->finds = argument("fail") == NULL;
    to->hangs = flag("hang");
    to->has_next = argument("client_secret_next") != NULL;
    if (to->finds) {
        snprintf(to->client_id, CREDENTIAL, "%s", text("client_id"));
        snprintf(to->client_secret, CREDENTIAL, "%s", text("client_secret"));
    }
    if (to->has_next)
        snprintf(to->client_secret_next, CREDENTIAL, "%s", text("client_secret_next"));
    pthread_mutex_unlock(&to->lock);
    printf("ok");
}

/* Carries out the verb `provided`. */
static inline void provided(void) {
    provider *from = find_provider(text("name"));
    pthread_mutex_lock(&from->lock);
    printf("ok");
    put_number("calls", from->calls);
    pthread_mutex_unlock(&from->lock);
}

#endif
