/* What the C programs of the benchmarks share: a clock, a client for a place of the token server, and an end on errors. */
#ifndef BENCH_H
#define BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <seekauth.h>

enum { HEADER_SIZE = 4096 };

static inline double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline void check(seekauth_error *error) {
    if (error != NULL) {
        fprintf(stderr, "%s: %s\n", seekauth_error_name(error), seekauth_error_message(error));
        exit(1);
    }
}

static inline const char *required(const char *name) {
    const char *value = getenv(name);
    if (value == NULL) {
        fprintf(stderr, "%s is not set\n", name);
        exit(2);
    }
    return value;
}

static inline seekauth_client *client_at(const char *place) {
    char url[512];
    seekauth_client *client = NULL;
    seekauth_options options = SEEKAUTH_OPTIONS_INIT;
    snprintf(url, sizeof url, "%s/%s/token", required("BENCH_HTTP"), place);
    options.service = "oauth";
    options.token_url = url;
    options.client_id = "bench-client";
    options.client_secret = "bench-secret";
    options.user_agent = "Bench/1.0";
    options.timeout_ms = 120000;
    check(seekauth_client_new(&options, &client));
    return client;
}

#endif
