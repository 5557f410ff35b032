/* Adds a credential to SEEK Pass with libcurl: the client says what to put into the Authorization header
 * and hears about it when SEEK Pass refuses that. Everything comes from the environment:
 * SEEKAUTH_SERVICE=seek_pass, SEEKAUTH_ENVIRONMENT, SEEKAUTH_SCOPES=write.education, ... */
#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>
#include <seekauth.h>

enum { HEADER = 4096 };

/* Posts to a path of the client's own API, so that the token goes nowhere else: libcurl follows no
 * redirect unless it is told to. 0 if there was no response. */
static long post(CURL *http, const char *api_url, const char *authorization, const char *json) {
    long status = 0;
    char header[HEADER + 32];
    CURLU *url = curl_url();
    curl_url_set(url, CURLUPART_URL, api_url, 0);
    curl_url_set(url, CURLUPART_URL, "/api/partner/v1/add/education.json", 0);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    snprintf(header, sizeof header, "Authorization: %s", authorization);
    headers = curl_slist_append(headers, header);

    curl_easy_setopt(http, CURLOPT_CURLU, url);
    curl_easy_setopt(http, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http, CURLOPT_USERAGENT, "acme-ats/1.0");
    curl_easy_setopt(http, CURLOPT_POSTFIELDS, json);
    curl_easy_setopt(http, CURLOPT_TIMEOUT, 30L);
    CURLcode code = curl_easy_perform(http);
    if (code != CURLE_OK)
        fprintf(stderr, "SEEK Pass: %s\n", curl_easy_strerror(code));
    else
        curl_easy_getinfo(http, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_setopt(http, CURLOPT_CURLU, NULL);
    curl_slist_free_all(headers);
    curl_url_cleanup(url);
    return status;
}

int main(void) {
    static const char credential[] = "{\"id\": \"example-1\"}";
    char authorization[HEADER];
    long status = 0;
    seekauth_client *client = NULL;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *http = curl_easy_init(); /* keeps its connection for the second time */

    seekauth_error *error = seekauth_client_from_env(&client);
    for (int attempt = 0; attempt < 2 && error == NULL; attempt++) {
        error = seekauth_client_authorization(client, authorization, sizeof authorization, NULL);
        if (error == NULL)
            status = post(http, seekauth_client_api_url(client), authorization, credential);
        if (error != NULL || status != 401) /* only this says that the token was refused */
            break;
        error = seekauth_client_invalidate(client, authorization, NULL);
    }
    if (error != NULL)
        fprintf(stderr, "%s: %s\n", seekauth_error_name(error), seekauth_error_message(error));
    else
        printf("\nHTTP %ld\n", status);

    int failed = error != NULL || status / 100 != 2;
    seekauth_error_free(error);
    seekauth_client_free(client);
    curl_easy_cleanup(http);
    curl_global_cleanup();
    return failed;
}
