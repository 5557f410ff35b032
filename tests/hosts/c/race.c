/* A race of the program's own: the callback and main() write the same variable. ThreadSanitizer has to find it. */

#include "check.h"
#include "outcome.h"

static int shared = 0;

static void on_race(void *user_data, seekauth_error *error, seekauth_token *token) {
    shared++;
    keep(user_data, error, token, NULL);
}

int main(void) {
    seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options);
    outcome result = OUTCOME_INIT;
    CHECK_OK(seekauth_client_get_token_async(client, 0, on_race, &result, NULL));
    shared++;
    await_outcome(&result);
    forget_outcome(&result);
    seekauth_client_free(client);
    return checks_failed();
}
