/* curl_auth_flow.h over https: what of a request may be seen by a proxy (nothing), whose Host header may go
 * with a token, how long a token may be, and what a response tells that breaks off. */

#define _POSIX_C_SOURCE 200809L

#include <stdbool.h>

#include "admin.h"
#include "clock.h"
#include "curl_auth_flow.h"
#include "proxy.h"

enum { LONG_TOKEN = 60000 };

static const char BODY[] = "{\"query\": \"{ self { partner { name } } }\"}";
static const seekauth_header JSON = {"Content-Type", "application/json"};

static const long VERSIONS[] = {CURL_HTTP_VERSION_1_1, CURL_HTTP_VERSION_2TLS};

typedef struct {
    seekauth_error *error;
    CURLcode code;
    long status;
    size_t received;
} result;

static size_t count_bytes(char *data, size_t size, size_t count, void *user_data) {
    (void)data;
    ((result *)user_data)->received += size * count;
    return size * count;
}

static CURL *easy(long version) {
    CURL *http = curl_easy_init();
    curl_easy_setopt(http, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(http, CURLOPT_CAINFO, require_env("SANDBOX_CA_FILE"));
    curl_easy_setopt(http, CURLOPT_HTTP_VERSION, version);
    curl_easy_setopt(http, CURLOPT_POSTFIELDS, BODY);
    curl_easy_setopt(http, CURLOPT_TIMEOUT, 120L);
    return http;
}

static result carry(const seekauth_client *client, CURL *http, const seekauth_header *headers, size_t count) {
    result came = {NULL, CURLE_OK, 0, 0};
    const auth_flow_request request = {
        client, http, seekauth_client_api_url(client), headers, count, true, count_bytes, &came};
    came.error = auth_flow_send(&request, &came.code);
    curl_easy_getinfo(http, CURLINFO_RESPONSE_CODE, &came.status);
    return came;
}

static seekauth_client *api_client(void) {
    seekauth_options options = api_options();
    options.ca_file = require_env("SANDBOX_CA_FILE");
    return make_client(&options);
}

static void set_proxies(const char *url) {
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (url == NULL)
            unsetenv(names[i]);
        else
            setenv(names[i], url, 1);
    }
}

/* Token requests and API requests, the rejected one and its repetition, are inside tunnels. */
static void a_proxy_sees_tunnels_only(long version, bool by_environment) {
    sandbox_reset();
    proxy_reset();
    seekauth_options options = api_options();
    options.ca_file = require_env("SANDBOX_CA_FILE");
    if (by_environment)
        set_proxies(proxy.url);
    else
        options.proxy = proxy.url;
    seekauth_client *client = make_client(&options);
    CURL *http = easy(version);
    if (!by_environment)
        curl_easy_setopt(http, CURLOPT_PROXY, proxy.url);
    CHECK_OK(carry(client, http, &JSON, 1).error);
    let_tokens_age();
    sandbox_script("{\"endpoint\": \"graphql\", \"error\": \"UNAUTHENTICATED\"}");
    const result came = carry(client, http, &JSON, 1);
    CHECK_OK(came.error);
    CHECK(came.code == CURLE_OK && came.status == 200);
    CHECK(sandbox_count("graphql") == 3 && sandbox_count("seek_api_token") == 2);
    CHECK(proxy.tunnels >= 2 && proxy.requests == 0);
    CHECK(!proxy_saw("Bearer") && !proxy_saw("secret"));
    curl_easy_cleanup(http);
    seekauth_client_free(client);
    set_proxies(NULL);
}

/* libcurl takes a request to another origin to the proxy in clear text. The token stays behind. */
static void a_redirect_does_not_take_the_token_to_a_proxy(long version) {
    sandbox_reset();
    proxy_reset();
    seekauth_client *client = api_client();
    CURL *http = easy(version);
    curl_easy_setopt(http, CURLOPT_PROXY, proxy.url);
    curl_easy_setopt(http, CURLOPT_FOLLOWLOCATION, 1L);
    sandbox_script("{\"endpoint\": \"graphql\", \"redirect\": \"{foreign}/elsewhere\"}");
    const result came = carry(client, http, &JSON, 1);
    CHECK_OK(came.error);
    CHECK(came.status == 502);
    CHECK(proxy.requests == 1 && proxy_saw("/elsewhere"));
    CHECK(!proxy_saw("Bearer"));
    curl_easy_cleanup(http);
    seekauth_client_free(client);
}

/* An API with http is on this machine, and a proxy has no part in that. */
static void http_goes_past_proxies(bool by_environment) {
    char url[256];
    sandbox_reset();
    proxy_reset();
    snprintf(url, sizeof url, "%s/api", require_env("SANDBOX_FOREIGN_URL"));
    seekauth_options options = api_options();
    options.ca_file = require_env("SANDBOX_CA_FILE");
    options.api_url = url;
    seekauth_client *client = make_client(&options);
    CURL *http = easy(CURL_HTTP_VERSION_1_1);
    if (by_environment)
        set_proxies(proxy.url);
    else
        curl_easy_setopt(http, CURLOPT_PROXY, proxy.url);
    const result came = carry(client, http, &JSON, 1);
    CHECK_OK(came.error);
    CHECK(came.code == CURLE_OK && came.status == 200);
    CHECK(proxy.requests == 0 && !proxy_saw(require_env("SANDBOX_FOREIGN_URL") + sizeof "http://" - 1));
    CHECK(sandbox_saw("foreign", "Bearer "));
    curl_easy_cleanup(http);
    seekauth_client_free(client);
    set_proxies(NULL);
}

