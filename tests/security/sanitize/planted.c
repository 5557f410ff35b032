/* Mistakes that a sanitizer has to find, each with one foot in the library: if it does not, then what it says
 * about the other programs is worth nothing.
 *
 *     planted leak | late | race */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>

#include "check.h"

static seekauth_client *client;
static char shared[4096];
static pthread_barrier_t both;

/* Both threads are known to the library and alive before either of them copies: nothing orders the copies. */
static void *copy(void *unused) {
    char own[sizeof shared];
    (void)unused;
    CHECK_OK(seekauth_client_authorization(client, own, sizeof own, NULL));
    pthread_barrier_wait(&both);
    CHECK_OK(seekauth_client_authorization(client, shared, sizeof shared, NULL));
    return NULL;
}

int main(int count, char **words) {
    seekauth_options options = sandbox_options();
    seekauth_token *token = NULL;
    const char *mistake = count == 2 ? words[1] : "";
    client = make_client(&options);
    CHECK_OK(seekauth_client_get_token(client, 0, &token));
    if (strcmp(mistake, "leak") == 0) {
        token = NULL;
        memset(shared, 0, sizeof shared);
    } else if (strcmp(mistake, "late") == 0) {
        const char *value = seekauth_token_value(token);
        seekauth_token_free(token);
        printf("%c\n", value[0]);
    } else if (strcmp(mistake, "race") == 0) {
        pthread_t threads[2];
        seekauth_token_free(token);
        pthread_barrier_init(&both, NULL, 2);
        for (int i = 0; i < 2; i++)
            pthread_create(&threads[i], NULL, copy, NULL);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
    } else {
        fprintf(stderr, "no such mistake\n");
        return 2;
    }
    seekauth_client_free(client);
    return 0;
}
