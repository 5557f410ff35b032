/* Carries out the case runner's requests with the public C API and prints what it saw. It decides
 * nothing; tests/conformance/cases/README.md describes the protocol. */

#define _POSIX_C_SOURCE 200809L

#include <unistd.h>

#include "burst.h"
#include "provider.h"
#include "response.h"
#include "sending.h"

enum { OBJECTS = 64 };

static struct {
    char name[32];
    seekauth_client *client;
    CURL *http;
} clients[OBJECTS];

static struct {
    char name[32];
    outcome *result;
    seekauth_call *call;
} calls[OBJECTS];

/* --- clients --- */

static void free_client(size_t i) {
    seekauth_client_free(clients[i].client);
    curl_easy_cleanup(clients[i].http);
    clients[i].client = NULL;
    clients[i].http = NULL;
}

static seekauth_client **place_for(const char *name) {
    for (size_t i = 0; i < OBJECTS; i++) {
        if (clients[i].client == NULL || strcmp(clients[i].name, name) == 0) {
            snprintf(clients[i].name, sizeof clients[i].name, "%s", name);
            free_client(i);
            return &clients[i].client;
        }
    }
    fprintf(stderr, "agent: too many clients\n");
    exit(2);
}

static size_t find_client(const char *name) {
    size_t i = 0;
    while (i < OBJECTS && (clients[i].client == NULL || strcmp(clients[i].name, name) != 0))
        i++;
    return i;
}

static const char **text_field(seekauth_options *options, const char *name) {
    const struct {
        const char *name;
        const char **field;
    } fields[] = {
        {"service", &options->service},
        {"environment", &options->environment},
        {"client_id", &options->client_id},
        {"client_secret", &options->client_secret},
        {"user_agent", &options->user_agent},
        {"scopes", &options->scopes},
        {"audience", &options->audience},
        {"base_url", &options->base_url},
        {"token_url", &options->token_url},
        {"api_url", &options->api_url},
        {"token_endpoint_auth_method", &options->token_endpoint_auth_method},
        {"token_request_format", &options->token_request_format},
        {"extra_parameters", &options->extra_parameters},
        {"ca_file", &options->ca_file},
        {"accept_language", &options->accept_language},
        {"client_secret_next", &options->client_secret_next},
        {"client_id_file", &options->client_id_file},
        {"client_secret_file", &options->client_secret_file},
        {"client_secret_next_file", &options->client_secret_next_file},
        {"credentials_file", &options->credentials_file},
        {"credentials_command", &options->credentials_command},
        {"client_certificate_file", &options->client_certificate_file},
        {"client_key_file", &options->client_key_file},
        {"proxy", &options->proxy},
        {"store", &options->store},
        {"store_key_file", &options->store_key_file},
        {"store_password_file", &options->store_password_file},
        {"store_ca_file", &options->store_ca_file},
        {"store_prefix", &options->store_prefix},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].name, name) == 0)
            return fields[i].field;
    return NULL;
}

static uint64_t *number_field(seekauth_options *options, const char *name) {
    const struct {
        const char *name;
        uint64_t *field;
    } fields[] = {
        {"allow_non_expiring", &options->allow_non_expiring},
        {"timeout_ms", &options->timeout_ms},
        {"request_timeout_ms", &options->request_timeout_ms},
        {"connect_timeout_ms", &options->connect_timeout_ms},
        {"refresh_margin_ms", &options->refresh_margin_ms},
        {"stay_warm", &options->stay_warm},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].name, name) == 0)
            return fields[i].field;
    return NULL;
}

static int ask_provider(void *user_data, seekauth_credentials *credentials) {
    provider *from = user_data;
    bool found, hangs;
    pthread_mutex_lock(&from->lock);
    from->calls++;
    found = from->finds;
    hangs = from->hangs;
    if (found && !hangs) {
        const char *next = from->has_next ? from->client_secret_next : NULL;
        seekauth_error_free(
            seekauth_credentials_set(credentials, from->client_id, from->client_secret, next));
    }
    pthread_mutex_unlock(&from->lock);
    while (hangs)
        pause();
    return found ? 0 : 1;
}

