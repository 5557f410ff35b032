/* Forks while threads make calls that fail, so that a lock which a fork may copy while it is held is copied
 * so sooner or later. Each child uses the clients of its parent: it gets the outcome that its parent gets,
 * and in time. FORKS says how often; `make fork-stress` forks 12,000 times. */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "outcome.h"

enum { USUALLY = 300, THREADS = 4, AT_ONCE = 4, HANGS_AFTER_S = 120, ENOUGH_MS = 100000, LITTLE_MS = 100 };

/* What each child ends with. */
enum { RIGHT = 0, WRONG = 1 };

static struct {
    seekauth_client *refused, *unprovided, *unreachable;
} clients;

static int no_credentials(void *user_data, seekauth_credentials *credentials) {
    (void)user_data, (void)credentials;
    return 1;
}

/* Neither secret is known: both are tried, and what was refused is noted. */
static seekauth_client *refused(void) {
    seekauth_options options = sandbox_options();
    options.client_secret = "wrong";
    options.client_secret_next = "wrong as well";
    return make_client(&options);
}

static seekauth_client *unprovided(void) {
    seekauth_options options = sandbox_options();
    options.client_id = options.client_secret = NULL;
    options.credentials_callback = no_credentials;
    return make_client(&options);
}

static seekauth_client *unreachable(void) {
    seekauth_options options = sandbox_options();
    options.base_url = "http://127.0.0.1:9";
    return make_client(&options);
}

/* An outcome is wrong if the worker did not respond, whatever else the call may end with. */
static bool is(seekauth_error *error, int code, int other) {
    const int got = seekauth_error_code(error);
    const char *message = seekauth_error_message(error);
    const bool is_right =
        (got == code || got == other) && message != NULL && strstr(message, "worker thread") == NULL;
    if (!is_right)
        fprintf(stderr, "process %ld: %s: %s\n", (long)getpid(), seekauth_error_name(error),
                message == NULL ? "-" : message);
    seekauth_error_free(error);
    return is_right;
}

/* A client of other scopes asks anew, and shares credentials, connections and what was refused. */
static bool use(int number) {
    static const char *const scopes[] = {"write.education", "write.english_proficiency", "write.microcredential",
                                         "write.digital_identity", "read.digital_identity",
                                         "write.right_to_work", "write.career_history"};
    seekauth_client *scoped = NULL;
    seekauth_token *token = NULL;
    char pair[128];
    snprintf(pair, sizeof pair, "%s %s", scopes[number % 7], scopes[number / 7 % 7]);
    bool is_right = seekauth_client_with_scopes(clients.refused, pair, &scoped) == NULL &&
                    is(seekauth_client_get_token(scoped, ENOUGH_MS, &token), SEEKAUTH_INVALID_CREDENTIALS, 0);
    seekauth_client_free(scoped);
    is_right &= is(seekauth_client_get_token(clients.unprovided, LITTLE_MS, &token),
                   SEEKAUTH_CREDENTIALS_UNAVAILABLE, SEEKAUTH_TIMEOUT);
    is_right &= is(seekauth_client_get_token(clients.unreachable, LITTLE_MS, &token), SEEKAUTH_NETWORK,
                   SEEKAUTH_TIMEOUT);
    return is_right;
}

static bool use_later(void) {
    outcome result = OUTCOME_INIT;
    if (seekauth_client_get_token_async(clients.refused, ENOUGH_MS, on_token, &result, NULL) != NULL)
        return false;
    await_outcome(&result);
    seekauth_error *error = result.error;
    return is(error, SEEKAUTH_INVALID_CREDENTIALS, 0);
}

static volatile sig_atomic_t is_over;

static void *go_on(void *argument) {
    const int first = *(int *)argument;
    /* Clients that come and go have locks, too. */
    for (int number = first; !is_over; number += THREADS) {
        seekauth_token *token = NULL;
        seekauth_client *own = refused();
        (void)use(number);
        seekauth_error_free(seekauth_client_get_token(own, ENOUGH_MS, &token));
        seekauth_client_free(own);
    }
    return NULL;
}

/* Waits for a child. What it ended with is counted. */
static void reap(int *hangs, int *wrong) {
    int status = 0;
    if (wait(&status) < 0) {
        perror("wait");
        exit(2);
    }
    *hangs += WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
    *wrong += !WIFEXITED(status) || WEXITSTATUS(status) != RIGHT;
}

int main(void) {
    const int forks = getenv("FORKS") == NULL ? USUALLY : atoi(getenv("FORKS"));
    pthread_t threads[THREADS];
    int firsts[THREADS], hangs = 0, wrong = 0, running = 0;
    clients.refused = refused();
    clients.unprovided = unprovided();
    clients.unreachable = unreachable();
    CHECK(use(0));
    for (int i = 0; i < THREADS; i++) {
        firsts[i] = i;
        if (pthread_create(&threads[i], NULL, go_on, &firsts[i]) != 0)
            return 2;
    }
    for (int number = 0; number < forks; number++) {
        const pid_t child = fork();
        if (child < 0) {
            perror("fork");
            return 2;
        }
        if (child == 0) {
            alarm(HANGS_AFTER_S);
            _exit(use(number) && use_later() ? RIGHT : WRONG);
        }
        if (++running == AT_ONCE) {
            reap(&hangs, &wrong);
            running--;
        }
    }
    while (running-- > 0)
        reap(&hangs, &wrong);
    is_over = 1;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("%d forks under failing calls, %d hangs, %d wrong outcomes\n", forks, hangs, wrong - hangs);
    CHECK(hangs == 0 && wrong == 0);
    seekauth_client_free(clients.refused);
    seekauth_client_free(clients.unprovided);
    seekauth_client_free(clients.unreachable);
    return checks_failed();
}
