/* What each tarball is tried with, on the C library it is promised for: a token over TLS, a request, a renewal, a
 * fork. The SEEKAUTH_* variables say from where; tokens there live for a few seconds. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <seekauth.h>

enum { HEADER_SIZE = 4096, RENEWED_WITHIN_S = 60 };

/* Ends the program: nothing else can be tried. */
static void fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void check(seekauth_error *error) {
    if (error != NULL)
        fail(seekauth_error_name(error), seekauth_error_message(error));
}

static void request(const seekauth_client *client) {
    seekauth_response *response = NULL;
    seekauth_graphql operation = SEEKAUTH_GRAPHQL_INIT;
    operation.query = "{ self { partner { name } } }";
    check(seekauth_client_graphql(client, &operation, &response));
    if (strstr(seekauth_response_body(response), "\"partner\"") == NULL)
        fail("graphql", "no partner in the response");
    seekauth_response_free(response);
}

/* Asks until another token than `first` is handed out. */
static void renewal(const seekauth_client *client, const char *first) {
    char header[HEADER_SIZE];
    const time_t started = time(NULL);
    do {
        check(seekauth_client_authorization(client, header, sizeof header, NULL));
        if (time(NULL) - started > RENEWED_WITHIN_S)
            fail("renewal", "the token stays the same");
    } while (strcmp(header, first) == 0);
}

/* A child has a token and can send. */
static void child(const seekauth_client *client) {
    int status = 0;
    const pid_t pid = fork();
    if (pid == 0) {
        char header[HEADER_SIZE];
        check(seekauth_client_authorization(client, header, sizeof header, NULL));
        request(client);
        _exit(EXIT_SUCCESS);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        fail("fork", "the child failed");
}

int main(void) {
    char first[HEADER_SIZE];
    seekauth_client *client = NULL;
    check(seekauth_client_from_env(&client));
    check(seekauth_client_authorization(client, first, sizeof first, NULL));
    puts("token");
    request(client);
    puts("graphql");
    renewal(client, first);
    puts("renewal");
    fflush(stdout);
    child(client);
    puts("fork");
    seekauth_client_free(client);
    return EXIT_SUCCESS;
}
