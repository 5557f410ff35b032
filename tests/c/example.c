/* Prints how long the current SEEK token is good for. Credentials come from the environment. */
#include <stdio.h>
#include <stdlib.h>

#include <seekauth.h>

int main(void) {
    seekauth_options options = SEEKAUTH_OPTIONS_INIT;
    options.service = "seek_api";
    options.environment = "playground";
    options.client_id = getenv("SEEKAUTH_CLIENT_ID");
    options.client_secret = getenv("SEEKAUTH_CLIENT_SECRET");
    options.user_agent = "acme-ats/1.0";
    options.token_url = getenv("SEEKAUTH_TOKEN_URL"); /* NULL: SEEK's own */

    char header[4096];
    seekauth_client *client = NULL;
    seekauth_token *token = NULL;
    seekauth_error *error = seekauth_client_new(&options, &client);
    if (error == NULL) /* fetches once; from then on a copy out of the cache */
        error = seekauth_client_authorization(client, header, sizeof header, NULL);
    if (error == NULL)
        error = seekauth_client_get_token(client, 0, &token);
    if (error == NULL)
        printf("%.7s... is good for %llu s\n", header,
               (unsigned long long)seekauth_token_remaining_ms(token) / 1000);
    else
        fprintf(stderr, "%s: %s\n", seekauth_error_name(error), seekauth_error_message(error));

    int status = error == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
    seekauth_error_free(error);
    seekauth_token_free(token);
    seekauth_client_free(client);
    return status;
}
