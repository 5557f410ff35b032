/* The C agent's ways to send a request to the API: seekauth_client_send, libcurl through curl_auth_flow.h,
 * and seekauth_client_graphql. The case runner decides what is sent and judges what comes of it. */
#ifndef SENDING_H
#define SENDING_H

#include <pthread.h>

#include "curl_auth_flow.h"
#include "outcome.h"
#include "response.h"

enum { AT_ONCE = 100, CHUNK = 16 << 10 };

typedef struct {
    char *text;
    seekauth_header headers[FIELDS];
    size_t count;
} header_list;

/* What a request of the case runner says. */
typedef struct {
    const seekauth_client *client;
    const char *method, *url, *ca_file, *header;
    header_list headers;
    char *body;
    size_t body_length;
    bool with_curl, http2, has_body, stream, follow, part;
    long timeout_ms;
} plan;

/* What came of it: an error of seekauth's, a failure of libcurl's, or a response. */
typedef struct {
    seekauth_error *error;
    CURLcode code;
    long status;
    char *body, *header;
    size_t body_length;
    size_t header_name_length;
    const plan *what;
    size_t uploaded;
} sent;

static inline void *allocate(void *memory, size_t size) {
    memory = realloc(memory, size);
    if (memory == NULL) {
        perror("agent");
        exit(2);
    }
    return memory;
}

static inline void read_headers(header_list *list) {
    const char *names[FIELDS], *values[FIELDS];
    list->text = strcpy(allocate(NULL, strlen(text("headers")) + 1), text("headers"));
    list->count = split_pairs(list->text, names, values);
    for (size_t i = 0; i < list->count; i++)
        list->headers[i] = (seekauth_header){names[i], values[i]};
}

static inline void make_plan(plan *what, const seekauth_client *client) {
    memset(what, 0, sizeof *what);
    what->client = client;
    what->method = text("method");
    what->url = text("url");
    what->ca_file = argument("ca_file");
    what->header = argument("header");
    what->http2 = strcmp(text("via"), "libcurl-http2") == 0;
    what->with_curl = what->http2 || strcmp(text("via"), "libcurl") == 0;
    what->stream = flag("stream");
    what->follow = flag("follow");
    what->part = flag("part");
    what->timeout_ms = (long)number("timeout_ms");
    what->has_body = argument("body") != NULL || argument("body_size") != NULL;
    what->body_length =
        argument("body_size") != NULL ? (size_t)number("body_size") : strlen(text("body"));
    what->body = allocate(NULL, what->body_length + 1);
    if (argument("body_size") != NULL)
        memset(what->body, 'x', what->body_length);
    else
        memcpy(what->body, text("body"), what->body_length);
    read_headers(&what->headers);
}

static inline void forget_plan(plan *what) {
    free(what->body);
    free(what->headers.text);
}

/* Several headers of one name are one, with commas between the values. */
static inline void keep_header(sent *result, const char *value, size_t length) {
    size_t before = result->header == NULL ? 0 : strlen(result->header);
    result->header = allocate(result->header, before + length + 3);
    sprintf(result->header + before, "%s%.*s", before == 0 ? "" : ", ", (int)length, value);
}

static inline void send_by_itself(const plan *what, sent *result) {
    seekauth_http_request request = SEEKAUTH_HTTP_REQUEST_INIT;
    seekauth_response *response = NULL;
    request.method = what->method;
    request.url = what->url;
    request.headers = what->headers.headers;
    request.header_count = what->headers.count;
    request.body = what->body;
    request.body_length = what->body_length;
    request.timeout_ms = (uint64_t)what->timeout_ms;
    result->error = seekauth_client_send(what->client, &request, &response);
    if (result->error != NULL)
        return;
    result->status = seekauth_response_status(response);
    result->body_length = seekauth_response_body_length(response);
    result->body = allocate(NULL, result->body_length + 1);
    memcpy(result->body, seekauth_response_body(response), result->body_length);
    for (size_t i = 0; what->header != NULL && i < seekauth_response_header_count(response); i++) {
        const char *value = seekauth_response_header_value(response, i);
        if (curl_strequal(seekauth_response_header_name(response, i), what->header))
            keep_header(result, value, strlen(value));
    }
    seekauth_response_free(response);
}

