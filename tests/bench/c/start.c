/*
 * What it costs to begin in C: prints as JSON how long dlopen takes in a fresh process, what memory and threads that
 * adds, and what there is after the first token over plain HTTP.
 *
 *     start LIBRARY PLACE
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <unistd.h>

#include "bench.h"

static long resident(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
        abort();
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static int threads(void) {
    int count = -1;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task; (task = readdir(tasks)) != NULL;)
        count += task->d_name[0] != '.';
    closedir(tasks);
    return count;
}

int main(int count, char **arguments) {
    if (count != 3)
        return 2;
    (void)threads();
    long before = resident();
    double began = seconds();
    void *library = dlopen(arguments[1], RTLD_NOW);
    double opened = seconds();
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    long after = resident();
    int started = threads();
    seekauth_error *(*make)(const seekauth_options *, seekauth_client **);
    seekauth_error *(*ask)(const seekauth_client *, char *, size_t, size_t *);
    *(void **)&make = dlsym(library, "seekauth_client_new");
    *(void **)&ask = dlsym(library, "seekauth_client_authorization");
    char url[512], header[HEADER_SIZE];
    seekauth_client *client = NULL;
    seekauth_options options = SEEKAUTH_OPTIONS_INIT;
    snprintf(url, sizeof url, "%s/%s/token", required("BENCH_HTTP"), arguments[2]);
    options.service = "oauth";
    options.token_url = url;
    options.client_id = "bench-client";
    options.client_secret = "bench-secret";
    options.user_agent = "Bench/1.0";
    if (make == NULL || ask == NULL || make(&options, &client) != NULL ||
        ask(client, header, sizeof header, NULL) != NULL) {
        fprintf(stderr, "no token\n");
        return 1;
    }
    printf("{\"import_ms\": %.3f, \"import_mb\": %.3f, \"threads\": %d, \"token_mb\": %.3f, \"token_threads\": %d}\n",
           (opened - began) * 1e3, (double)(after - before) / 1e6, started, (double)(resident() - before) / 1e6,
           threads());
    return 0;
}
