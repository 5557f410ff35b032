/*
 * A renewal beside what it costs at least: the same POST written to a socket by hand, and by libcurl, each on a
 * connection that is kept open. Turn by turn; prints microseconds of each as JSON.
 *
 *     refresh PLACE NUMBER
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "bench.h"

static const char BODY[] = "grant_type=client_credentials&client_id=bench-client&client_secret=bench-secret&scope=s";

static int connected(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const char *port = strrchr(required("BENCH_HTTP"), ':') + 1;
    address.sin_port = htons((uint16_t)atoi(port));
    int wire = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(wire, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(wire, (struct sockaddr *)&address, sizeof address) != 0)
        abort();
    return wire;
}

static void raw(int wire, const char *place) {
    char message[2048];
    int length = snprintf(message, sizeof message,
                          "POST /%s/token HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\n"
                          "content-type: application/x-www-form-urlencoded\r\ncontent-length: %zu\r\n\r\n%s",
                          place, sizeof BODY - 1, BODY);
    if (send(wire, message, (size_t)length, 0) != length)
        abort();
    char response[8192];
    size_t received = 0;
    for (;;) {
        ssize_t part = recv(wire, response + received, sizeof response - 1 - received, 0);
        if (part <= 0)
            abort();
        received += (size_t)part;
        response[received] = '\0';
        char *body = strstr(response, "\r\n\r\n"), *size = strcasestr(response, "content-length: ");
        if (body != NULL && size != NULL && received >= (size_t)(body + 4 - response) + (size_t)atoi(size + 16))
            break;
    }
    if (strstr(response, "access_token") == NULL)
        abort();
}

static size_t keep(char *data, size_t size, size_t count, void *response) {
    size_t length = strlen(response);
    if (length + size * count < 8192) {
        memcpy((char *)response + length, data, size * count);
        ((char *)response)[length + size * count] = '\0';
    }
    return size * count;
}

static void curl_post(CURL *curl, const char *url) {
    char response[8192] = "";
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, BODY);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, response);
    if (curl_easy_perform(curl) != CURLE_OK || strstr(response, "access_token") == NULL)
        abort();
}

static void print(const char *name, const double *values, long number, const char *end) {
    printf("\"%s\": [%.1f", name, values[0]);
    for (long i = 1; i < number; i++)
        printf(", %.1f", values[i]);
    printf("]%s", end);
}

int main(int count, char **arguments) {
    if (count != 3)
        return 2;
    const char *place = arguments[1];
    long number = atol(arguments[2]);
    double *raws = calloc((size_t)number, sizeof *raws), *curls = calloc((size_t)number, sizeof *curls),
           *ours = calloc((size_t)number, sizeof *ours);
    seekauth_client **handles = calloc((size_t)number, sizeof *handles), *client = client_at(place);
    char url[512], scope[32], header[HEADER_SIZE];
    snprintf(url, sizeof url, "%s/%s/token", required("BENCH_HTTP"), place);
    int wire = connected();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *curl = curl_easy_init();
    for (long i = 0; i < number; i++) {
        snprintf(scope, sizeof scope, "s%ld", i);
        check(seekauth_client_with_scopes(client, scope, &handles[i]));
    }
    check(seekauth_client_authorization(client, header, sizeof header, NULL));
    raw(wire, place);
    curl_post(curl, url);
    for (long i = 0; i < number; i++) {
        double began = seconds();
        raw(wire, place);
        double first = seconds();
        curl_post(curl, url);
        double second = seconds();
        check(seekauth_client_authorization(handles[i], header, sizeof header, NULL));
        double third = seconds();
        raws[i] = (first - began) * 1e6;
        curls[i] = (second - first) * 1e6;
        ours[i] = (third - second) * 1e6;
    }
    printf("{");
    print("raw", raws, number, ", ");
    print("libcurl", curls, number, ", ");
    print("library", ours, number, "}\n");
    return 0;
}
