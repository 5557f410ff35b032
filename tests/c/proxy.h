/* A forward proxy that keeps what it reads before a tunnel stands: of a request that it was not to carry on
 * blindly, all of it. */
#ifndef PROXY_H
#define PROXY_H

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

enum { SEEN = 1 << 20 };

static struct {
    pthread_mutex_t lock;
    char seen[SEEN]; /* every head, one after the other */
    size_t length;
    int tunnels, requests;
    int listener;
    char url[64];
} proxy = {PTHREAD_MUTEX_INITIALIZER, "", 0, 0, 0, -1, ""};

static inline void proxy_keep(const char *head, bool is_tunnel) {
    pthread_mutex_lock(&proxy.lock);
    const size_t length = strlen(head);
    if (proxy.length + length < SEEN) {
        memcpy(proxy.seen + proxy.length, head, length + 1);
        proxy.length += length;
    }
    *(is_tunnel ? &proxy.tunnels : &proxy.requests) += 1;
    pthread_mutex_unlock(&proxy.lock);
}

/* Forgets what it has seen. */
static inline void proxy_reset(void) {
    pthread_mutex_lock(&proxy.lock);
    proxy.length = 0;
    proxy.seen[0] = '\0';
    proxy.tunnels = proxy.requests = 0;
    pthread_mutex_unlock(&proxy.lock);
}

static inline bool proxy_saw(const char *words) {
    pthread_mutex_lock(&proxy.lock);
    const bool saw = strstr(proxy.seen, words) != NULL;
    pthread_mutex_unlock(&proxy.lock);
    return saw;
}

/* A connection to where a CONNECT asks for; -1 if there is none. */
static inline int proxy_connect(const char *head) {
    char host[256], port[8];
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_INET};
    if (sscanf(head, "CONNECT %255[^:]:%7[0-9] ", host, port) != 2 ||
        getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    int there = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(there, found->ai_addr, found->ai_addrlen) != 0) {
        close(there);
        there = -1;
    }
    freeaddrinfo(found);
    return there;
}

/* Carries bytes both ways until one side has no more. */
static inline void proxy_relay(int here, int there) {
    char bytes[16384];
    struct pollfd ends[] = {{here, POLLIN, 0}, {there, POLLIN, 0}};
    while (poll(ends, 2, -1) > 0) {
        for (int i = 0; i < 2; i++) {
            if (ends[i].revents == 0)
                continue;
            const ssize_t got = read(ends[i].fd, bytes, sizeof bytes);
            for (ssize_t sent = 0; sent < got;) {
                const ssize_t wrote =
                    send(ends[1 - i].fd, bytes + sent, (size_t)(got - sent), MSG_NOSIGNAL);
                if (wrote <= 0)
                    return;
                sent += wrote;
            }
            if (got <= 0)
                return;
        }
    }
}

static inline void *proxy_serve(void *argument) {
    static const char stands[] = "HTTP/1.1 200 OK\r\n\r\n";
    static const char refused[] = "HTTP/1.1 502 Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    char *head = calloc(1, SEEN);
    const int here = (int)(intptr_t)argument;
    size_t length = 0;
    while (length < SEEN - 1 && strstr(head, "\r\n\r\n") == NULL) {
        const ssize_t got = read(here, head + length, SEEN - 1 - length);
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    const bool is_tunnel = strncmp(head, "CONNECT ", 8) == 0;
    if (length > 0)
        proxy_keep(head, is_tunnel);
    const int there = is_tunnel ? proxy_connect(head) : -1;
    if (there >= 0) {
        if (send(here, stands, sizeof stands - 1, MSG_NOSIGNAL) > 0)
            proxy_relay(here, there);
        close(there);
    } else if (length > 0) {
        (void)!send(here, refused, sizeof refused - 1, MSG_NOSIGNAL);
    }
    close(here);
    free(head);
    return NULL;
}

static inline void *proxy_accept(void *unused) {
    (void)unused;
    for (;;) {
        pthread_t thread;
        const int here = accept(proxy.listener, NULL, NULL);
        if (here < 0)
            return NULL;
        if (pthread_create(&thread, NULL, proxy_serve, (void *)(intptr_t)here) != 0 ||
            pthread_detach(thread) != 0)
            abort();
    }
}

/* Starts it; it serves until the program ends. */
static inline void proxy_start(void) {
    pthread_t thread;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    proxy.listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(proxy.listener, (struct sockaddr *)&address, size) != 0 ||
        getsockname(proxy.listener, (struct sockaddr *)&address, &size) != 0 ||
        listen(proxy.listener, 64) != 0 ||
        pthread_create(&thread, NULL, proxy_accept, NULL) != 0 || pthread_detach(thread) != 0) {
        perror("proxy");
        exit(2);
    }
    snprintf(proxy.url, sizeof proxy.url, "http://127.0.0.1:%d", ntohs(address.sin_port));
}

#endif
