/* Asks the SEEK API with libcurl who its credentials belong to. Everything comes from the environment:
 * SEEKAUTH_SERVICE=seek_api, SEEKAUTH_ENVIRONMENT, SEEKAUTH_CLIENT_ID, ... GraphQL reports a rejected token
 * in the body, beside whatever else is there; curl_auth_flow.h leaves it to the library to find it. */
#include "curl_auth_flow.h"

static size_t print(char *data, size_t size, size_t count, void *user_data) {
    return fwrite(data, size, count, user_data) * size;
}

int main(void) {
    static const seekauth_header json = {"Content-Type", "application/json"};
    seekauth_client *client = NULL;
    CURLcode code = CURLE_OK;
    long status = 0;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *http = curl_easy_init();
    curl_easy_setopt(http, CURLOPT_POSTFIELDS, "{\"query\": \"{ self { partner { name } } }\"}");
    curl_easy_setopt(http, CURLOPT_TIMEOUT, 30L);

    seekauth_error *error = seekauth_client_from_env(&client);
    if (error == NULL) {
        const auth_flow_request request = {
            client, http, seekauth_client_api_url(client), &json, 1, true, print, stdout};
        error = auth_flow_send(&request, &code);
    }
    if (error != NULL) {
        fprintf(stderr, "%s: %s\n", seekauth_error_name(error), seekauth_error_message(error));
    } else if (code != CURLE_OK) {
        fprintf(stderr, "the API: %s\n", curl_easy_strerror(code));
    } else {
        curl_easy_getinfo(http, CURLINFO_RESPONSE_CODE, &status);
        printf("\nHTTP %ld\n", status);
    }

    int failed = error != NULL || code != CURLE_OK;
    seekauth_error_free(error);
    seekauth_client_free(client);
    curl_easy_cleanup(http);
    curl_global_cleanup();
    return failed;
}
