/* The line protocol of the case runner, for the agents in C and C++: the request as names and values, and
 * the response's fields percent-encoded. tests/conformance/cases/README.md describes it. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

enum { FIELDS = 64 };

static struct {
    const char *verb;
    size_t count;
    char *names[FIELDS], *values[FIELDS];
} request;

static inline void decode(char *text) {
    char *to = text;
    for (; *text != '\0'; text++) {
        unsigned byte;
        if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
            *to++ = (char)byte;
            text += 2;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

/* Reads a request; its texts live as long as the line does. */
static inline void parse(char *line) {
    line[strcspn(line, "\n")] = '\0';
    request.count = 0;
    request.verb = line;
    while ((line = strchr(line, '\t')) != NULL && request.count < FIELDS) {
        *line++ = '\0';
        char *value = strchr(line, '=');
        if (value == NULL)
            continue;
        *value++ = '\0';
        request.names[request.count] = line;
        request.values[request.count++] = value;
        line = value;
    }
    for (size_t i = 0; i < request.count; i++)
        decode(request.values[i]);
}

/* The argument with this name, or NULL. */
static inline const char *argument(const char *name) {
    for (size_t i = 0; i < request.count; i++)
        if (strcmp(request.names[i], name) == 0)
            return request.values[i];
    return NULL;
}

static inline const char *text(const char *name) {
    const char *value = argument(name);
    return value == NULL ? "" : value;
}

static inline bool flag(const char *name) {
    return strcmp(text(name), "true") == 0;
}

static inline uint64_t number(const char *name) {
    return strtoull(text(name), NULL, 10);
}

static inline void put(const char *name, const char *value) {
    printf("\t%s=", name);
    for (; value != NULL && *value != '\0'; value++) {
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", *value) != NULL)
            putchar(*value);
        else
            printf("%%%02X", (unsigned char)*value);
    }
}

/* Splits form-encoded pairs where they stand, and says how many there are. */
static inline size_t split_pairs(char *pairs, const char **names, const char **values) {
    size_t count = 0;
    for (char *pair = strtok(pairs, "&"); pair != NULL && count < FIELDS; pair = strtok(NULL, "&")) {
        char *value = strchr(pair, '=');
        if (value == NULL)
            continue;
        *value++ = '\0';
        for (char *plus = value; (plus = strchr(plus, '+')) != NULL;)
            *plus = ' ';
        decode(pair);
        decode(value);
        names[count] = pair;
        values[count++] = value;
    }
    return count;
}

/* The length of the UTF-8 character that begins here, or 0 if none does. */
static inline size_t character(const char *bytes, size_t left) {
    const unsigned char first = (unsigned char)*bytes;
    size_t length = first < 0x80                     ? 1
                    : first >= 0xc2 && first <= 0xdf ? 2
                    : first >= 0xe0 && first <= 0xef ? 3
                    : first >= 0xf0 && first <= 0xf4 ? 4
                                                     : 0;
    if (length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if (((unsigned char)bytes[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

/* Puts so many characters, from one of them on; what is not UTF-8 becomes U+FFFD. Returns how many
 * characters the bytes are. */
static inline size_t put_characters(const char *bytes, size_t size, size_t from, size_t count) {
    size_t number = 0;
    for (size_t at = 0, length; at < size; at += length, number++) {
        length = character(bytes + at, size - at);
        const char *from_here = length == 0 ? "\xef\xbf\xbd" : bytes + at;
        const size_t written = length == 0 ? 3 : length;
        length = length == 0 ? 1 : length;
        for (size_t i = 0; number >= from && number - from < count && i < written; i++)
            printf("%%%02X", (unsigned char)from_here[i]);
    }
    return number;
}

/* A response's body: its beginning, its size and its end. */
static inline void put_body(const char *bytes, size_t size) {
    printf("\tbody=");
    const size_t characters = put_characters(bytes, size, 0, 2000);
    printf("\tbody_size=%zu\tbody_end=", size);
    put_characters(bytes, size, characters < 100 ? 0 : characters - 100, 100);
}

static inline void put_number(const char *name, long long value) {
    printf("\t%s=%lld", name, value);
}

static inline void respond_misuse(const char *problem) {
    printf("error\tcode=1\tname=invalid_argument\tretryable=false");
    put("message", problem);
}

static inline void advance_clock(void) {
    const char *which = text("which");
    seekauth_test_clock_advance(strcmp(which, "monotonic") == 0 ? 1 : strcmp(which, "wall") == 0 ? 2 : 0,
                                strtoll(text("ms"), NULL, 10));
    printf("ok");
}

static inline void start_clock(void) {
    seekauth_test_clock_start();
    printf("ok");
}

static inline void elapsed(void) {
    printf("ok\tms=%llu", (unsigned long long)seekauth_test_clock_elapsed_ms());
}

static inline void set_environment(void) {
    if (argument("value") != NULL)
        setenv(text("name"), argument("value"), 1);
    else
        unsetenv(text("name"));
    printf("ok");
}

#endif
