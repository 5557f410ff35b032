/* An adapter from seekauth to libcurl, for a program to take over: the program sets up an easy handle as
 * ever (method, body, time-outs, redirects), and auth_flow_send adds the token, renews it when the API
 * rejects it, and sends the same request once more. The adapter has no rule of its own: seekauth_auth_flow
 * decides what may be sent where, with which headers, and what is a rejection. */
#ifndef AUTH_FLOW_H
#define AUTH_FLOW_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <seekauth.h>

typedef struct {
    const seekauth_client *client;
    CURL *http;
    const char *url;
    const seekauth_header *headers; /* the request's own */
    size_t header_count;
    bool replayable; /* whether libcurl can send the body twice, as it can CURLOPT_POSTFIELDS */
    /* Gets the body as it arrives, as a CURLOPT_WRITEFUNCTION does; never that of a rejection. */
    curl_write_callback write;
    void *user_data;
} auth_flow_request;

/* One response on its way in. Chunks are held until it is known whether it is a rejection. */
typedef struct {
    const auth_flow_request *request;
    seekauth_auth_flow *flow;
    enum {
        AUTH_FLOW_UNSEEN,
        AUTH_FLOW_UNDECIDED,
        AUTH_FLOW_ACCEPTED,
        AUTH_FLOW_REJECTED,
        AUTH_FLOW_FAILED
    } state;
    seekauth_error *error;
    char *held;
    size_t held_length;
} auth_flow_response;

/* The status of the last response; 0 if there was none. */
static inline int32_t auth_flow_status(CURL *http) {
    long status = 0;
    curl_easy_getinfo(http, CURLINFO_RESPONSE_CODE, &status);
    return (int32_t)status;
}

static inline void auth_flow_inspect(auth_flow_response *response) {
    CURL *http = response->request->http;
    const char *from = NULL;
    curl_easy_getinfo(http, CURLINFO_EFFECTIVE_URL, &from);
    response->error = seekauth_auth_flow_inspect(response->flow, auth_flow_status(http), from, NULL);
    response->state = response->error == NULL ? AUTH_FLOW_UNDECIDED : AUTH_FLOW_FAILED;
}

static inline bool auth_flow_hold(auth_flow_response *response, const char *data, size_t length) {
    char *held = realloc(response->held, response->held_length + length);
    if (held == NULL)
        return false;
    memcpy(held + response->held_length, data, length);
    response->held = held;
    response->held_length += length;
    return true;
}

/* Once the flow has decided: hands over what was held, unless it is a rejection. */
static inline bool auth_flow_settle(auth_flow_response *response) {
    const auth_flow_request *request = response->request;
    if (seekauth_auth_flow_rejected(response->flow)) {
        response->state = AUTH_FLOW_REJECTED;
        return false;
    }
    response->state = AUTH_FLOW_ACCEPTED;
    return response->held_length == 0 ||
           request->write(response->held, 1, response->held_length, request->user_data) ==
               response->held_length;
}

/* libcurl calls this with each chunk. 0 ends the transfer: the rest of a rejection is not needed. */
static inline size_t auth_flow_receive(char *data, size_t size, size_t count, void *user_data) {
    auth_flow_response *response = user_data;
    const auth_flow_request *request = response->request;
    if (response->state == AUTH_FLOW_UNSEEN)
        auth_flow_inspect(response);
    if (response->state == AUTH_FLOW_ACCEPTED)
        return request->write(data, size, count, request->user_data);
    if (response->state != AUTH_FLOW_UNDECIDED || !auth_flow_hold(response, data, size * count))
        return 0;
    if (seekauth_auth_flow_feed(response->flow, data, size * count))
        return size * count;
    return auth_flow_settle(response) ? size * count : 0;
}

