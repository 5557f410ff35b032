/* Preloaded, it makes what a system may never finish last as long as the process lives, and makes the file that
 * BLOCKERS_REACHED names to say that one has begun:
 *
 * - a file below the folder that BLOCKERS_MOUNT names cannot be opened or looked at, as on a network mount whose
 *   server is gone: from the beginning, or once the file that BLOCKERS_GONE names is there;
 * - with BLOCKERS_LOOKUP, a host name cannot be looked up, as with a name server that does not respond. */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void hang(void) {
    const char *file = getenv("BLOCKERS_REACHED");
    if (file != NULL)
        close((int)syscall(SYS_openat, AT_FDCWD, file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    for (;;)
        pause();
}

static void look_at(const char *path) {
    const char *mount = getenv("BLOCKERS_MOUNT"), *gone = getenv("BLOCKERS_GONE");
    if (mount == NULL || path == NULL || strncmp(path, mount, strlen(mount)) != 0)
        return;
    if (gone == NULL || syscall(SYS_faccessat, AT_FDCWD, gone, F_OK) == 0)
        hang();
}

/* The mode is there if the flags create something. */
#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...) {                                                   \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(rest, int) : 0;         \
        va_end(rest);                                                                              \
        look_at(path);                                                                             \
        return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);                              \
    }

OPEN(open)
OPEN(open64)

int openat(int directory, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(rest, int) : 0;
    va_end(rest);
    look_at(path);
    return (int)syscall(SYS_openat, directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(rest, int) : 0;
    va_end(rest);
    look_at(path);
    return (int)syscall(SYS_openat, directory, path, flags, mode);
}

int statx(int directory, const char *restrict path, int flags, unsigned mask, struct statx *restrict found) {
    look_at(path);
    return (int)syscall(SYS_statx, directory, path, flags, mask, found);
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **found) {
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (getenv("BLOCKERS_LOOKUP") != NULL)
        hang();
    *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
    return next(host, service, hints, found);
}
