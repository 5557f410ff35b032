/* A token endpoint that accepts connections and never responds. */
#ifndef SILENT_H
#define SILENT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "check.h"

/* A call stays in flight there for as long as a test needs. The caller closes the listener. */
static inline int silent_endpoint(char *url, size_t capacity) {
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 ||
        listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
        perror("silent endpoint");
        exit(2);
    }
    snprintf(url, capacity, "http://127.0.0.1:%d/token", ntohs(address.sin_port));
    return listener;
}

#endif
