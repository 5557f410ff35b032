/* Counts what the whole program, libraries included, asks the system of its network: these functions stand
 * before the system's. Define _GNU_SOURCE before the first header. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <sys/socket.h>

static atomic_int network_calls = 0;

int socket(int domain, int type, int protocol) {
    int (*next)(int, int, int);
    *(void **)&next = dlsym(RTLD_NEXT, "socket");
    network_calls++;
    return next(domain, type, protocol);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **found) {
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
    network_calls++;
    return next(node, service, hints, found);
}

#endif