static void a_host_of_the_program_s_own_is_refused(long version) {
    const seekauth_header own[] = {JSON, {"host", "evil.example"}};
    sandbox_reset();
    seekauth_client *client = api_client();
    CURL *http = easy(version);
    CHECK_ERROR(carry(client, http, own, 2).error, SEEKAUTH_FORBIDDEN_ORIGIN, "Host");
    CHECK(sandbox_count("graphql") == 0);
    curl_easy_cleanup(http);
    seekauth_client_free(client);
}

static void script_token(size_t length) {
    static const char start[] = "{\"endpoint\": \"seek_api_token\", \"json\": {\"token_type\": \"Bearer\","
                                " \"expires_in\": 1800, \"access_token\": \"";
    char *json = malloc(sizeof start + length + sizeof "\"}}");
    memcpy(json, start, sizeof start - 1);
    memset(json + sizeof start - 1, 't', length);
    strcpy(json + sizeof start - 1 + length, "\"}}");
    sandbox_script(json);
    free(json);
}

/* As long as the server takes them. */
static void long_tokens_arrive(void) {
    sandbox_reset();
    script_token(LONG_TOKEN);
    sandbox_script("{\"endpoint\": \"graphql\", \"json\": {\"data\": {}}}");
    seekauth_client *client = api_client();
    CURL *http = easy(CURL_HTTP_VERSION_1_1);
    const result came = carry(client, http, &JSON, 1);
    CHECK_OK(came.error);
    CHECK(came.code == CURLE_OK && came.status == 200);
    char *journal = admin("GET", "/journal?endpoint=graphql", NULL);
    const char *token = strstr(journal, "Bearer ttt");
    CHECK(token != NULL && strspn(token + sizeof "Bearer " - 1, "t") == LONG_TOKEN);
    free(journal);
    curl_easy_cleanup(http);
    seekauth_client_free(client);
}

/* A server that does not says so by its status; if it hangs up before libcurl has sent all of the token, that
 * is libcurl's to report. */
static void a_server_may_refuse_long_tokens(void) {
    sandbox_reset();
    script_token(LONG_TOKEN);
    seekauth_client *client = api_client();
    CURL *http = easy(CURL_HTTP_VERSION_2TLS);
    const result came = carry(client, http, &JSON, 1);
    CHECK_OK(came.error);
    CHECK(came.status == 431 || came.code != CURLE_OK);
    curl_easy_cleanup(http);
    seekauth_client_free(client);
}

/* A rejection is one although the connection breaks off behind what says so. */
static void what_breaks_off_may_be_a_rejection(long version) {
    static const char *const rejections[] = {
        "{\"endpoint\": \"graphql\", \"body_start\": \"{\\\"errors\\\": [{\\\"extensions\\\":"
        " {\\\"code\\\": \\\"UNAUTHENTICATED\\\"}}], \\\"x\\\": \\\"\", \"body_size\": 100,"
        " \"drop\": \"mid_body\"}",
        "{\"endpoint\": \"graphql\", \"status\": 401, \"html\": \"<p>who are you, and whence\","
        " \"drop\": \"mid_body\"}",
        "{\"endpoint\": \"graphql\", \"status\": 401, \"html\": \"<p>\", \"drop\": \"after_headers\"}",
    };
    for (size_t i = 0; i < sizeof rejections / sizeof rejections[0]; i++) {
        sandbox_reset();
        seekauth_client *client = api_client();
        CURL *http = easy(version);
        CHECK_OK(carry(client, http, &JSON, 1).error);
        let_tokens_age();
        sandbox_script(rejections[i]);
        const result came = carry(client, http, &JSON, 1);
        CHECK_OK(came.error);
        CHECK(came.code == CURLE_OK && came.status == 200 && came.received > 0);
        CHECK(sandbox_count("graphql") == 3 && sandbox_count("seek_api_token") == 2);
        curl_easy_cleanup(http);
        seekauth_client_free(client);
    }

    /* Anything else that breaks off is libcurl's to report. */
    sandbox_reset();
    seekauth_client *client = api_client();
    CURL *http = easy(version);
    sandbox_script("{\"endpoint\": \"graphql\", \"drop\": \"mid_body\"}");
    const result came = carry(client, http, &JSON, 1);
    CHECK_OK(came.error);
    CHECK(came.code != CURLE_OK && sandbox_count("graphql") == 1);
    curl_easy_cleanup(http);
    seekauth_client_free(client);
}

int main(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    set_proxies(NULL);
    unsetenv("NO_PROXY");
    unsetenv("no_proxy");
    proxy_start();
    seekauth_test_clock_start();
    for (size_t i = 0; i < 2; i++) {
        a_proxy_sees_tunnels_only(VERSIONS[i], false);
        a_proxy_sees_tunnels_only(VERSIONS[i], true);
        a_redirect_does_not_take_the_token_to_a_proxy(VERSIONS[i]);
        a_host_of_the_program_s_own_is_refused(VERSIONS[i]);
        what_breaks_off_may_be_a_rejection(VERSIONS[i]);
    }
    http_goes_past_proxies(false);
    http_goes_past_proxies(true);
    long_tokens_arrive();
    a_server_may_refuse_long_tokens();
    curl_global_cleanup();
    return checks_failed();
}