static inline size_t keep_body(char *data, size_t size, size_t count, void *user_data) {
    sent *result = user_data;
    result->body = allocate(result->body, result->body_length + size * count);
    memcpy(result->body + result->body_length, data, size * count);
    result->body_length += size * count;
    return result->what->part ? 0 : size * count;
}

/* What libcurl calls with each line of a head: of a redirect or a rejection, too. */
static inline size_t keep_head(char *line, size_t size, size_t count, void *user_data) {
    sent *result = user_data;
    const char *name = result->what->header;
    size_t length = size * count, named = name == NULL ? 0 : strlen(name);
    if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        free(result->header);
        result->header = NULL;
    }
    if (named > 0 && length > named && line[named] == ':' && curl_strnequal(line, name, named)) {
        const char *value = line + named + 1, *end = line + length;
        while (value < end && *value == ' ')
            value++;
        while (end > value && (end[-1] == '\r' || end[-1] == '\n'))
            end--;
        keep_header(result, value, (size_t)(end - value));
    }
    return length;
}

static inline size_t read_chunk(char *to, size_t size, size_t count, void *user_data) {
    sent *result = user_data;
    size_t left = result->what->body_length - result->uploaded, room = size * count;
    size_t length = left < room ? left : room;
    length = length < CHUNK ? length : CHUNK;
    memcpy(to, result->what->body + result->uploaded, length);
    result->uploaded += length;
    return length;
}

static inline void set_method(CURL *http, const plan *what, sent *result) {
    if (what->stream) {
        curl_easy_setopt(http, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(http, CURLOPT_READFUNCTION, read_chunk);
        curl_easy_setopt(http, CURLOPT_READDATA, result);
        curl_easy_setopt(http, CURLOPT_CUSTOMREQUEST, what->method);
    } else if (what->has_body || strcmp(what->method, "POST") == 0) {
        curl_easy_setopt(http, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)what->body_length);
        curl_easy_setopt(http, CURLOPT_POSTFIELDS, what->body);
        if (strcmp(what->method, "POST") != 0)
            curl_easy_setopt(http, CURLOPT_CUSTOMREQUEST, what->method);
    } else if (strcmp(what->method, "HEAD") == 0) {
        curl_easy_setopt(http, CURLOPT_NOBODY, 1L);
    } else if (strcmp(what->method, "GET") != 0) {
        curl_easy_setopt(http, CURLOPT_CUSTOMREQUEST, what->method);
    }
}

