/* SEEK API and SEEK Pass tokens from C, with libcurl as the HTTP client.
 *
 * The SEEKAUTH_* variables say whose tokens and from where. With DEMO_SANDBOX, the admin address of
 * the sandbox that plays SEEK, the steps that need one run too. Prints a line per step: its name,
 * ok or wrong, what happened and microseconds, with tabs between them. */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>
#include <seekauth.h>

#define QUERY "{\"query\": \"{ self { partner { name } } }\"}"
#define CREDENTIAL "{\"id\": \"demo-1\"}"

enum { CACHED_CALLS = 100000, CALLERS = 4, HEADER_SIZE = 4096, TEXT_SIZE = 512 };

struct response {
    long status;
    size_t length;
    char body[8192];
};

/* Ends the program: its user has to repair what is wrong. */
static void fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void check(seekauth_error *error) {
    if (error != NULL)
        fail(seekauth_error_name(error), seekauth_error_message(error));
}

static const char *variable(const char *name) {
    const char *value = getenv(name);
    if (value == NULL)
        fail(name, "is not set");
    return value;
}

static double now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void report(const char *step, bool ok, double elapsed_us, const char *format, ...) {
    char what[TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    printf("%s\t%s\t%s\t%.3f\n", step, ok ? "ok" : "wrong", what, elapsed_us);
    fflush(stdout);
}

/* Takes in a part of the response; what is too long for the buffer is dropped. */
static size_t receive(char *data, size_t size, size_t count, void *user_data) {
    struct response *response = user_data;
    size_t room = sizeof response->body - 1 - response->length;
    size_t bytes = size * count < room ? size * count : room;
    memcpy(response->body + response->length, data, bytes);
    response->length += bytes;
    response->body[response->length] = '\0';
    return size * count;
}

/* Posts JSON, with the Authorization header unless it is NULL. */
static struct response post(CURL *http, const char *url, const char *authorization, const char *json) {
    struct response response = {0, 0, ""};
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (authorization != NULL) {
        char header[HEADER_SIZE + 16];
        snprintf(header, sizeof header, "Authorization: %s", authorization);
        headers = curl_slist_append(headers, header);
    }
    curl_easy_setopt(http, CURLOPT_URL, url);
    curl_easy_setopt(http, CURLOPT_USERAGENT, variable("SEEKAUTH_USER_AGENT"));
    curl_easy_setopt(http, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http, CURLOPT_POSTFIELDS, json);
    curl_easy_setopt(http, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(http, CURLOPT_WRITEDATA, &response);
    curl_easy_setopt(http, CURLOPT_NOSIGNAL, 1L);
    CURLcode code = curl_easy_perform(http);
    curl_slist_free_all(headers);
    if (code != CURLE_OK)
        fail(url, curl_easy_strerror(code));
    curl_easy_getinfo(http, CURLINFO_RESPONSE_CODE, &response.status);
    return response;
}

static struct response ask(const seekauth_client *client, CURL *http, const char *authorization) {
    return post(http, seekauth_client_api_url(client), authorization, QUERY);
}

static long add(CURL *http, const char *credential_type, const char *authorization) {
    char url[TEXT_SIZE];
    snprintf(url, sizeof url, "%s/api/partner/v1/add/%s.json", variable("DEMO_PASS_URL"),
             credential_type);
    return post(http, url, authorization, CREDENTIAL).status;
}

/* Looking for the text is enough for this one query; a program with a JSON parser uses that. */
static bool is_data(const struct response *response) {
    return response->status == 200 && strstr(response->body, "\"errors\"") == NULL;
}

/* The code in the body decides: GraphQL's HTTP status is no signal. */
static bool is_unauthenticated(const struct response *response) {
    return strstr(response->body, "\"UNAUTHENTICATED\"") != NULL;
}

static seekauth_client *seek_pass(const char *secret) {
    seekauth_client *client = NULL;
    seekauth_options options = SEEKAUTH_OPTIONS_INIT;
    options.service = "seek_pass";
    options.environment = "staging";
    options.client_id = variable("DEMO_PASS_CLIENT_ID");
    options.client_secret = secret;
    options.user_agent = variable("SEEKAUTH_USER_AGENT");
    options.scopes = "write.education";
    options.base_url = variable("DEMO_PASS_URL");
    check(seekauth_client_new(&options, &client));
    return client;
}

/* The first call asks the token endpoint. */
static void token(const seekauth_client *client) {
    seekauth_token *token = NULL;
    double started = now_us();
    check(seekauth_client_get_token(client, 0, &token));
    double elapsed = now_us() - started;
    double remaining = (double)seekauth_token_remaining_ms(token) / 1000;
    report("token", remaining > 0, elapsed, "expires in %.0f s", remaining);
    seekauth_token_free(token);
}

/* A request to the SEEK API. */
static void graphql(const seekauth_client *client, CURL *http) {
    char authorization[HEADER_SIZE];
    double started = now_us();
    check(seekauth_client_authorization(client, authorization, sizeof authorization, NULL));
    struct response response = ask(client, http, authorization);
    report("graphql", is_data(&response), now_us() - started, "HTTP %ld", response.status);
}

/* The same token again, without a request: the time that one call takes. */
static void cache(const seekauth_client *client) {
    char authorization[HEADER_SIZE];
    seekauth_token *first = NULL;
    check(seekauth_client_get_token(client, 0, &first));
    double started = now_us();
    for (int call = 0; call < CACHED_CALLS; call++)
        check(seekauth_client_authorization(client, authorization, sizeof authorization, NULL));
    double elapsed = now_us() - started;
    bool same = strcmp(authorization, seekauth_token_authorization(first)) == 0;
    report("cache", same, elapsed / CACHED_CALLS, "the same token");
    seekauth_token_free(first);
}

/* A SEEK Pass token, and a credential added with it. */
static void pass_token(const seekauth_client *client, CURL *http) {
    char authorization[HEADER_SIZE];
    double started = now_us();
    check(seekauth_client_authorization(client, authorization, sizeof authorization, NULL));
    long status = add(http, "education", authorization);
    report("pass", status == 201, now_us() - started, "HTTP %ld", status);
}

/* Another scope is another token, from a client that shares everything else. */
static void other_scope(const seekauth_client *client, CURL *http) {
    char authorization[HEADER_SIZE], education[HEADER_SIZE];
    seekauth_client *scoped = NULL;
    double started = now_us();
    check(seekauth_client_with_scopes(client, "write.microcredential", &scoped));
    check(seekauth_client_authorization(scoped, authorization, sizeof authorization, NULL));
    long status = add(http, "microcredential", authorization);
    double elapsed = now_us() - started;
    check(seekauth_client_authorization(client, education, sizeof education, NULL));
    bool another = strcmp(authorization, education) != 0;
    report("scope", another && status == 201, elapsed, "HTTP %ld", status);
    seekauth_client_free(scoped);
}

struct caller {
    const seekauth_client *client;
    const char *first;
    int calls, refused;
    double longest_us;
};

static void *work(void *argument) {
    struct caller *caller = argument;
    char authorization[HEADER_SIZE];
    CURL *http = curl_easy_init();
    do {
        double started = now_us();
        check(seekauth_client_authorization(caller->client, authorization, sizeof authorization,
                                            NULL));
        double waited = now_us() - started;
        if (waited > caller->longest_us)
            caller->longest_us = waited;
        caller->calls++;
        if (add(http, "education", authorization) != 201)
            caller->refused++;
    } while (strcmp(authorization, caller->first) == 0);
    curl_easy_cleanup(http);
    return NULL;
}

/* Callers that never pause, until all have used a renewed token: the longest wait for one. */
static void renewal(const seekauth_client *client) {
    char first[HEADER_SIZE];
    check(seekauth_client_authorization(client, first, sizeof first, NULL));
    struct caller callers[CALLERS];
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){client, first, 0, 0, 0};
        if (pthread_create(&threads[i], NULL, work, &callers[i]) != 0)
            fail("renewal", "no thread");
    }
    int calls = 0, refused = 0;
    double longest_us = 0;
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        calls += callers[i].calls;
        refused += callers[i].refused;
        if (callers[i].longest_us > longest_us)
            longest_us = callers[i].longest_us;
    }
    report("renewal", refused == 0, longest_us, "%d of %d refused", refused, calls);
}

