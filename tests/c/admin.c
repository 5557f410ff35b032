/* admin METHOD PATH [JSON] asks the sandbox's admin endpoint, for scripts, and prints what it says. */

#include "admin.h"

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: admin METHOD PATH [JSON]\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    char *response = admin(arguments[1], arguments[2], count > 3 ? arguments[3] : NULL);
    printf("%s\n", response == NULL ? "" : response);
    free(response);
    curl_global_cleanup();
    return 0;
}
