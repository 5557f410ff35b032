/* Credentials from a callback: who is called when, who owns what, and what comes of a callback that finds
 * none. */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "clock.h"

typedef enum { FINDS, FAILS, FORGETS, BLOCKS } behaviour;

/* What a callback is told and what it notes. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    behaviour what;
    const char *client_id, *client_secret, *client_secret_next;
    int calls, running, most, freed;
    pthread_t thread;
} store;

#define STORE_INIT                                                                                 \
    {PTHREAD_MUTEX_INITIALIZER,                                                                    \
     PTHREAD_COND_INITIALIZER,                                                                     \
     FINDS,                                                                                        \
     "sandbox-pass",                                                                               \
     "sandbox-pass-secret & more=100%",                                                            \
     NULL,                                                                                         \
     0,                                                                                            \
     0,                                                                                            \
     0,                                                                                            \
     0,                                                                                            \
     (pthread_t)0}

static int ask(void *user_data, seekauth_credentials *credentials) {
    store *from = user_data;
    char secret[64];
    int result = 0;
    pthread_mutex_lock(&from->lock);
    from->calls++;
    from->running++;
    from->most = from->running > from->most ? from->running : from->most;
    from->thread = pthread_self();
    pthread_cond_broadcast(&from->changed);
    while (from->what == BLOCKS)
        pthread_cond_wait(&from->changed, &from->lock);
    snprintf(secret, sizeof secret, "%s", from->client_secret);
    if (from->what == FAILS)
        result = 7;
    if (from->what == FINDS)
        CHECK_OK(seekauth_credentials_set(credentials, from->client_id, secret,
                                          from->client_secret_next));
    /* The library has its own copy. */
    memset(secret, 'x', sizeof secret);
    from->running--;
    pthread_mutex_unlock(&from->lock);
    return result;
}

static void free_store(void *user_data) {
    store *from = user_data;
    pthread_mutex_lock(&from->lock);
    from->freed++;
    pthread_cond_broadcast(&from->changed);
    pthread_mutex_unlock(&from->lock);
}

static void set_behaviour(store *from, behaviour what) {
    pthread_mutex_lock(&from->lock);
    from->what = what;
    pthread_cond_broadcast(&from->changed);
    pthread_mutex_unlock(&from->lock);
}

static void await_count(store *from, const int *count, int wanted) {
    pthread_mutex_lock(&from->lock);
    while (*count < wanted)
        pthread_cond_wait(&from->changed, &from->lock);
    CHECK(*count == wanted);
    pthread_mutex_unlock(&from->lock);
}

static int count(store *from, const int *of) {
    pthread_mutex_lock(&from->lock);
    const int now = *of;
    pthread_mutex_unlock(&from->lock);
    return now;
}

static seekauth_options options_of(store *from) {
    seekauth_options options = sandbox_options();
    options.client_id = NULL;
    options.client_secret = NULL;
    options.credentials_callback = ask;
    options.credentials_user_data = from;
    options.credentials_free = free_store;
    return options;
}

static void asked_for_each_token_request(void) {
    store from = STORE_INIT;
    seekauth_options options = options_of(&from);
    seekauth_client *client = make_client(&options), *other = NULL;
    seekauth_token *token = NULL;
    bool acted = false;
    CHECK(from.calls == 0);
    for (int i = 0; i < 3; i++) {
        seekauth_token_free(token);
        CHECK_OK(seekauth_client_get_token(client, 0, &token));
    }
    CHECK(from.calls == 1);
    CHECK(!pthread_equal(from.thread, pthread_self()));
    let_tokens_age();
    CHECK_OK(seekauth_client_invalidate(client, seekauth_token_value(token), &acted));
    seekauth_token_free(token);
    CHECK_OK(seekauth_client_get_token(client, 0, &token));
    seekauth_token_free(token);
    CHECK(acted && from.calls == 2 && from.most == 1);

    /* The last client that shares it ends it. */
    CHECK_OK(seekauth_client_with_scopes(client, "write.education", &other));
    seekauth_client_free(client);
    CHECK(from.freed == 0);
    seekauth_client_free(other);
    await_count(&from, &from.freed, 1);
}

static void a_callback_that_finds_none(behaviour what, const char *words) {
    store from = STORE_INIT;
    seekauth_options options = options_of(&from);
    seekauth_client *client = make_client(&options);
    char value[4096];
    from.what = what;
    CHECK_ERROR(seekauth_client_authorization(client, value, sizeof value, NULL),
                SEEKAUTH_CREDENTIALS_UNAVAILABLE, words);
    seekauth_client_free(client);
    await_count(&from, &from.freed, 1);
}

