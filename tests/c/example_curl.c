/* Adds a credential to SEEK Pass with libcurl: the client says what to put into the Authorization header,
 * and the flow of the request what to do when SEEK Pass refuses that. Everything comes from the environment:
 * SEEKAUTH_SERVICE=seek_pass, SEEKAUTH_ENVIRONMENT, SEEKAUTH_SCOPES=write.education, ... */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <seekauth.h>

/* A line of a request's head; NULL if there is no memory for it. */
static struct curl_slist *add(struct curl_slist *headers, const char *name, const char *value) {
    size_t size = strlen(name) + strlen(value) + sizeof ": ";
    char *line = malloc(size);
    if (line == NULL)
        return NULL;
    snprintf(line, size, "%s: %s", name, value);
    headers = curl_slist_append(headers, line);
    free(line);
    return headers;
}

/* Posts with the headers that the flow lists. libcurl follows no redirect unless it is told to. 0 if there
 * was no response. */
static long post(CURL *http, const seekauth_auth_flow *flow, const char *url, const char *json) {
    long status = 0;
    struct curl_slist *headers = NULL;
    for (size_t i = 0; i < seekauth_auth_flow_header_count(flow); i++)
        headers = add(headers, seekauth_auth_flow_header_name(flow, i),
                      seekauth_auth_flow_header_value(flow, i));

    curl_easy_setopt(http, CURLOPT_URL, url);
    curl_easy_setopt(http, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http, CURLOPT_POSTFIELDS, json);
    curl_easy_setopt(http, CURLOPT_TIMEOUT, 30L);
    CURLcode code = curl_easy_perform(http);
    if (code != CURLE_OK)
        fprintf(stderr, "SEEK Pass: %s\n", curl_easy_strerror(code));
    else
        curl_easy_getinfo(http, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    return status;
}

/* The address of a path of the client's own API; the caller frees it with curl_free. */
static char *address(const seekauth_client *client, const char *path) {
    char *text = NULL;
    CURLU *url = curl_url();
    curl_url_set(url, CURLUPART_URL, seekauth_client_api_url(client), 0);
    curl_url_set(url, CURLUPART_URL, path, 0);
    curl_url_get(url, CURLUPART_URL, &text, 0);
    curl_url_cleanup(url);
    return text;
}

int main(void) {
    static const seekauth_header json = {"Content-Type", "application/json"};
    static const char credential[] = "{\"id\": \"example-1\"}";
    bool again = true;
    char *url = NULL;
    long status = 0;
    seekauth_client *client = NULL;
    seekauth_auth_flow *flow = NULL;
    seekauth_token *token = NULL;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *http = curl_easy_init(); /* keeps its connection for the second time */

    seekauth_error *error = seekauth_client_from_env(&client);
    if (error == NULL) {
        url = address(client, "/api/partner/v1/add/education.json");
        error = seekauth_client_auth_flow(client, url, true, &flow);
    }
    while (error == NULL && again) {
        again = false;
        error = seekauth_auth_flow_get_token(flow, 0, &token); /* out of the cache, the first time */
        if (error == NULL)
            error = seekauth_auth_flow_attempt(flow, seekauth_token_authorization(token), &json, 1);
        seekauth_token_free(token);
        token = NULL;
        if (error == NULL && (status = post(http, flow, url, credential)) != 0)
            error = seekauth_auth_flow_inspect(flow, (int32_t)status, NULL, NULL);
        if (error == NULL && seekauth_auth_flow_rejected(flow)) {
            error = seekauth_auth_flow_retry(flow);
            again = error == NULL;
        }
    }
    if (error != NULL)
        fprintf(stderr, "%s: %s\n", seekauth_error_name(error), seekauth_error_message(error));
    else
        printf("\nHTTP %ld\n", status);

    int failed = error != NULL || status / 100 != 2;
    seekauth_error_free(error);
    seekauth_auth_flow_free(flow);
    seekauth_client_free(client);
    curl_free(url);
    curl_easy_cleanup(http);
    curl_global_cleanup();
    return failed;
}
