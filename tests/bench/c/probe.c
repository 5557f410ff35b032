/*
 * Measures one thing of the C library and prints it as a line of JSON.
 *
 *     probe hot PLACE ROUNDS        nanoseconds of a cached call and of a hand-written copy under a mutex
 *     probe threads PLACE COUNT     nanoseconds of processor time of a cached call in each of so many threads at once
 *     probe keys PLACE COUNT        of a cached call over so many handles; bytes of memory that each key has
 *     probe clients PLACE COUNT     bytes of memory of a client that was never asked for anything
 *     probe burst PLACE CALLERS     how long the slowest of so many threads waited on an empty cache
 *     probe left PLACE SECONDS      the same for 50 threads, with a token in the cache that so many seconds have gone by of
 *     probe short PLACE CALLS       so many calls in a row
 *     probe count PLACE CALLS       only makes the calls, for a program that counts instructions
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "bench.h"

enum { CALLS = 200000, STACK = 256 * 1024 };

static seekauth_client *shared;
static pthread_barrier_t start;

static void call(const seekauth_client *client) {
    char header[HEADER_SIZE];
    check(seekauth_client_authorization(client, header, sizeof header, NULL));
    /* The copy must not be optimised away. */
    __asm__ volatile("" : : "r"(header) : "memory");
}

/* A call that does not wait: what it costs is processor time, however busy the machine is. */
static double own_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double timed(const seekauth_client *client, long calls) {
    double began = own_seconds();
    for (long i = 0; i < calls; i++)
        call(client);
    return (own_seconds() - began) / (double)calls * 1e9;
}

/* The cheapest code that is right in a program with threads and on one clock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char value[1025];
static double until;

static bool hand_written(char *buffer, size_t capacity) {
    pthread_mutex_lock(&lock);
    bool fresh = seconds() < until;
    size_t length = strlen(value);
    if (fresh && length < capacity)
        memcpy(buffer, value, length + 1);
    pthread_mutex_unlock(&lock);
    return fresh;
}

static double timed_floor(long calls) {
    char header[HEADER_SIZE];
    double began = own_seconds();
    for (long i = 0; i < calls; i++) {
        if (!hand_written(header, sizeof header))
            abort();
        __asm__ volatile("" : : "r"(header) : "memory");
    }
    return (own_seconds() - began) / (double)calls * 1e9;
}

static void hot(long rounds) {
    char library[8192] = "", floor[8192] = "";
    memset(value, 'x', sizeof value - 1);
    until = seconds() + 1e6;
    timed(shared, CALLS);
    timed_floor(CALLS);
    for (long i = 0; i < rounds && i < 500; i++) {
        const char *separator = i == 0 ? "" : ", ";
        snprintf(library + strlen(library), 16, "%s%.2f", separator, timed(shared, CALLS));
        snprintf(floor + strlen(floor), 16, "%s%.2f", separator, timed_floor(CALLS));
    }
    printf("{\"library\": [%s], \"floor\": [%s]}\n", library, floor);
}

static void *hot_thread(void *result) {
    pthread_barrier_wait(&start);
    *(double *)result = timed(shared, CALLS);
    return NULL;
}

/* The threads' own time, which does not rise when they have to share the processors; it does when they share a lock. */
static double in_threads(long count) {
    pthread_t threads[64];
    double ns[64], sum = 0;
    pthread_barrier_init(&start, NULL, (unsigned)count);
    for (long i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, hot_thread, &ns[i]) != 0)
            abort();
    for (long i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        sum += ns[i];
    }
    pthread_barrier_destroy(&start);
    return sum / (double)count;
}

static void threads(long count) {
    double one[9], many[9];
    timed(shared, CALLS);
    for (int i = 0; i < 9; i++) {
        one[i] = in_threads(1);
        many[i] = in_threads(count);
    }
    printf("{\"one\": [%.2f", one[0]);
    for (int i = 1; i < 9; i++)
        printf(", %.2f", one[i]);
    printf("], \"ns\": [%.2f", many[0]);
    for (int i = 1; i < 9; i++)
        printf(", %.2f", many[i]);
    printf("]}\n");
}

