/* What a request costs more when seekauth authenticates it, than the same request sent by bare libcurl with
 * the same headers and time-out: rows of the table that program.rs begins. Takes the URLs of the token endpoint
 * and of the API. */
#define _POSIX_C_SOURCE 200809L

#include <time.h>

#include "../../c/curl_auth_flow.h"

enum { WARM_UP = 500, TURNS = 10000, RESPONSE = 1024, HEADER = 4096 };

static const char BODY[] = "{\"query\":\"{ self { partner { name } } }\"}";
static const seekauth_header JSON = {"Content-Type", "application/json"};

static const char *url;
static char authorization[HEADER], authorization_line[HEADER + 32];
static double bare[TURNS], with[TURNS], sent[TURNS];
static char body[RESPONSE];
static size_t received;

static void fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void check(seekauth_error *error) {
    if (error != NULL)
        fail(seekauth_error_name(error), seekauth_error_message(error));
}

static double now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static size_t receive(char *data, size_t size, size_t count, void *user_data) {
    (void)user_data;
    if (received + size * count > RESPONSE)
        return 0;
    memcpy(body + received, data, size * count);
    received += size * count;
    return size * count;
}

static CURL *easy(void) {
    CURL *http = curl_easy_init();
    curl_easy_setopt(http, CURLOPT_URL, url);
    curl_easy_setopt(http, CURLOPT_PROXY, "");
    curl_easy_setopt(http, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(http, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(http, CURLOPT_POSTFIELDS, BODY);
    return http;
}

/* As a program would write it: a list of headers for each request, because one of them changes. */
static void send_bare(CURL *http) {
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    headers = curl_slist_append(headers, "User-Agent: overhead/1.0");
    headers = curl_slist_append(headers, "X-Request-Id: 9b2d1f3c-7c53-4a2e-9b1e-0e6f6f1f7a10");
    headers = curl_slist_append(headers, authorization_line);
    curl_easy_setopt(http, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http, CURLOPT_WRITEFUNCTION, receive);
    received = 0;
    CURLcode code = curl_easy_perform(http);
    curl_slist_free_all(headers);
    if (code != CURLE_OK)
        fail("libcurl", curl_easy_strerror(code));
}

static void send_with(const seekauth_client *client, CURL *http) {
    const auth_flow_request request = {client, http, url, &JSON, 1, true, receive, NULL};
    CURLcode code = CURLE_OK;
    received = 0;
    check(auth_flow_send(&request, &code));
    if (code != CURLE_OK)
        fail("libcurl with seekauth", curl_easy_strerror(code));
}

static void send_itself(const seekauth_client *client) {
    seekauth_http_request request = SEEKAUTH_HTTP_REQUEST_INIT;
    seekauth_response *response = NULL;
    request.method = "POST";
    request.url = "/graphql";
    request.headers = &JSON;
    request.header_count = 1;
    request.body = BODY;
    request.body_length = sizeof BODY - 1;
    check(seekauth_client_send(client, &request, &response));
    received = seekauth_response_body_length(response);
    seekauth_response_free(response);
}

static int ascending(const void *a, const void *b) {
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *times) {
    qsort(times, TURNS, sizeof *times, ascending);
    return times[TURNS / 2];
}

static void row(const char *what, double without, double median_with) {
    printf("%-58s %9.1f %9.1f %7.3f\n", what, without, median_with, median_with / without);
}

int main(int count, char **arguments) {
    seekauth_options options = SEEKAUTH_OPTIONS_INIT;
    seekauth_client *client = NULL;
    if (count != 3)
        fail("usage", "program TOKEN_URL API_URL");
    url = arguments[2];
    options.service = "seek_api";
    options.environment = "playground";
    options.client_id = "sandbox-playground";
    options.client_secret = "sandbox-playground-secret";
    options.user_agent = "overhead/1.0";
    options.token_url = arguments[1];
    options.api_url = url;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    check(seekauth_client_new(&options, &client));
    check(seekauth_client_authorization(client, authorization, sizeof authorization, NULL));
    snprintf(authorization_line, sizeof authorization_line, "Authorization: %s", authorization);
    CURL *first = easy(), *second = easy();
    for (int turn = -WARM_UP; turn < TURNS; turn++) {
        double times[4];
        times[0] = now_us();
        send_bare(first);
        times[1] = now_us();
        const size_t received_bare = received;
        send_with(client, second);
        times[2] = now_us();
        const size_t received_with = received;
        send_itself(client);
        times[3] = now_us();
        if (strncmp(body, "{\"data\"", 7) != 0 || received_with != received_bare ||
            received != received_bare)
            fail("server", "not the expected response");
        if (turn < 0)
            continue;
        bare[turn] = times[1] - times[0];
        with[turn] = times[2] - times[1];
        sent[turn] = times[3] - times[2];
    }
    const double without = median(bare);
    row("C: libcurl with curl_auth_flow.h over libcurl", without, median(with));
    row("C: seekauth_client_send over libcurl (another client)", without, median(sent));
    curl_easy_cleanup(first);
    curl_easy_cleanup(second);
    seekauth_client_free(client);
    curl_global_cleanup();
    return EXIT_SUCCESS;
}
