#include <stdio.h>
#include <string.h>
#include <seekauth.h>

/* The code under test. */
static int is_partner(const seekauth_client *client) {
    seekauth_graphql operation = SEEKAUTH_GRAPHQL_INIT;
    seekauth_response *response = NULL;
    operation.query = "{ self { partner { name } } }";
    seekauth_error *error = seekauth_client_graphql(client, &operation, &response);
    const int is = error == NULL && strstr(seekauth_response_body(response), "\"name\"") != NULL;
    seekauth_error_free(error);
    seekauth_response_free(response);
    return is;
}

static int failed = 0;

static void check(int holds, const char *what) {
    printf("%s: %s\n", holds ? "ok" : "FAILED", what);
    failed += !holds;
}

static seekauth_fake_response json(const char *text) {
    const seekauth_fake_response response = {200, NULL, 0, text, strlen(text)};
    return response;
}

int main(void) {
    const seekauth_fake_options options = SEEKAUTH_FAKE_OPTIONS_INIT;
    seekauth_client *client = NULL;
    seekauth_journal *journal = NULL;
    seekauth_error *error = seekauth_client_fake(&options, &client);

    /* The API rejects the token, and then takes the next one; a token of two seconds counts as an old one. */
    const seekauth_fake_response responses[] = {
        json("{\"errors\": [{\"message\": \"no\", \"extensions\": {\"code\": \"UNAUTHENTICATED\"}}]}"),
        json("{\"data\": {\"self\": {\"partner\": {\"name\": \"Acme\"}}}}"),
    };
    char authorization[64];
    if (error == NULL)
        error = seekauth_client_authorization(client, authorization, sizeof authorization, NULL);
    if (error == NULL)
        error = seekauth_fake_advance(client, 2000);
    if (error == NULL)
        error = seekauth_fake_respond(client, responses, 2);
    check(error == NULL && is_partner(client), "a rejected token is renewed");

    if (error == NULL)
        error = seekauth_fake_journal(client, &journal);
    const seekauth_fake_request *last = seekauth_journal_request(journal, 3);
    const char *sent = seekauth_fake_request_header(last, "authorization");
    check(sent != NULL && strcmp(sent, "Bearer fake-token-2") == 0, "the second token is sent");

    /* The token has expired, and there is no other. */
    if (error == NULL)
        error = seekauth_fake_fail_with(client, SEEKAUTH_UNAVAILABLE, -1);
    if (error == NULL)
        error = seekauth_fake_advance(client, 1800000);
    check(error == NULL && !is_partner(client), "an outage is survived");

    seekauth_error_free(error);
    seekauth_journal_free(journal);
    seekauth_client_free(client);
    return failed;
}
