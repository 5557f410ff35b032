/* The functions of the library that program.c uses, found with dlopen() by the first call, as a plug-in
 * host or another language's run time finds them. unload_library() is the dlclose() to that. */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <seekauth.h>

static const char file[] = "libseekauth.so.0";
static void *library;

static void stop(const char *what) {
    fprintf(stderr, "%s\n", what);
    _exit(2);
}

/* A pointer to data, which POSIX lets hold one to a function and C does not let convert to one. */
static void find(const char *name, void *function) {
    if (library == NULL && (library = dlopen(file, RTLD_NOW | RTLD_LOCAL)) == NULL)
        stop(dlerror());
    void *found = dlsym(library, name);
    if (found == NULL)
        stop(dlerror());
    memcpy(function, &found, sizeof found);
}

seekauth_error *seekauth_client_from_env(seekauth_client **out) {
    seekauth_error *(*call)(seekauth_client **);
    find(__func__, &call);
    return call(out);
}

seekauth_error *seekauth_client_get_token(const seekauth_client *client, uint64_t timeout_ms,
                                          seekauth_token **out) {
    seekauth_error *(*call)(const seekauth_client *, uint64_t, seekauth_token **);
    find(__func__, &call);
    return call(client, timeout_ms, out);
}

seekauth_error *seekauth_client_get_token_async(const seekauth_client *client, uint64_t timeout_ms,
                                                seekauth_token_callback callback, void *user_data,
                                                seekauth_call **handle) {
    seekauth_error *(*call)(const seekauth_client *, uint64_t, seekauth_token_callback, void *,
                            seekauth_call **);
    find(__func__, &call);
    return call(client, timeout_ms, callback, user_data, handle);
}

seekauth_error *seekauth_client_set_event_callback(const seekauth_client *client, const char *level,
                                                   seekauth_event_callback callback, void *user_data,
                                                   seekauth_free_callback release) {
    seekauth_error *(*call)(const seekauth_client *, const char *, seekauth_event_callback, void *,
                            seekauth_free_callback);
    find(__func__, &call);
    return call(client, level, callback, user_data, release);
}

void seekauth_client_close(const seekauth_client *client) {
    void (*call)(const seekauth_client *);
    find(__func__, &call);
    call(client);
}

void seekauth_client_free(seekauth_client *client) {
    void (*call)(seekauth_client *);
    find(__func__, &call);
    call(client);
}

void seekauth_error_free(seekauth_error *error) {
    void (*call)(seekauth_error *);
    find(__func__, &call);
    call(error);
}

void seekauth_token_free(seekauth_token *token) {
    void (*call)(seekauth_token *);
    find(__func__, &call);
    call(token);
}

/* Threads of the library, and those of the program inside it, go on running its code. So it has to
 * stay where it is once a client was made. */
void unload_library(void) {
    if (library == NULL)
        return;
    if (dlclose(library) != 0)
        stop(dlerror());
    void *still = dlopen(file, RTLD_NOW | RTLD_NOLOAD);
    if (still == NULL)
        stop("dlclose() took the library away under its threads");
    dlclose(still);
}
