/* An error that nobody looks at; compilers have to warn. Its C++ form is the same. */

#include "seekauth.h"

int main(void) {
    seekauth_client *client = 0;
    seekauth_client_from_env(&client);
    return 0;
}