static long resident(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
        abort();
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static void keys(long count) {
    seekauth_client **handles = calloc((size_t)count, sizeof *handles);
    char scope[32];
    /* One key first, so that what comes with the first request is no part of the figure. */
    call(shared);
    malloc_trim(0);
    long before = resident();
    for (long i = 0; i < count; i++) {
        snprintf(scope, sizeof scope, "s%ld", i);
        check(seekauth_client_with_scopes(shared, scope, &handles[i]));
        call(handles[i]);
    }
    malloc_trim(0);
    long after = resident();
    long repeats = CALLS / count > 0 ? CALLS / count : 1;
    double best[5];
    for (int round = -1; round < 5; round++) {
        double began = own_seconds();
        for (long repeat = 0; repeat < repeats; repeat++)
            for (long i = 0; i < count; i++)
                call(handles[i]);
        if (round >= 0)
            best[round] = (own_seconds() - began) / (double)repeats / (double)count * 1e9;
    }
    printf("{\"ns\": [%.2f, %.2f, %.2f, %.2f, %.2f], \"bytes_per_key\": %.0f}\n", best[0], best[1], best[2], best[3],
           best[4], (double)(after - before) / (double)count);
}

static void clients(const char *place, long count) {
    seekauth_client **idle = calloc((size_t)count, sizeof *idle);
    idle[0] = client_at(place);
    malloc_trim(0);
    long before = resident();
    for (long i = 1; i < count; i++)
        idle[i] = client_at(place);
    printf("{\"bytes_per_client\": %.0f}\n", (double)(resident() - before) / (double)(count - 1));
}

static void *caller(void *result) {
    pthread_barrier_wait(&start);
    double began = seconds();
    call(shared);
    *(double *)result = (seconds() - began) * 1e3;
    return NULL;
}

static void burst(long callers) {
    pthread_t *threads = calloc((size_t)callers, sizeof *threads);
    double *waited = calloc((size_t)callers, sizeof *waited);
    double longest = 0;
    long blocked = 0;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_barrier_init(&start, NULL, (unsigned)callers);
    for (long i = 0; i < callers; i++)
        if (pthread_create(&threads[i], &attributes, caller, &waited[i]) != 0)
            abort();
    for (long i = 0; i < callers; i++) {
        pthread_join(threads[i], NULL);
        longest = waited[i] > longest ? waited[i] : longest;
        blocked += waited[i] > 200;
    }
    printf("{\"longest_ms\": %.3f, \"blocked\": %ld, \"failed\": 0}\n", longest, blocked);
}

static void move_clocks(int64_t by) {
    int64_t ahead[2] = {by, 0};
    int file = open(required("LATER"), O_WRONLY);
    if (file < 0 || write(file, ahead, sizeof ahead) != sizeof ahead)
        abort();
    close(file);
}

int main(int count, char **arguments) {
    if (count != 4)
        return 2;
    const char *scenario = arguments[1];
    long number = atol(arguments[3]);
    if (strcmp(scenario, "clients") == 0) {
        clients(arguments[2], number);
        return 0;
    }
    shared = client_at(arguments[2]);
    if (strcmp(scenario, "burst") == 0) {
        burst(number);
        return 0;
    }
    call(shared);
    if (strcmp(scenario, "hot") == 0) {
        hot(number);
    } else if (strcmp(scenario, "threads") == 0) {
        threads(number);
    } else if (strcmp(scenario, "keys") == 0) {
        keys(number);
    } else if (strcmp(scenario, "left") == 0) {
        move_clocks(number);
        burst(50);
    } else if (strcmp(scenario, "short") == 0 || strcmp(scenario, "count") == 0) {
        for (long i = 1; i < number; i++)
            call(shared);
        printf("{\"calls\": %ld}\n", number);
    } else {
        return 2;
    }
    return 0;
}