/* The API refuses a token: say so to the client, and ask again with the next one. */
static void revoked(const seekauth_client *client, CURL *http, const char *sandbox) {
    char authorization[HEADER_SIZE], url[TEXT_SIZE], json[HEADER_SIZE + 16];
    check(seekauth_client_authorization(client, authorization, sizeof authorization, NULL));
    snprintf(url, sizeof url, "%s/revoke", sandbox);
    snprintf(json, sizeof json, "{\"token\": \"%s\"}", authorization);
    post(http, url, NULL, json);

    double started = now_us();
    struct response response = ask(client, http, authorization);
    bool refused = is_unauthenticated(&response);
    if (refused) {
        check(seekauth_client_invalidate(client, authorization, NULL));
        check(seekauth_client_authorization(client, authorization, sizeof authorization, NULL));
        response = ask(client, http, authorization);
    }
    report("revoked", refused && is_data(&response), now_us() - started, "%s, then %ld",
           refused ? "refused" : "not refused", response.status);
}

/* What a wrong secret looks like. */
static void wrong_secret(void) {
    seekauth_client *client = seek_pass("not the secret");
    seekauth_token *token = NULL;
    double started = now_us();
    seekauth_error *error = seekauth_client_get_token(client, 0, &token);
    if (error != NULL) {
        double elapsed = now_us() - started;
        bool retryable = seekauth_error_retryable(error);
        bool expected = seekauth_error_code(error) == SEEKAUTH_INVALID_CREDENTIALS && !retryable;
        report("secret", expected, elapsed, "%s (%s): %s", seekauth_error_name(error),
               retryable ? "retryable" : "not retryable", seekauth_error_message(error));
    }
    seekauth_error_free(error);
    seekauth_token_free(token);
    seekauth_client_free(client);
}

int main(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *http = curl_easy_init();
    seekauth_client *client = NULL;
    check(seekauth_client_from_env(&client));

    token(client);
    if (strcmp(variable("SEEKAUTH_SERVICE"), "seek_api") == 0)
        graphql(client, http);
    cache(client);

    const char *sandbox = getenv("DEMO_SANDBOX");
    if (sandbox != NULL) {
        seekauth_client *pass_client = seek_pass(variable("DEMO_PASS_CLIENT_SECRET"));
        pass_token(pass_client, http);
        other_scope(pass_client, http);
        renewal(pass_client);
        revoked(client, http, sandbox);
        wrong_secret();
        seekauth_client_free(pass_client);
    }

    seekauth_client_free(client);
    curl_easy_cleanup(http);
    curl_global_cleanup();
    return EXIT_SUCCESS;
}
