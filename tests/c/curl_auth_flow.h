/* An adapter from seekauth to libcurl, for a program to take over: the program sets up an easy handle as
 * ever (method, body, time-outs, redirects), and send_with_curl adds the token, renews it when the API
 * rejects it, and sends the same request once more. It has no rule of its own: what may be sent where, with
 * which headers, and what is a rejection, the exchange says. */
#ifndef CURL_EXCHANGE_H
#define CURL_EXCHANGE_H

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
} curl_request;

/* One answer on its way in. What comes before it is known whose it is, is held. */
typedef struct {
    const curl_request *request;
    seekauth_exchange *exchange;
    enum { CURL_UNSEEN, CURL_UNDECIDED, CURL_ACCEPTED, CURL_REJECTED, CURL_FAILED } state;
    seekauth_error *error;
    char *held;
    size_t held_length;
} curl_answer;

static inline void curl_inspect(curl_answer *answer) {
    long status = 0;
    const char *from = NULL;
    curl_easy_getinfo(answer->request->http, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(answer->request->http, CURLINFO_EFFECTIVE_URL, &from);
    answer->error = seekauth_exchange_inspect(answer->exchange, (int32_t)status, from, NULL);
    answer->state = answer->error == NULL ? CURL_UNDECIDED : CURL_FAILED;
}

static inline bool curl_hold(curl_answer *answer, const char *data, size_t length) {
    char *held = realloc(answer->held, answer->held_length + length);
    if (held == NULL)
        return false;
    memcpy(held + answer->held_length, data, length);
    answer->held = held;
    answer->held_length += length;
    return true;
}

/* Once the exchange knows enough: hands over what was held, unless it is a rejection. */
static inline bool curl_settle(curl_answer *answer) {
    const curl_request *request = answer->request;
    if (seekauth_exchange_rejected(answer->exchange)) {
        answer->state = CURL_REJECTED;
        return false;
    }
    answer->state = CURL_ACCEPTED;
    return answer->held_length == 0 ||
           request->write(answer->held, 1, answer->held_length, request->user_data) ==
               answer->held_length;
}

/* What libcurl calls with each piece. 0 ends the transfer: nobody wants the rest of a rejection. */
static inline size_t curl_receive(char *data, size_t size, size_t count, void *user_data) {
    curl_answer *answer = user_data;
    const curl_request *request = answer->request;
    if (answer->state == CURL_UNSEEN)
        curl_inspect(answer);
    if (answer->state == CURL_ACCEPTED)
        return request->write(data, size, count, request->user_data);
    if (answer->state != CURL_UNDECIDED || !curl_hold(answer, data, size * count))
        return 0;
    if (seekauth_exchange_feed(answer->exchange, data, size * count))
        return size * count;
    return curl_settle(answer) ? size * count : 0;
}

/* The headers that the exchange lists; NULL if there is no memory for them. */
static inline struct curl_slist *curl_headers(const seekauth_exchange *exchange) {
    struct curl_slist *headers = NULL;
    for (size_t i = 0; i < seekauth_exchange_header_count(exchange); i++) {
        const char *name = seekauth_exchange_header_name(exchange, i);
        const char *value = seekauth_exchange_header_value(exchange, i);
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

static inline CURLcode curl_transfer(curl_answer *answer) {
    CURL *http = answer->request->http;
    struct curl_slist *headers = curl_headers(answer->exchange);
    if (headers == NULL)
        return CURLE_OUT_OF_MEMORY;
    curl_easy_setopt(http, CURLOPT_URL, answer->request->url);
    curl_easy_setopt(http, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http, CURLOPT_WRITEFUNCTION, curl_receive);
    curl_easy_setopt(http, CURLOPT_WRITEDATA, answer);
    CURLcode code = curl_easy_perform(http);
    curl_easy_setopt(http, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (code == CURLE_OK && answer->state == CURL_UNSEEN)
        curl_inspect(answer);
    if (code == CURLE_OK && answer->state == CURL_UNDECIDED && !curl_settle(answer))
        code = CURLE_WRITE_ERROR;
    return code;
}

/* Sends once. `*again` says that the API rejected the token, and that the request is to be sent again. */
static inline seekauth_error *curl_send_once(const curl_request *request, seekauth_exchange *exchange,
                                             CURLcode *code, bool *again) {
    char authorization[8192];
    curl_answer answer = {request, exchange, CURL_UNSEEN, NULL, NULL, 0};
    *again = false;
    seekauth_error *error = seekauth_client_authorization(request->client, authorization,
                                                          sizeof authorization, NULL);
    if (error == NULL)
        error = seekauth_exchange_admit(exchange, authorization, request->headers,
                                        request->header_count);
    if (error != NULL)
        return error;
    *code = curl_transfer(&answer);
    free(answer.held);
    if (answer.state != CURL_REJECTED)
        return answer.error;
    error = seekauth_exchange_reject(exchange);
    *again = error == NULL;
    return error;
}

/* Sends the request that the easy handle is set up for, all but address, headers and what to do with the
 * answer. If it returns NULL, `*code` is libcurl's and the handle knows the answer's status. Otherwise the
 * error is seekauth's: nothing was sent, or the API rejected the token for good. */
static inline seekauth_error *send_with_curl(const curl_request *request, CURLcode *code) {
    seekauth_exchange *exchange = NULL;
    bool again = true;
    seekauth_error *error =
        seekauth_client_exchange(request->client, request->url, request->replayable, &exchange);
    while (error == NULL && again)
        error = curl_send_once(request, exchange, code, &again);
    seekauth_exchange_free(exchange);
    return error;
}

#endif
