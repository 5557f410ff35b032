/* Uses a client for as long as it is told to, from many threads, and reports every use in the lines that
 * program.py describes. */

#define _GNU_SOURCE

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <seekauth.h>

enum {
    HOT_CALLS = 50, /* in a round, besides the one whose token is used */
    NEW_CLIENT_TIMEOUT_MS = 3000,
};

static const char *const MAIN = "main", *const NEW = "new";

static seekauth_client *client;
static atomic_bool stopping;
static int pause_ms;

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static void stop(const char *what) {
    fprintf(stderr, "%s\n", what);
    _exit(2);
}

static int number(const char *name) {
    const char *text = getenv(name);
    if (text == NULL)
        stop(name);
    return atoi(text);
}

static void failed(const char *name, long long asked, seekauth_error *error) {
    printf("failed\t%s\t%lld\t%lld\t%s\n", name, asked, now(), seekauth_error_name(error));
    seekauth_error_free(error);
}

typedef struct {
    CURL *curl;
    char body[4096];
    size_t size;
} connection;

static size_t receive(char *data, size_t size, size_t count, void *into) {
    connection *http = into;
    size_t bytes = size * count, room = sizeof http->body - 1 - http->size;
    size_t kept = bytes < room ? bytes : room;
    memcpy(http->body + http->size, data, kept);
    http->size += kept;
    http->body[http->size] = '\0';
    return bytes;
}

static const char *post(connection *http, const char *name, const char *authorization) {
    bool is_new = name == NEW;
    char header[4200];
    long status = 0;
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    snprintf(header, sizeof header, "Authorization: %s", authorization);
    headers = curl_slist_append(headers, header);
    http->size = 0;
    curl_easy_setopt(http->curl, CURLOPT_URL,
                     is_new ? getenv("SOAK_NEW_URL") : seekauth_client_api_url(client));
    curl_easy_setopt(http->curl, CURLOPT_CAINFO, getenv("SEEKAUTH_CA_FILE"));
    curl_easy_setopt(http->curl, CURLOPT_USERAGENT, getenv("SEEKAUTH_USER_AGENT"));
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS,
                     is_new ? "{\"id\": \"soak\"}" : "{\"query\": \"{ self { partner { name } } }\"}");
    curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, http);
    curl_easy_setopt(http->curl, CURLOPT_NOSIGNAL, 1L);
    if (curl_easy_perform(http->curl) != CURLE_OK)
        stop("the API could not be reached");
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    if (status == 401 || strstr(http->body, "UNAUTHENTICATED") != NULL)
        return "refused";
    return status == (is_new ? 201 : 200) && strstr(http->body, "errors") == NULL ? "ok" : "broken";
}

static void use(const char *name, const seekauth_client *of, connection *http, bool odd) {
    seekauth_token *token = NULL;
    char copy[4096];
    const char *authorization = copy;
    long long asked = now(), expires = 0;
    uint64_t timeout_ms = name == NEW ? NEW_CLIENT_TIMEOUT_MS : 0;
    seekauth_error *error = odd ? seekauth_client_authorization(of, copy, sizeof copy, NULL)
                                : seekauth_client_get_token(of, timeout_ms, &token);
    if (error != NULL) {
        failed(name, asked, error);
        return;
    }
    if (token != NULL) {
        authorization = seekauth_token_authorization(token);
        expires = (long long)seekauth_token_expires_at_ms(token);
    }
    long long handed = now();
    const char *verdict = post(http, name, authorization);
    printf("used\t%s\t%lld\t%lld\t%lld\t%lld\t%s\t%s\n", name, asked, handed, now(), expires, verdict,
           authorization);
    if (strcmp(verdict, "refused") == 0)
        seekauth_error_free(seekauth_client_invalidate(of, authorization, NULL));
    seekauth_token_free(token);
}

static void *caller(void *unused) {
    connection http = {.curl = curl_easy_init()};
    char copy[4096];
    (void)unused;
    for (bool odd = false; !stopping; odd = !odd) {
        for (int call = 0; call < HOT_CALLS; call++) {
            long long asked = now();
            seekauth_error *error = seekauth_client_authorization(client, copy, sizeof copy, NULL);
            if (error != NULL) {
                failed(MAIN, asked, error);
                break;
            }
        }
        use(MAIN, client, &http, odd);
        usleep(pause_ms * 1000);
    }
    curl_easy_cleanup(http.curl);
    return NULL;
}

static void ignore(void *unused, seekauth_error *error, seekauth_token *token) {
    (void)unused;
    seekauth_error_free(error);
    seekauth_token_free(token);
}

/* Clients come and go, with and without a request under way. */
static void *new_clients(void *unused) {
    connection http = {.curl = curl_easy_init()};
    (void)unused;
    while (!stopping) {
        seekauth_client *made = NULL;
        seekauth_call *call = NULL;
        if (seekauth_client_from_env(&made) != NULL)
            stop("no client");
        use(NEW, made, &http, false);
        seekauth_client_close(made);
        seekauth_client_free(made);
        if (seekauth_client_from_env(&made) != NULL ||
            seekauth_client_get_token_async(made, 0, ignore, NULL, &call) != NULL)
            stop("no client, or no call");
        seekauth_call_free(call);
        seekauth_client_free(made);
        usleep(pause_ms * 1000);
    }
    curl_easy_cleanup(http.curl);
    return NULL;
}

/* The settings of the clients that come and go in place of those of the one that lives. */
static void swap_settings(void) {
    static const char *const names[] = {"SERVICE",  "ENVIRONMENT", "CLIENT_ID", "CLIENT_SECRET",
                                        "BASE_URL", "SCOPES",      "USER_AGENT"};
    char from[64], to[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(from, sizeof from, "SOAK_NEW_%s", names[i]);
        snprintf(to, sizeof to, "SEEKAUTH_%s", names[i]);
        setenv(to, getenv(from), 1);
    }
    unsetenv("SEEKAUTH_TOKEN_URL");
    unsetenv("SEEKAUTH_API_URL");
}

int main(void) {
    int callers = number("SOAK_CALLERS"), threads_count = callers + number("SOAK_NEW_CLIENTS");
    pthread_t threads[64];
    char line[16];
    if (threads_count > (int)(sizeof threads / sizeof *threads))
        stop("too many callers");
    pause_ms = number("SOAK_PAUSE_MS");
    setvbuf(stdout, NULL, _IOLBF, 8192);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (seekauth_client_from_env(&client) != NULL)
        stop("no client");
    swap_settings();
    for (int i = 0; i < threads_count; i++)
        if (pthread_create(&threads[i], NULL, i < callers ? caller : new_clients, NULL) != 0)
            stop("no thread");
    while (fgets(line, sizeof line, stdin) != NULL) {
        malloc_trim(0);
        puts("measured\t0");
    }
    stopping = true;
    for (int i = 0; i < threads_count; i++)
        pthread_join(threads[i], NULL);
    seekauth_client_free(client);
    curl_global_cleanup();
    return 0;
}
