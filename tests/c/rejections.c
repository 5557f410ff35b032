/* The token with which a request is sent once more: the same one if it had just been issued and there is none
 * before it, as soon as it is two seconds old, and a new one otherwise. */

#include "admin.h"
#include "clock.h"
#include "outcome.h"

enum { LIFETIME_MS = 7199000 };

static seekauth_auth_flow *begin(const seekauth_client *client) {
    seekauth_auth_flow *flow = NULL;
    CHECK_OK(seekauth_client_auth_flow(client, seekauth_client_api_url(client), true, &flow));
    return flow;
}

/* Makes the attempt that the API rejects, and frees its token. */
static void reject(seekauth_auth_flow *flow, seekauth_token *token) {
    CHECK_OK(seekauth_auth_flow_attempt(flow, seekauth_token_authorization(token), NULL, 0));
    CHECK_OK(seekauth_auth_flow_inspect(flow, 401, NULL, NULL));
    CHECK(seekauth_auth_flow_rejected(flow));
    CHECK_OK(seekauth_auth_flow_retry(flow));
    seekauth_token_free(token);
}

static seekauth_token *token_of(const seekauth_auth_flow *flow) {
    seekauth_token *token = NULL;
    CHECK_OK(seekauth_auth_flow_get_token(flow, 0, &token));
    return token;
}

static seekauth_token *token_of_later(const seekauth_auth_flow *flow) {
    outcome result = OUTCOME_INIT;
    seekauth_call *call = NULL;
    CHECK_OK(seekauth_auth_flow_get_token_async(flow, 0, on_token, &result, &call));
    await_outcome(&result);
    seekauth_call_free(call);
    CHECK_OK(result.error);
    CHECK(result.calls == 1);
    return result.token;
}

static void of_a_token_that_was_just_issued(seekauth_token *(*ask)(const seekauth_auth_flow *)) {
    seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options);
    seekauth_token *token = NULL;
    char first[4096];
    bool invalidated = true;
    sandbox_reset();
    seekauth_auth_flow *flow = begin(client);
    CHECK_OK(seekauth_client_authorization(client, first, sizeof first, NULL));
    token = ask(flow);
    CHECK(strcmp(seekauth_token_authorization(token), first) == 0);
    CHECK_OK(seekauth_client_invalidate(client, first, &invalidated));
    CHECK(!invalidated);
    reject(flow, token);

    /* Less time than it takes until the rejection would count; it is judged at once. */
    seekauth_error *error = seekauth_auth_flow_get_token(flow, YOUNG_MS / 2, &token);
    CHECK(seekauth_error_retryable(error) && seekauth_error_retry_after_ms(error) <= YOUNG_MS);
    CHECK_ERROR(error, SEEKAUTH_TOKEN_REJECTED, "just issued");

    token = ask(flow);
    CHECK(strcmp(seekauth_token_authorization(token), first) == 0);
    CHECK(seekauth_token_remaining_ms(token) <= LIFETIME_MS - YOUNG_MS);
    CHECK_OK(seekauth_auth_flow_attempt(flow, seekauth_token_authorization(token), NULL, 0));
    seekauth_token_free(token);
    CHECK(sandbox_count("seek_pass_token") == 1);
    seekauth_auth_flow_free(flow);
    seekauth_client_free(client);
}

/* On the manual clock, which takes the time that it is told. */
static void of_an_older_token(seekauth_token *(*ask)(const seekauth_auth_flow *)) {
    seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options);
    char first[4096];
    sandbox_reset();
    seekauth_auth_flow *flow = begin(client);
    CHECK_OK(seekauth_client_authorization(client, first, sizeof first, NULL));
    let_tokens_age();
    reject(flow, ask(flow));
    seekauth_token *token = ask(flow);
    CHECK(strcmp(seekauth_token_authorization(token), first) != 0);
    CHECK_OK(seekauth_auth_flow_attempt(flow, seekauth_token_authorization(token), NULL, 0));
    seekauth_token_free(token);
    CHECK(sandbox_count("seek_pass_token") == 2);

    /* The API accepts the new one for a request that is sent later: it is the first that is at fault. */
    seekauth_auth_flow_free(flow);
    seekauth_auth_flow *refused = begin(client), *accepted = begin(client);
    token = ask(refused);
    CHECK_OK(seekauth_auth_flow_attempt(refused, seekauth_token_authorization(token), NULL, 0));
    let_tokens_age();
    CHECK_OK(seekauth_auth_flow_attempt(accepted, seekauth_token_authorization(token), NULL, 0));
    CHECK_OK(seekauth_auth_flow_inspect(accepted, 201, NULL, NULL));
    CHECK(!seekauth_auth_flow_rejected(accepted));
    CHECK_OK(seekauth_auth_flow_inspect(refused, 401, NULL, NULL));
    CHECK(seekauth_auth_flow_rejected(refused));
    CHECK_ERROR(seekauth_auth_flow_retry(refused), SEEKAUTH_TOKEN_REJECTED, "later");
    CHECK(sandbox_count("seek_pass_token") == 2);
    seekauth_token_free(token);
    seekauth_auth_flow_free(refused);
    seekauth_auth_flow_free(accepted);
    seekauth_client_free(client);
}

int main(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    of_a_token_that_was_just_issued(token_of);
    of_a_token_that_was_just_issued(token_of_later);
    seekauth_test_clock_start();
    of_an_older_token(token_of);
    of_an_older_token(token_of_later);
    curl_global_cleanup();
    return checks_failed();
}
