/* Settings from the environment: two clients, each with a prefix of its own, and variables that are misspelt. */

#define _POSIX_C_SOURCE 200809L

#include "check.h"

static void set(const char *prefix, const char *name, const char *value) {
    char variable[64];
    snprintf(variable, sizeof variable, "%s%s", prefix, name);
    CHECK(setenv(variable, value, 1) == 0);
}

static void is_of(seekauth_client *client, const char *scope) {
    seekauth_token *token = NULL;
    CHECK_OK(seekauth_client_get_token(client, 0, &token));
    const char *const found = seekauth_token_scope(token, 0);
    CHECK(scope == NULL ? found == NULL : found != NULL && strcmp(found, scope) == 0);
    seekauth_token_free(token);
}

static void each_prefix_is_a_client_of_its_own(void) {
    seekauth_client *api = NULL, *pass = NULL, *none = NULL;
    set("SEEKAUTH_", "SERVICE", "seek_api");
    set("SEEKAUTH_", "ENVIRONMENT", "playground");
    set("SEEKAUTH_", "CLIENT_ID", "sandbox-playground");
    set("SEEKAUTH_", "CLIENT_SECRET", "sandbox-playground-secret");
    set("SEEKAUTH_", "USER_AGENT", "c-tests/1.0");
    set("SEEKAUTH_", "TOKEN_URL", require_env("SANDBOX_TOKEN_URL"));
    set("SEEKAUTH_", "API_URL", require_env("SANDBOX_GRAPHQL_URL"));
    set("SEEKAUTH_", "TIMEOUT", "300");
    set("PASS_", "SERVICE", "seek_pass");
    set("PASS_", "ENVIRONMENT", "staging");
    set("PASS_", "CLIENT_ID", "sandbox-pass");
    set("PASS_", "CLIENT_SECRET", "sandbox-pass-secret & more=100%");
    set("PASS_", "USER_AGENT", "c-tests/1.0");
    set("PASS_", "BASE_URL", require_env("SANDBOX_PASS_URL"));
    CHECK_ERROR(seekauth_client_from_env_with_prefix("PASS_", &none), SEEKAUTH_INVALID_ARGUMENT,
                "PASS_SCOPES");
    CHECK(none == NULL);
    set("PASS_", "SCOPES", "write.education");
    set("PASS_", "TIMEOUT", "300");

    CHECK_OK(seekauth_client_from_env(&api));
    CHECK_OK(seekauth_client_from_env_with_prefix("PASS_", &pass));
    is_of(api, NULL);
    is_of(pass, "write.education");
    CHECK(strcmp(seekauth_client_warnings(api), "") == 0);
    CHECK(strcmp(seekauth_client_warnings(pass), "") == 0);
    seekauth_client_free(api);
    seekauth_client_free(pass);
}

static void a_misspelt_variable_is_warned_of(void) {
    seekauth_client *api = NULL, *pass = NULL;
    set("SEEKAUTH_", "TIMEOUT_MS", "30000");
    set("PASS_", "SCOPE", "write.education");
    CHECK_OK(seekauth_client_from_env(&api));
    CHECK_OK(seekauth_client_from_env_with_prefix("PASS_", &pass));
    CHECK(strcmp(seekauth_client_warnings(api),
                 "SEEKAUTH_TIMEOUT_MS is no setting and was ignored; did you mean SEEKAUTH_TIMEOUT, in seconds?") ==
          0);
    CHECK(strcmp(seekauth_client_warnings(pass),
                 "PASS_SCOPE is no setting and was ignored; did you mean PASS_SCOPES?") == 0);
    seekauth_client_free(api);
    seekauth_client_free(pass);
}

int main(void) {
    each_prefix_is_a_client_of_its_own();
    a_misspelt_variable_is_warned_of();
    return checks_failed();
}
