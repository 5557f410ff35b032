/* The sandbox's admin endpoint, for the test programs: responses scripted, requests counted. Whatever goes
 * wrong here ends the program, because nothing after it would mean anything. */
#ifndef ADMIN_H
#define ADMIN_H

#include <curl/curl.h>

#include "check.h"

typedef struct {
    char *text;
    size_t length;
} admin_response;

static inline size_t admin_receive(char *data, size_t size, size_t count, void *user_data) {
    admin_response *response = user_data;
    char *text = realloc(response->text, response->length + size * count + 1);
    if (text == NULL)
        return 0;
    memcpy(text + response->length, data, size * count);
    response->length += size * count;
    text[response->length] = '\0';
    response->text = text;
    return size * count;
}

/* The body of the response, which the caller frees. */
static inline char *admin(const char *method, const char *path, const char *json) {
    char url[256];
    long status = 0;
    admin_response response = {NULL, 0};
    CURL *http = curl_easy_init();
    snprintf(url, sizeof url, "%s%s", require_env("SANDBOX_ADMIN_URL"), path);
    curl_easy_setopt(http, CURLOPT_URL, url);
    curl_easy_setopt(http, CURLOPT_PROXY, "");
    curl_easy_setopt(http, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(http, CURLOPT_WRITEFUNCTION, admin_receive);
    curl_easy_setopt(http, CURLOPT_WRITEDATA, &response);
    if (json != NULL)
        curl_easy_setopt(http, CURLOPT_POSTFIELDS, json);
    curl_easy_setopt(http, CURLOPT_CUSTOMREQUEST, method);
    CURLcode code = curl_easy_perform(http);
    curl_easy_getinfo(http, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(http);
    if (code != CURLE_OK || status / 100 != 2) {
        fprintf(stderr, "admin %s %s: %s, HTTP %ld: %s\n", method, path, curl_easy_strerror(code),
                status, response.text == NULL ? "" : response.text);
        exit(2);
    }
    return response.text;
}

static inline void sandbox_reset(void) {
    free(admin("POST", "/reset", ""));
}

static inline void sandbox_script(const char *json) {
    free(admin("POST", "/script", json));
}

/* Revokes the token, given as the whole value of the header. */
static inline void sandbox_revoke(const char *authorization) {
    char json[4200];
    snprintf(json, sizeof json, "{\"token\": \"%s\"}", authorization);
    free(admin("POST", "/revoke", json));
}

/* How many requests arrived at an endpoint since the last reset. */
static inline long sandbox_count(const char *endpoint) {
    char member[64];
    char *counts = admin("GET", "/counts", NULL);
    snprintf(member, sizeof member, "\"%s\":", endpoint);
    const char *found = counts == NULL ? NULL : strstr(counts, member);
    long count = found == NULL ? 0 : strtol(found + strlen(member), NULL, 10);
    free(counts);
    return count;
}

/* Whether these words occur in what arrived at an endpoint, as the journal writes it. */
static inline int sandbox_saw(const char *endpoint, const char *words) {
    char path[64];
    snprintf(path, sizeof path, "/journal?endpoint=%s", endpoint);
    char *journal = admin("GET", path, NULL);
    int saw = journal != NULL && strstr(journal, words) != NULL;
    free(journal);
    return saw;
}

#endif