static void a_second_secret(void) {
    store from = STORE_INIT;
    seekauth_options options = options_of(&from);
    seekauth_client *client = make_client(&options);
    char value[4096];
    from.client_secret_next = from.client_secret;
    from.client_secret = "the one before";
    CHECK_OK(seekauth_client_authorization(client, value, sizeof value, NULL));
    CHECK(from.calls == 1);
    seekauth_client_free(client);
    await_count(&from, &from.freed, 1);
}

static void one_that_hangs(void) {
    store from = STORE_INIT;
    seekauth_options options = options_of(&from);
    seekauth_client *client;
    char value[4096];
    options.request_timeout_ms = 100;
    client = make_client(&options);
    set_behaviour(&from, BLOCKS);
    CHECK_ERROR(seekauth_client_authorization(client, value, sizeof value, NULL),
                SEEKAUTH_CREDENTIALS_UNAVAILABLE, "request_timeout");
    /* However often it was asked, it is in one call; what it is called with stays until that ends. */
    seekauth_client_free(client);
    CHECK(count(&from, &from.calls) == 1 && count(&from, &from.freed) == 0);
    set_behaviour(&from, FINDS);
    await_count(&from, &from.freed, 1);
    CHECK(count(&from, &from.calls) == 1);
}

static void who_frees(void) {
    store from = STORE_INIT;
    seekauth_options options = options_of(&from);
    seekauth_client *client = NULL;
    CHECK_ERROR(seekauth_client_new(&options, NULL), SEEKAUTH_INVALID_ARGUMENT, "out");
    CHECK(from.freed == 1);
    options.stay_warm = 2;
    CHECK_ERROR(seekauth_client_new(&options, &client), SEEKAUTH_INVALID_ARGUMENT, "stay_warm");
    CHECK(from.freed == 2);
    options.stay_warm = 0;
    options.client_secret = "another";
    CHECK_ERROR(seekauth_client_new(&options, &client), SEEKAUTH_INVALID_ARGUMENT,
                "credential provider and client_secret");
    CHECK(from.freed == 3);
    options.client_secret = NULL;
    options.credentials_callback = NULL;
    CHECK_ERROR(seekauth_client_new(&options, &client), SEEKAUTH_INVALID_ARGUMENT, "client_id");
    CHECK(from.freed == 4 && client == NULL);
    options.credentials_callback = ask;
    options.credentials_free = NULL;
    client = make_client(&options);
    seekauth_client_free(client);
    CHECK(from.freed == 4 && from.calls == 0);
}

static int asks_another_client(void *user_data, seekauth_credentials *credentials) {
    seekauth_client *store_client = user_data;
    char value[4096];
    CHECK_OK(seekauth_client_authorization(store_client, value, sizeof value, NULL));
    CHECK_OK(seekauth_credentials_set(credentials, "sandbox-pass",
                                      "sandbox-pass-secret & more=100%", NULL));
    return 0;
}

static void free_client(void *user_data) {
    seekauth_client_free(user_data);
}

static void one_that_uses_another_client(void) {
    const seekauth_options other = api_options();
    seekauth_options options = sandbox_options();
    char value[4096];
    options.client_id = NULL;
    options.client_secret = NULL;
    options.credentials_callback = asks_another_client;
    options.credentials_user_data = make_client(&other);
    options.credentials_free = free_client;
    seekauth_client *client = make_client(&options);
    CHECK_OK(seekauth_client_authorization(client, value, sizeof value, NULL));
    seekauth_client_free(client);
}

static void files_that_all_may_read(void) {
    char path[] = "/tmp/seekauth-credentials-XXXXXX";
    const int file = mkstemp(path);
    seekauth_options options = sandbox_options();
    CHECK(file >= 0 && write(file, "secret", 6) == 6 && fchmod(file, 0644) == 0);
    options.client_secret = NULL;
    options.client_secret_file = path;
    seekauth_client *client = make_client(&options);
    CHECK(strstr(seekauth_client_warnings(client), path) != NULL);
    seekauth_client_free(client);
    CHECK(fchmod(file, 0600) == 0);
    client = make_client(&options);
    CHECK(strcmp(seekauth_client_warnings(client), "") == 0);
    seekauth_client_free(client);
    close(file);
    unlink(path);
}

int main(void) {
    a_callback_that_finds_none(FAILS, "provider failed");
    a_callback_that_finds_none(FORGETS, "seekauth_credentials_set");
    a_second_secret();
    one_that_hangs();
    who_frees();
    one_that_uses_another_client();
    files_that_all_may_read();
    seekauth_test_clock_start();
    asked_for_each_token_request();
    return checks_failed();
}
