/* unload LIBRARY: loads the library, works with it, shuts it down and unloads it, again and again. A thread of
 * the program that called it lives on until after that. Nothing is left each time: no thread, no descriptor. */

#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

/* The types and the initial values; the functions are looked up. */
#include "check.h"

enum { ROUNDS = 20 };

typedef struct {
    seekauth_error *(*client_new)(const seekauth_options *, seekauth_client **);
    seekauth_error *(*get_token)(const seekauth_client *, uint64_t, seekauth_token **);
    seekauth_error *(*get_token_async)(const seekauth_client *, uint64_t, seekauth_token_callback, void *,
                                       seekauth_call **);
    seekauth_error *(*shutdown)(uint64_t);
    void (*client_free)(seekauth_client *);
    void (*token_free)(seekauth_token *);
    void (*error_free)(seekauth_error *);
} functions;

static functions loaded;

static void look_up(void *library, const char *name, void *function) {
    void *const found = dlsym(library, name);
    CHECK(found != NULL);
    memcpy(function, &found, sizeof found);
}

static int entries(const char *path) {
    int count = 0;
    DIR *folder = opendir(path);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

typedef struct {
    seekauth_client *client;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int called;
    int may_end;
} lodger;

static void *call_and_stay(void *argument) {
    lodger *self = argument;
    seekauth_token *token = NULL;
    CHECK(loaded.get_token(self->client, 0, &token) == NULL);
    loaded.token_free(token);
    pthread_mutex_lock(&self->lock);
    self->called = 1;
    pthread_cond_broadcast(&self->changed);
    while (!self->may_end)
        pthread_cond_wait(&self->changed, &self->lock);
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

static void on_token(void *user_data, seekauth_error *error, seekauth_token *token) {
    int *calls = user_data;
    ++*calls;
    loaded.error_free(error);
    loaded.token_free(token);
}

static void one_round(const char *path) {
    lodger thread = {NULL, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
    seekauth_options options = sandbox_options();
    seekauth_client *silent = NULL;
    pthread_t id;
    int calls = 0;
    const int descriptors = entries("/proc/self/fd");
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL);
    look_up(library, "seekauth_client_new", &loaded.client_new);
    look_up(library, "seekauth_client_get_token", &loaded.get_token);
    look_up(library, "seekauth_client_get_token_async", &loaded.get_token_async);
    look_up(library, "seekauth_shutdown", &loaded.shutdown);
    look_up(library, "seekauth_client_free", &loaded.client_free);
    look_up(library, "seekauth_token_free", &loaded.token_free);
    look_up(library, "seekauth_error_free", &loaded.error_free);
    CHECK(loaded.client_new(&options, &thread.client) == NULL);
    options.scopes = "write.career_history";
    CHECK(loaded.client_new(&options, &silent) == NULL);
    CHECK(pthread_create(&id, NULL, call_and_stay, &thread) == 0);
    pthread_mutex_lock(&thread.lock);
    while (!thread.called)
        pthread_cond_wait(&thread.changed, &thread.lock);
    pthread_mutex_unlock(&thread.lock);

    /* Of a call that is under way, or was just answered, the callback has run when the library has ended. */
    CHECK(loaded.get_token_async(silent, 0, on_token, &calls, NULL) == NULL);
    CHECK(loaded.shutdown(0) == NULL);
    CHECK(calls == 1);
    loaded.client_free(thread.client);
    loaded.client_free(silent);
    CHECK(entries("/proc/self/task") == 2);
    CHECK(dlclose(library) == 0);
    CHECK(entries("/proc/self/fd") == descriptors);

    pthread_mutex_lock(&thread.lock);
    thread.may_end = 1;
    pthread_cond_broadcast(&thread.changed);
    pthread_mutex_unlock(&thread.lock);
    CHECK(pthread_join(id, NULL) == 0);
}

int main(int count, char **arguments) {
    if (count < 2)
        return 2;
    for (int round = 0; round < ROUNDS; round++)
        one_round(arguments[1]);
    printf("%d rounds\n", ROUNDS);
    return failed_checks == 0 ? 0 : 1;
}
