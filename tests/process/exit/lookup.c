/* Preloaded, it makes looking up a host name last as long as a process lives, as with a name server that
 * does not respond, and makes the file that SEEKAUTH_EXIT_LOOKUP names to say that one has begun. */

#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **found) {
    const char *file = getenv("SEEKAUTH_EXIT_LOOKUP");
    (void)host, (void)service, (void)hints, (void)found;
    if (file != NULL)
        close(open(file, O_CREAT | O_WRONLY, 0600));
    for (;;)
        pause();
}