static inline void send_by_curl(const plan *what, CURL *http, sent *result) {
    const auth_flow_request request = {
        what->client,  http,      what->url, what->headers.headers, what->headers.count,
        !what->stream, keep_body, result};
    curl_easy_reset(http);
    curl_easy_setopt(http, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(http, CURLOPT_PROXY, "");
    curl_easy_setopt(http, CURLOPT_HTTP_VERSION,
                     (long)(what->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(http, CURLOPT_TIMEOUT_MS, what->timeout_ms == 0 ? 60000L : what->timeout_ms);
    curl_easy_setopt(http, CURLOPT_FOLLOWLOCATION, what->follow ? 1L : 0L);
    curl_easy_setopt(http, CURLOPT_CAINFO, what->ca_file);
    curl_easy_setopt(http, CURLOPT_HEADERFUNCTION, keep_head);
    curl_easy_setopt(http, CURLOPT_HEADERDATA, result);
    set_method(http, what, result);
    result->error = auth_flow_send(&request, &result->code);
    curl_easy_getinfo(http, CURLINFO_RESPONSE_CODE, &result->status);
    /* The agent ended the transfer itself. */
    if (what->part && result->code == CURLE_WRITE_ERROR && result->body_length > 0)
        result->code = CURLE_OK;
}

static inline void carry_through(const plan *what, CURL *http, sent *result) {
    result->what = what;
    if (what->with_curl)
        send_by_curl(what, http, result);
    else
        send_by_itself(what, result);
}

static inline void forget_sent(sent *result) {
    seekauth_error_free(result->error);
    free(result->body);
    free(result->header);
}

/* Responds with what came, if it is no error of seekauth's. */
static inline void respond_sent(const sent *result) {
    if (result->code != CURLE_OK) {
        printf("error\tcode=0\tname=foreign\tretryable=false");
        put("message", curl_easy_strerror(result->code));
        return;
    }
    printf("ok");
    put_number("status", result->status);
    put_body(result->body, result->body_length);
    if (result->header != NULL)
        put("header", result->header);
}

/* --- many at once --- */

typedef struct {
    const plan *what;
    sent result;
} sender;

static inline void *send_alone(void *argument) {
    sender *self = argument;
    /* An easy handle is for one thread at a time. */
    CURL *http = curl_easy_init();
    carry_through(self->what, http, &self->result);
    curl_easy_cleanup(http);
    return NULL;
}

static inline int by_status(const void *a, const void *b) {
    const long left = ((const sender *)a)->result.status, right = ((const sender *)b)->result.status;
    return (left > right) - (left < right);
}

static inline const char *error_name(const sent *result) {
    return result->error != NULL      ? seekauth_error_name(result->error)
           : result->code != CURLE_OK ? "foreign"
                                      : "";
}

static inline int by_name(const void *a, const void *b) {
    return strcmp(error_name(&((const sender *)a)->result), error_name(&((const sender *)b)->result));
}

static inline bool same_body(const sent *a, const sent *b) {
    return a->body_length == b->body_length && memcmp(a->body, b->body, a->body_length) == 0;
}

static inline void respond_burst(sender *senders, size_t count) {
    size_t responses = 0, bodies = 0;
    long last = 0;
    const char *name = "";
    qsort(senders, count, sizeof *senders, by_status);
    printf("ok\tstatuses=");
    for (size_t i = 0; i < count; i++) {
        const sent *result = &senders[i].result;
        bool seen = false;
        if (*error_name(result) != '\0')
            continue;
        for (size_t j = 0; j < i && !seen; j++)
            seen = *error_name(&senders[j].result) == '\0' && same_body(result, &senders[j].result);
        bodies += !seen;
        if (result->status != last)
            printf("%s%ld", last == 0 ? "" : "%20", result->status);
        last = result->status;
        responses++;
    }
    qsort(senders, count, sizeof *senders, by_name);
    printf("\tnames=");
    for (size_t i = 0; i < count; i++) {
        const char *next = error_name(&senders[i].result);
        if (strcmp(next, name) != 0)
            printf("%s%s", *name == '\0' ? "" : "%20", next);
        name = next;
    }
    printf("\tanswers=%zu\terrors=%zu\tbodies=%zu", responses, count - responses, bodies);
}

static inline void burst_send(const seekauth_client *client) {
    static sender senders[AT_ONCE];
    static pthread_t threads[AT_ONCE];
    const size_t count = number("n") < AT_ONCE ? (size_t)number("n") : AT_ONCE;
    plan what;
    make_plan(&what, client);
    for (size_t i = 0; i < count; i++) {
        senders[i] = (sender){.what = &what};
        if (pthread_create(&threads[i], NULL, send_alone, &senders[i]) != 0) {
            perror("agent: thread");
            exit(2);
        }
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    respond_burst(senders, count);
    for (size_t i = 0; i < count; i++)
        forget_sent(&senders[i].result);
    forget_plan(&what);
}

static inline void graphql(const seekauth_client *client) {
    seekauth_graphql operation = SEEKAUTH_GRAPHQL_INIT;
    seekauth_response *response = NULL;
    outcome result = OUTCOME_INIT;
    header_list headers;
    read_headers(&headers);
    operation.query = argument("query");
    operation.variables = argument("variables");
    operation.operation_name = argument("operation_name");
    operation.headers = headers.headers;
    operation.header_count = headers.count;
    operation.timeout_ms = number("timeout_ms");
    seekauth_error *error = NULL;
    if (flag("async")) {
        error = seekauth_client_graphql_async(client, &operation, on_response, &result, NULL);
        if (error == NULL) {
            await_outcome(&result);
            error = result.error;
            response = result.response;
        }
    } else {
        error = seekauth_client_graphql(client, &operation, &response);
    }
    if (respond(error)) {
        put_number("status", seekauth_response_status(response));
        if (seekauth_response_request_id(response) != NULL)
            put("request_id", seekauth_response_request_id(response));
        printf("\tbody=");
        put_characters(seekauth_response_body(response), seekauth_response_body_length(response), 0,
                       SIZE_MAX);
    }
    seekauth_response_free(response);
    free(headers.text);
}

static inline void adapters(void) {
    printf("ok");
    put("names", "send libcurl libcurl-http2");
    put("http2", "libcurl-http2");
    put("versions", curl_version());
}

#endif