static void new_client(void) {
    seekauth_options options = SEEKAUTH_OPTIONS_INIT;
    for (size_t i = 0; i < request.count; i++) {
        const char *name = request.names[i], *value = request.values[i];
        const char **as_text = text_field(&options, name);
        uint64_t *as_number = number_field(&options, name);
        char *end = NULL;
        if (strcmp(name, "handle") == 0 || strcmp(name, "provider_async") == 0)
            continue;
        if (strcmp(name, "provider") == 0) {
            options.credentials_callback = ask_provider;
            options.credentials_user_data = find_provider(value);
        } else if (as_text != NULL) {
            *as_text = value;
        } else if (as_number == NULL) {
            respond_misuse("agent: unknown setting");
            return;
        } else if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0) {
            *as_number = value[0] == 't';
        } else {
            *as_number = strtoull(value, &end, 10);
            if (end == value || *end != '\0') {
                respond_misuse("agent: not a number that C can pass");
                return;
            }
        }
    }
    seekauth_client *client = NULL;
    if (respond(seekauth_client_new(&options, &client)))
        *place_for(text("handle")) = client;
}

static void with_scopes(const seekauth_client *client) {
    seekauth_client *other = NULL;
    if (respond(seekauth_client_with_scopes(client, text("scopes"), &other)))
        *place_for(text("handle")) = other;
}

/* --- calls --- */

static void authorization(const seekauth_client *client) {
    size_t length = 0, capacity = 256;
    char *buffer = malloc(capacity);
    seekauth_error *error = seekauth_client_authorization(client, buffer, capacity, &length);
    while (error != NULL && length >= capacity) {
        seekauth_error_free(error);
        capacity = length + 1;
        length = 0;
        buffer = realloc(buffer, capacity);
        error = seekauth_client_authorization(client, buffer, capacity, &length);
    }
    if (respond(error))
        put("value", buffer);
    free(buffer);
}

static void authorization_async(const seekauth_client *client) {
    outcome result = OUTCOME_INIT;
    seekauth_error *error =
        seekauth_client_authorization_async(client, 0, on_authorization, &result, NULL);
    if (error == NULL) {
        await_outcome(&result);
        error = result.error;
        result.error = NULL;
    }
    if (respond(error))
        put("value", result.authorization);
    forget_outcome(&result);
}

static void get_token(const seekauth_client *client) {
    seekauth_token *token = NULL;
    seekauth_error *error = seekauth_client_get_token(client, number("timeout_ms"), &token);
    respond_token(error, token);
}

static void get_token_async(const seekauth_client *client) {
    outcome result = OUTCOME_INIT;
    seekauth_error *error =
        seekauth_client_get_token_async(client, number("timeout_ms"), on_token, &result, NULL);
    if (error == NULL) {
        await_outcome(&result);
        error = result.error;
    }
    respond_token(error, result.token);
}

static void cached_token(const seekauth_client *client) {
    seekauth_token *token = NULL;
    seekauth_error *error = seekauth_client_cached_token(client, &token);
    respond_token(error, token);
}

static void invalidate(const seekauth_client *client) {
    bool acted = false;
    if (respond(seekauth_client_invalidate(client, text("token"), &acted)))
        put("acted", acted ? "true" : "false");
}

static void begin(const seekauth_client *client) {
    for (size_t i = 0; i < OBJECTS; i++) {
        if (calls[i].result != NULL)
            continue;
        const outcome empty = OUTCOME_INIT;
        outcome *result = malloc(sizeof *result);
        *result = empty;
        if (respond(seekauth_client_get_token_async(client, number("timeout_ms"), on_token, result,
                                                    &calls[i].call))) {
            snprintf(calls[i].name, sizeof calls[i].name, "%s", text("id"));
            calls[i].result = result;
        } else {
            free(result);
        }
        return;
    }
    respond_misuse("agent: too many calls");
}

