/* The C program of the canary test: does what story.py tells it and shows whatever it can see. It wipes what
 * secrets it is told itself, and leaves the rest to the library. */

#define _GNU_SOURCE

#include <stdatomic.h>

#include "../../c/curl_auth_flow.h"
#include "../../c/wire.h"

enum { CLIENTS = 64, LINE = 1 << 16 };

static struct {
    char name[32];
    seekauth_client *client;
} clients[CLIENTS];

static char planted[128];

/* Those that were shown. */
static atomic_int events;

/* Also from the library's thread that tells of events. */
static void say(const char *kind, const char *text) {
    if (text == NULL)
        return;
    flockfile(stdout);
    printf("%s\t", kind);
    for (; *text != '\0'; text++)
        putchar(*text == '\n' ? ' ' : *text);
    putchar('\n');
    funlockfile(stdout);
}

static void show(const char *text) {
    say("shown", text);
}

static void complain(seekauth_error *error) {
    if (error == NULL)
        return;
    say("error", seekauth_error_name(error));
    say("error", seekauth_error_message(error));
    say("error", seekauth_error_server_code(error));
    say("error", seekauth_error_target(error));
    say("error", seekauth_error_request_id(error));
    say("error", seekauth_error_server_message(error));
    say("error", seekauth_error_server_path(error));
    seekauth_error_free(error);
}

static seekauth_client **place(const char *name) {
    for (size_t i = 0; i < CLIENTS; i++) {
        if (clients[i].name[0] == '\0' || strcmp(clients[i].name, name) == 0) {
            snprintf(clients[i].name, sizeof clients[i].name, "%s", name);
            return &clients[i].client;
        }
    }
    fprintf(stderr, "too many clients\n");
    exit(2);
}

typedef struct {
    char client_id[64], secret[128];
    bool fails;
} store;

static int ask(void *user_data, seekauth_credentials *credentials) {
    const store *from = user_data;
    if (from->fails)
        return 1;
    complain(seekauth_credentials_set(credentials, from->client_id, from->secret, NULL));
    return 0;
}

static void forget(void *user_data) {
    explicit_bzero(user_data, sizeof(store));
    free(user_data);
}

static void give_callback(seekauth_options *options) {
    const char *secret = argument("callback"), *fails = argument("callback_fails");
    if (secret == NULL && fails == NULL)
        return;
    store *from = calloc(1, sizeof *from);
    if (from == NULL)
        exit(2);
    snprintf(from->client_id, sizeof from->client_id, "%s", text("callback_id"));
    snprintf(from->secret, sizeof from->secret, "%s", secret == NULL ? fails : secret);
    from->fails = fails != NULL;
    options->credentials_callback = ask;
    options->credentials_user_data = from;
    options->credentials_free = forget;
}

static void show_event(void *events, const seekauth_event *event) {
    show(seekauth_event_name(event));
    show(seekauth_event_message(event));
    for (size_t i = 0; i < seekauth_event_field_count(event); i++) {
        show(seekauth_event_field_name(event, i));
        show(seekauth_event_field_value(event, i));
    }
    atomic_fetch_add((atomic_int *)events, 1);
}