/* The headers that the flow lists; NULL if there is no memory for them. */
static inline struct curl_slist *auth_flow_headers(const seekauth_auth_flow *flow) {
    struct curl_slist *headers = NULL;
    for (size_t i = 0; i < seekauth_auth_flow_header_count(flow); i++) {
        const char *name = seekauth_auth_flow_header_name(flow, i);
        const char *value = seekauth_auth_flow_header_value(flow, i);
        size_t size = strlen(name) + strlen(value) + sizeof ": ";
        char *line = malloc(size);
        struct curl_slist *longer = NULL;
        if (line != NULL) {
            /* The semicolon is libcurl's way to write a header without a value. */
            snprintf(line, size, "%s%s%s", name, *value == '\0' ? ";" : ": ", value);
            longer = curl_slist_append(headers, line);
            memset(line, 0, size);
        }
        free(line);
        if (longer == NULL) {
            curl_slist_free_all(headers);
            return NULL;
        }
        headers = longer;
    }
    return headers;
}

static inline CURLcode auth_flow_transfer(auth_flow_response *response) {
    CURL *http = response->request->http;
    struct curl_slist *headers = auth_flow_headers(response->flow);
    if (headers == NULL)
        return CURLE_OUT_OF_MEMORY;
    curl_easy_setopt(http, CURLOPT_URL, response->request->url);
    curl_easy_setopt(http, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http, CURLOPT_WRITEFUNCTION, auth_flow_receive);
    curl_easy_setopt(http, CURLOPT_WRITEDATA, response);
    /* An address with http is on this machine: a proxy would read the token. */
    if (curl_strnequal(response->request->url, "http:", 5))
        curl_easy_setopt(http, CURLOPT_NOPROXY, "*");
    CURLcode code = curl_easy_perform(http);
    curl_easy_setopt(http, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    /* Of a response that broke off, what has arrived may say enough. */
    if (response->state == AUTH_FLOW_UNSEEN && (code == CURLE_OK || auth_flow_status(http) != 0))
        auth_flow_inspect(response);
    if (response->state == AUTH_FLOW_UNDECIDED && !auth_flow_settle(response) && code == CURLE_OK)
        code = CURLE_WRITE_ERROR;
    return code;
}

/* Sends once. `*again` says whether this is the repetition, and then that the API rejected the token and
 * that the request is to be sent again. */
static inline seekauth_error *auth_flow_send_once(const auth_flow_request *request,
                                                  seekauth_auth_flow *flow, CURLcode *code,
                                                  bool *again) {
    auth_flow_response response = {request, flow, AUTH_FLOW_UNSEEN, NULL, NULL, 0};
    seekauth_token *token = NULL;
    seekauth_error *error = seekauth_auth_flow_get_token(flow, 0, &token);
    *again = false;
    if (error == NULL)
        error = seekauth_auth_flow_attempt(flow, seekauth_token_authorization(token), request->headers,
                                           request->header_count);
    seekauth_token_free(token);
    if (error != NULL)
        return error;
    *code = auth_flow_transfer(&response);
    free(response.held);
    if (response.state != AUTH_FLOW_REJECTED)
        return response.error;
    error = seekauth_auth_flow_retry(flow);
    *again = error == NULL;
    return error;
}

/* Sends the request that the easy handle is set up for, all but its address, its headers, the receiver of
 * the response and, for an address with http, CURLOPT_NOPROXY. If this returns NULL, `*code` is libcurl's and
 * the handle knows the response's status. Otherwise the error is seekauth's: nothing was sent, or the API
 * rejected the token for good. */
static inline seekauth_error *auth_flow_send(const auth_flow_request *request, CURLcode *code) {
    seekauth_auth_flow *flow = NULL;
    bool again = false;
    seekauth_error *error =
        seekauth_client_auth_flow(request->client, request->url, request->replayable, &flow);
    if (error == NULL) {
        do
            error = auth_flow_send_once(request, flow, code, &again);
        while (again);
    }
    seekauth_auth_flow_free(flow);
    return error;
}

#endif