static size_t find_call(void) {
    size_t i = 0;
    while (i < OBJECTS && (calls[i].result == NULL || strcmp(calls[i].name, text("id")) != 0))
        i++;
    return i;
}

static void join(void) {
    size_t i = find_call();
    if (i == OBJECTS) {
        respond_misuse("agent: no such call");
        return;
    }
    await_outcome(calls[i].result);
    respond_token(calls[i].result->error, calls[i].result->token);
    seekauth_call_free(calls[i].call);
    free(calls[i].result);
    calls[i].result = NULL;
}

static void cancel(void) {
    size_t i = find_call();
    if (i == OBJECTS) {
        respond_misuse("agent: no such call");
        return;
    }
    seekauth_call_cancel(calls[i].call);
    printf("ok");
}

static void send_one(const seekauth_client *client) {
    /* One easy handle for each client, which keeps its connections. */
    CURL **http = &clients[find_client(text("client"))].http;
    plan what;
    sent result = {0};
    if (*http == NULL)
        *http = curl_easy_init();
    make_plan(&what, client);
    carry_through(&what, *http, &result);
    if (result.error != NULL)
        respond_error(result.error);
    else
        respond_sent(&result);
    forget_sent(&result);
    forget_plan(&what);
}

/* --- verbs --- */

static void from_env(void) {
    seekauth_client *client = NULL;
    if (respond(seekauth_client_from_env(&client)))
        *place_for(text("handle")) = client;
}

static void close_client(const seekauth_client *client) {
    seekauth_client_close(client);
    printf("ok");
}

/* All that a C client shows of itself. */
static void debug(const seekauth_client *client) {
    printf("ok");
    put("text", seekauth_client_api_url(client));
}

static void carry_out(void) {
    static const struct {
        const char *verb;
        void (*act)(void);
    } verbs[] = {
        {"clock_start", start_clock}, {"advance", advance_clock}, {"elapsed", elapsed},
        {"setenv", set_environment},  {"new", new_client},    {"from_env", from_env},
        {"join", join},               {"cancel", cancel},         {"adapters", adapters},
        {"provide", provide},         {"provided", provided},
    };
    static const struct {
        const char *verb;
        void (*act)(const seekauth_client *);
    } client_verbs[] = {
        {"with_scopes", with_scopes},
        {"authorization", authorization},
        {"authorization_async", authorization_async},
        {"get_token", get_token},
        {"get_token_async", get_token_async},
        {"cached_token", cached_token},
        {"invalidate", invalidate},
        {"burst", burst},
        {"send", send_one},
        {"burst_send", burst_send},
        {"graphql", graphql},
        {"begin", begin},
        {"close", close_client},
        {"debug", debug},
    };
    const size_t client = find_client(text("client"));
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].verb, request.verb) == 0) {
            verbs[i].act();
            return;
        }
    }
    if (client == OBJECTS) {
        respond_misuse("agent: unknown verb, or no such client");
        return;
    }
    for (size_t i = 0; i < sizeof client_verbs / sizeof client_verbs[0]; i++) {
        if (strcmp(client_verbs[i].verb, request.verb) == 0) {
            client_verbs[i].act(clients[client].client);
            return;
        }
    }
    if (strcmp(request.verb, "free") != 0) {
        respond_misuse("agent: unknown verb");
        return;
    }
    free_client(client);
    printf("ok");
}

int main(void) {
    char *line = NULL;
    size_t capacity = 0;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    while (getline(&line, &capacity, stdin) != -1) {
        parse(line);
        carry_out();
        putchar('\n');
        fflush(stdout);
    }
    for (size_t i = 0; i < OBJECTS; i++)
        free_client(i);
    for (size_t i = 0; i < OBJECTS; i++) {
        if (calls[i].result == NULL)
            continue;
        await_outcome(calls[i].result);
        forget_outcome(calls[i].result);
        seekauth_call_free(calls[i].call);
        free(calls[i].result);
    }
    free(line);
    curl_global_cleanup();
    return 0;
}