static void new_client(void) {
    seekauth_options options = SEEKAUTH_OPTIONS_INIT;
    const struct {
        const char *name, **field;
    } fields[] = {
        {"service", &options.service},
        {"environment", &options.environment},
        {"client_id", &options.client_id},
        {"client_secret", &options.client_secret},
        {"user_agent", &options.user_agent},
        {"scopes", &options.scopes},
        {"audience", &options.audience},
        {"token_url", &options.token_url},
        {"api_url", &options.api_url},
        {"token_endpoint_auth_method", &options.token_endpoint_auth_method},
        {"extra_parameters", &options.extra_parameters},
        {"ca_file", &options.ca_file},
        {"accept_language", &options.accept_language},
        {"client_secret_next", &options.client_secret_next},
        {"client_secret_file", &options.client_secret_file},
        {"credentials_file", &options.credentials_file},
        {"credentials_command", &options.credentials_command},
        {"proxy", &options.proxy},
        {"store", &options.store},
        {"store_key_file", &options.store_key_file},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        *fields[i].field = argument(fields[i].name);
    options.timeout_ms = number("timeout_ms");
    options.store_timeout_ms = number("store_timeout_ms");
    give_callback(&options);
    seekauth_client **client = place(text("handle"));
    complain(seekauth_client_new(&options, client));
    if (*client != NULL)
        complain(seekauth_client_set_event_callback(*client, "debug", show_event, &events, NULL));
}

static void get(const seekauth_client *client) {
    seekauth_token *token = NULL;
    complain(seekauth_client_get_token(client, 0, &token));
    if (token == NULL)
        return;
    for (size_t i = 0; seekauth_token_scope(token, i) != NULL; i++)
        show(seekauth_token_scope(token, i));
    seekauth_token_free(token);
}

static void show_response(seekauth_error *error, seekauth_response *response) {
    complain(error);
    if (response == NULL)
        return;
    for (size_t i = 0; i < seekauth_response_header_count(response); i++)
        show(seekauth_response_header_value(response, i));
    show(seekauth_response_body(response));
    seekauth_response_free(response);
}

static const char *const OPERATION = "{\"query\": \"{ self { partner { name } } }\"}";

static void graphql(const seekauth_client *client) {
    seekauth_graphql operation = SEEKAUTH_GRAPHQL_INIT;
    seekauth_response *response = NULL;
    operation.query = "{ self { partner { name } } }";
    seekauth_error *error = seekauth_client_graphql(client, &operation, &response);
    show_response(error, response);
}

static size_t show_chunk(char *data, size_t size, size_t count, void *unused) {
    char chunk[512];
    (void)unused;
    snprintf(chunk, sizeof chunk, "%.*s", (int)(size * count), data);
    show(chunk);
    return size * count;
}

static void send_by_curl(const seekauth_client *client, long version) {
    const seekauth_header header = {"Content-Type", "application/json"};
    CURL *http = curl_easy_init();
    auth_flow_request request = {client, http, text("url"), &header, 1, true, show_chunk, NULL};
    CURLcode code = CURLE_OK;
    curl_easy_setopt(http, CURLOPT_POSTFIELDS, OPERATION);
    curl_easy_setopt(http, CURLOPT_CAINFO, text("ca_file"));
    curl_easy_setopt(http, CURLOPT_HTTP_VERSION, version);
    complain(auth_flow_send(&request, &code));
    curl_easy_cleanup(http);
}

static void send_all(const seekauth_client *client) {
    const seekauth_header header = {"Content-Type", "application/json"};
    seekauth_http_request http = SEEKAUTH_HTTP_REQUEST_INIT;
    seekauth_response *response = NULL;
    http.method = "POST";
    http.url = text("url");
    http.headers = &header;
    http.header_count = 1;
    http.body = OPERATION;
    http.body_length = strlen(OPERATION);
    seekauth_error *error = seekauth_client_send(client, &http, &response);
    show_response(error, response);
    send_by_curl(client, CURL_HTTP_VERSION_1_1);
    send_by_curl(client, CURL_HTTP_VERSION_2TLS);
}

static void show_stats(const seekauth_client *client) {
    seekauth_stats *stats = NULL;
    complain(seekauth_client_stats(client, &stats));
    for (size_t i = 0; i < seekauth_stats_token_count(stats); i++) {
        show(seekauth_stats_token_scopes(stats, i));
        show(seekauth_stats_token_state(stats, i));
    }
    seekauth_stats_free(stats);
}

static void show_all(const seekauth_client *client) {
    show_stats(client);
    seekauth_auth_flow *flow = NULL;
    seekauth_store_status *status = NULL;
    complain(seekauth_client_store_status(client, &status));
    show(seekauth_store_status_kind(status));
    show(seekauth_store_status_last_problem(status));
    seekauth_store_status_free(status);
    show(seekauth_client_api_url(client));
    show(seekauth_client_warnings(client));
    complain(seekauth_client_auth_flow(client, seekauth_client_api_url(client), true, &flow));
    for (size_t i = 0; i < seekauth_auth_flow_header_count(flow); i++)
        show(seekauth_auth_flow_header_name(flow, i));
    seekauth_auth_flow_free(flow);
}

static void plant(void) {
    FILE *file = fopen("planted.bin", "w");
    if (file == NULL)
        exit(2);
    for (const char *byte = text("file"); *byte != '\0'; byte++)
        fprintf(file, "%02x", (unsigned char)*byte);
    fclose(file);
    puts(text("stdout"));
    fprintf(stderr, "%s\n", text("stderr"));
    say("error", text("error"));
    show(text("shown"));
    snprintf(planted, sizeof planted, "%s", text("memory"));
}

static void end(void) {
    for (size_t i = 0; i < CLIENTS; i++) {
        if (clients[i].client != NULL) {
            seekauth_client_close(clients[i].client);
            complain(seekauth_client_drain(clients[i].client, 0));
        }
        seekauth_client_free(clients[i].client);
        clients[i].client = NULL;
    }
    if (atomic_load(&events) < CLIENTS / 2) {
        fprintf(stderr, "hardly any event was told\n");
        exit(2);
    }
    curl_global_cleanup();
}

static void carry_out(void) {
    seekauth_client **client = argument("handle") == NULL ? NULL : place(text("handle"));
    if (strcmp(request.verb, "end") == 0) {
        end();
    } else if (strcmp(request.verb, "plant") == 0) {
        plant();
    } else if (client == NULL) {
        fprintf(stderr, "which client?\n");
        exit(2);
    } else if (strcmp(request.verb, "new") == 0) {
        new_client();
    } else if (*client == NULL) {
        show("there is no client");
    } else if (strcmp(request.verb, "get") == 0) {
        get(*client);
    } else if (strcmp(request.verb, "graphql") == 0) {
        graphql(*client);
    } else if (strcmp(request.verb, "send") == 0) {
        send_all(*client);
    } else if (strcmp(request.verb, "show") == 0) {
        show_all(*client);
    } else if (strcmp(request.verb, "close") == 0) {
        seekauth_client_close(*client);
        seekauth_client_free(*client);
        *client = NULL;
    }
}

int main(void) {
    static char line[LINE];
    /* A buffer of the C library's would keep what was read. */
    setvbuf(stdin, NULL, _IONBF, 0);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    while (fgets(line, sizeof line, stdin) != NULL) {
        parse(line);
        carry_out();
        explicit_bzero(line, sizeof line);
        puts("done");
        fflush(stdout);
    }
    return planted[0] == '\0';
}
